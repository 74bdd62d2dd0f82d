package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.tern.sample.DayModel;

/** The sample app: a day offline, a sync, a conflict and the value that lost brought back. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class SampleTest {
    @TempDir
    Path folder;
    private Server server;
    private String token;

    @BeforeEach
    void open() throws Exception {
        server = new Server(folder);
        token = server.token(Fixture.PATIENT);
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    /** Where it is noon by now, so that no midnight parts the acts of a test. */
    private static String noonZone() {
        int ahead = 12 - LocalTime.now(ZoneOffset.UTC).getHour();
        return ahead == 0 ? "Etc/GMT" : String.format("Etc/GMT%+d", -ahead); // its signs are the other way about
    }

    /** A medicine that is due about now, where the patient lives. */
    private static void prescribe(Replica replica) {
        String zone = noonZone();
        Fixture.insertUser(replica, Fixture.PATIENT);
        LocalTime due = LocalTime.now(ZoneId.of(zone)).minusMinutes(2);
        try (Care care = replica.care()) {
            care.setTimeZone(zone);
            Prescription sheet = new Prescription(Fixture.PATIENT, "សុខ ដារ៉ា");
            Medicine medicine = new Medicine("Amlodipine");
            medicine.timing = due.toString().substring(0, 5);
            medicine.frequency = "once a day";
            sheet.medicines.add(medicine);
            care.activatePrescription(care.createPrescription(sheet, null));
            care.generateSchedule(null);
        }
    }

    private DayModel model(Replica replica) throws Exception {
        return new DayModel(replica, server.transport(), refused -> refused ? null : token);
    }

    @Test
    void aDayIsTakenOfflineSyncedAndItsConflictReinstated() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        BlockingQueue<DoseStatus> shown = new LinkedBlockingQueue<>();
        try (Replica phone = Fixture.options(folder, "phone").open();
             Replica tablet = Fixture.options(folder, "tablet").open();
             DayModel onPhone = model(phone);
             DayModel onTablet = model(tablet)) {
            prescribe(phone);
            onPhone.sync();
            onTablet.sync();
            Dose dose = onTablet.today().get(0);
            onTablet.watch(executor, doses -> shown.add(doses.get(0).status));
            assertEquals(DoseStatus.DUE, shown.poll(30, TimeUnit.SECONDS));

            server.stop();
            assertEquals(DoseStatus.TAKEN_ON_TIME, onPhone.take(dose.id));
            onTablet.skip(dose.id, "ចង្អោរ");
            assertEquals(DoseStatus.SKIPPED, shown.poll(30, TimeUnit.SECONDS));
            assertEquals(1, onPhone.waiting());
            server.start();

            onPhone.sync();
            onTablet.sync();
            onPhone.sync();
            assertEquals(0, onPhone.waiting() + onTablet.waiting());
            // The two acts are a few milliseconds apart, less than what the devices know of the server's clock.
            DoseStatus kept = onPhone.today().get(0).status;
            DoseStatus lost = kept == DoseStatus.SKIPPED ? DoseStatus.TAKEN_ON_TIME : DoseStatus.SKIPPED;
            assertEquals(kept, onTablet.today().get(0).status);
            List<DayModel.Conflict> conflicts = onTablet.conflicts();
            assertEquals(1, conflicts.size());
            assertTrue(conflicts.get(0).lost.contains(lost.name()), conflicts.get(0).lost);
            assertTrue(conflicts.get(0).kept.contains(kept.name()), conflicts.get(0).kept);
            onTablet.reinstate(conflicts.get(0).audit);
            assertEquals(lost, onTablet.today().get(0).status);
            onTablet.sync();
            onPhone.sync();
            assertEquals(lost, onPhone.today().get(0).status);
            DoseStatus last = null;
            while (last != lost || !shown.isEmpty()) {
                last = shown.poll(30, TimeUnit.SECONDS);
            }
        } finally {
            executor.shutdownNow();
        }
    }

    private String talk(String... lines) throws IOException, InterruptedException {
        Files.write(folder.resolve("token"), token.getBytes(StandardCharsets.US_ASCII));
        return Child.run(String.join("\n", lines) + "\n", "org.tern.sample.Main", folder.resolve("phone.db"),
            Fixture.ROOT.resolve("schemas/dastern.json"), Fixture.PATIENT, server.url(), folder.resolve("ca.pem"),
            folder.resolve("token"));
    }

    @Test
    void theProgramShowsTakesAndSyncs() throws Exception {
        try (Replica phone = Fixture.options(folder, "phone").open()) {
            prescribe(phone);
        }
        String said = talk("today", "take 1", "take 1", "take 9", "sync", "today", "conflicts", "dance", "quit");
        assertTrue(said.contains("Amlodipine DUE"), said);
        assertTrue(said.contains("TAKEN_ON_TIME\n"), said);
        assertTrue(said.contains("there is no such number"), said);
        assertTrue(said.contains("sent "), said);
        assertTrue(said.contains("Amlodipine TAKEN_ON_TIME\n0 to be sent"), said);
        assertTrue(said.contains("no such command"), said);
    }
}
