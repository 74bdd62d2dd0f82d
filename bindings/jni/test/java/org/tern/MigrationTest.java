package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Apps and servers of two versions of the schema document, as docs/android.md tells of them. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class MigrationTest {
    private static final byte[] FIRST = Fixture.schema();
    /** With one column more, in a unit of its own. */
    private static final byte[] SECOND = changed(FIRST, "\"version\": 1,", "\"version\": 2,",
        "\"format\": \"time-zone\"\n        }", "\"format\": \"time-zone\"\n        },\n"
            + "{\"name\": \"nickname\", \"type\": \"text\", \"length\": 50, \"nullable\": true, \"since\": 2}",
        "\"server_owned\": true}", "\"server_owned\": true}, {\"name\": \"nickname\", \"columns\": [\"nickname\"]}");
    /** The same of a server that no longer serves the first. */
    private static final byte[] SECOND_ALONE = changed(SECOND, "\"minimum_version\": 1,", "\"minimum_version\": 2,");
    /** Takes a column away. */
    private static final byte[] SMALLER = changed(FIRST, "\"version\": 1,", "\"version\": 2,",
        "{\"name\": \"settings\", \"columns\": [\"language\", \"theme\",", "{\"name\": \"settings\", \"columns\": [\"language\",",
        "{\"name\": \"theme\", \"type\": \"enum\", \"enum\": \"Theme\", \"default\": \"LIGHT\"},", "");

    @TempDir
    Path folder;
    private Server server;
    private String token;

    private static byte[] changed(byte[] document, String... pairs) {
        String text = new String(document, StandardCharsets.UTF_8);
        for (int i = 0; i < pairs.length; i += 2) {
            assertTrue(text.contains(pairs[i]), pairs[i]);
            text = text.replace(pairs[i], pairs[i + 1]);
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @BeforeEach
    void open() throws Exception {
        server = new Server(folder);
        token = server.token(Fixture.PATIENT);
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    private Replica app(String name, byte[] document) {
        return Fixture.options(folder, name).schema(document).open();
    }

    /** As it lies there, by the document that it holds itself. */
    private Replica asItIs(String name) {
        return new Replica.Options(folder.resolve(name + ".db").toString()).open();
    }

    private void serve(byte[] document) throws Exception {
        server.stop();
        server.schema = Files.write(folder.resolve("served.json"), document);
        server.start();
    }

    private SyncProgress sync(Replica replica) throws Exception {
        return replica.newSync(server.transport(), refused -> refused ? null : token, Fixture.once()).run();
    }

    private static void set(Replica replica, String column, String value) {
        replica.write(tx -> tx.update("users", Fixture.PATIENT, new Cells().with(column, value)));
    }

    private static String get(Replica replica, String column) {
        return replica.query("SELECT " + column + " FROM users WHERE id = ?", Fixture.PATIENT)
            .first(row -> row.getString(0));
    }

    private static List<Long> waiting(Replica replica) {
        List<Long> ordinals = new ArrayList<>();
        replica.outbox(OutboxEntry.State.PENDING).forEach(entry -> ordinals.add(entry.ordinal));
        return ordinals;
    }

    /** What an app of the first version has left behind: three transactions that no server has seen. */
    private void leaveThree(String name) {
        try (Replica old = app(name, FIRST)) {
            Fixture.insertUser(old, Fixture.PATIENT);
            set(old, "full_name", "Dara");
            set(old, "theme", "DARK");
        }
    }

    @Test
    void aNewAppUpgradesTheFileAndItsRowsHaveTheNewColumns() {
        leaveThree("phone");
        try (Replica phone = app("phone", SECOND)) {
            assertEquals(2, phone.status().schemaVersion);
            assertEquals("Dara", get(phone, "full_name"));
            assertNull(get(phone, "nickname"));
            set(phone, "nickname", "ដារ៉ា");
            assertEquals("ដារ៉ា", get(phone, "nickname"));
        }
        try (Replica phone = app("phone", SECOND)) {
            assertEquals("ដារ៉ា", get(phone, "nickname"));
        }
    }

    @Test
    void aFullOutboxIsKeptAtTheUpgradeAndSent() throws Exception {
        leaveThree("phone");
        serve(SECOND);
        try (Replica phone = app("phone", SECOND); Replica tablet = app("tablet", SECOND)) {
            assertEquals(Arrays.asList(1L, 2L, 3L), waiting(phone));
            assertTrue(phone.changesOf(2).get(0).values.contains("Dara"));
            set(phone, "nickname", "ដារ៉ា");
            SyncProgress progress = sync(phone);
            assertEquals(4, progress.sentTxs);
            assertEquals(0, progress.pendingTxs);
            assertTrue(phone.outbox(OutboxEntry.State.QUARANTINED).isEmpty());
            sync(tablet);
            assertEquals("Dara DARK ដារ៉ា",
                get(tablet, "full_name") + " " + get(tablet, "theme") + " " + get(tablet, "nickname"));
        }
    }

    @Test
    void anOldAppIsRefusedTheFileOfANewerOneWhichStaysAsItIs() throws Exception {
        leaveThree("phone");
        try (Replica phone = app("phone", SECOND)) {
            set(phone, "nickname", "ដារ៉ា");
        }
        TernException error = Fixture.fails(ErrorCode.SCHEMA_OLDER, () -> app("phone", FIRST));
        assertTrue(!error.isRetryable() && !error.getMessage().isEmpty());
        // By its own document it opens, and what waits can be sent.
        serve(SECOND);
        try (Replica phone = asItIs("phone")) {
            assertEquals(2, phone.status().schemaVersion);
            assertEquals("ដារ៉ា", get(phone, "nickname"));
            assertEquals(4, sync(phone).sentTxs);
        }
    }

    @Test
    void aDocumentThatTakesSomethingAwayIsIncompatibleAndTheFileStaysAsItIs() throws Exception {
        leaveThree("phone");
        TernException error = Fixture.fails(ErrorCode.SCHEMA_INCOMPATIBLE, () -> app("phone", SMALLER));
        assertTrue(error.getMessage().contains("users"), error.getMessage());
        try (Replica phone = app("phone", FIRST)) {
            assertEquals(1, phone.status().schemaVersion);
            assertEquals("DARK", get(phone, "theme"));
            assertEquals(3, sync(phone).sentTxs);
        }
    }

    @Test
    void aNewAppWaitsForItsServerAndLosesNothing() throws Exception {
        leaveThree("phone");
        try (Replica phone = app("phone", SECOND)) {
            set(phone, "nickname", "ដារ៉ា");
            Fixture.fails(ErrorCode.PROTOCOL, () -> sync(phone));
            assertEquals(Arrays.asList(1L, 2L, 3L, 4L), waiting(phone));
            serve(SECOND);
            assertEquals(4, sync(phone).sentTxs);
            assertTrue(phone.outbox(OutboxEntry.State.QUARANTINED).isEmpty());
        }
    }

    @Test
    void anOldAppSyncsWithANewerServerUntilItsVersionIsServedNoLonger() throws Exception {
        serve(SECOND);
        leaveThree("phone");
        try (Replica phone = app("phone", FIRST); Replica tablet = app("tablet", SECOND)) {
            assertEquals(3, sync(phone).sentTxs);
            sync(tablet);
            set(tablet, "nickname", "ដារ៉ា");
            sync(tablet);
            sync(phone);
            set(phone, "full_name", "Dara of the old app");
            serve(SECOND_ALONE);
            // What it has written is taken all the same; it gets nothing more.
            Fixture.fails(ErrorCode.UPGRADE_REQUIRED, () -> sync(phone));
            assertEquals(0, phone.status().pending);
            sync(tablet);
            assertEquals("Dara of the old app", get(tablet, "full_name"));
        }
        try (Replica phone = app("phone", SECOND)) {
            sync(phone);
            assertEquals("ដារ៉ា", get(phone, "nickname")); // although the row itself has come before
        }
    }
}
