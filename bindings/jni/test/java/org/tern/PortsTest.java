package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The app's clock, randomness, log and zones: what they give counts, and what they throw breaks nothing. */
class PortsTest {
    private static final Instant THEN = Instant.parse("2026-05-04T03:02:01.000001Z");

    @TempDir
    Path folder;

    private static Ports.Clock clock(Instant wall) {
        return new Ports.Clock() {
            @Override
            public long wallMicros() {
                return Micros.of(wall);
            }

            @Override
            public long monotonicMicros() {
                return 1;
            }

            @Override
            public UUID bootId() {
                return Fixture.NEIGHBOUR;
            }
        };
    }

    @Test
    void theAppsClockAndRandomnessAreUsed() {
        AtomicInteger asked = new AtomicInteger();
        Ports ports = new Ports().clock(clock(THEN)).random(bytes -> {
            asked.incrementAndGet();
            Arrays.fill(bytes, (byte) 7);
        });
        try (Replica replica = Fixture.options(folder).ports(ports).open()) {
            Fixture.insertUser(replica, Fixture.PATIENT);
            Fixture.same(THEN, replica.query("SELECT created_at FROM users").first(row -> row.getInstant(0)));
            assertEquals(7, replica.device().getLeastSignificantBits() & 0xFF);
            assertTrue(asked.get() > 0);
        }
    }

    @Test
    void randomnessThatThrowsFailsTheCallWithItsCause() {
        RuntimeException own = new IllegalStateException("no entropy");
        TernException error = Fixture.fails(ErrorCode.INTERNAL, () -> Fixture.options(folder).ports(
            new Ports().random(bytes -> {
                throw own;
            })).open());
        assertSame(own, error.getCause());
    }

    @Test
    void aClockThatThrowsIsReplacedByTheSystems() {
        boolean[] broken = {false};
        Ports.Clock flaky = new Ports.Clock() {
            @Override
            public long wallMicros() {
                if (broken[0]) {
                    throw new StackOverflowError();
                }
                return Micros.of(THEN);
            }

            @Override
            public long monotonicMicros() {
                throw new IllegalStateException();
            }

            @Override
            public UUID bootId() {
                throw new IllegalStateException();
            }
        };
        try (Replica replica = Fixture.options(folder).ports(new Ports().clock(flaky)).open()) {
            broken[0] = true;
            Fixture.insertUser(replica, Fixture.PATIENT);
            assertTrue(replica.query("SELECT created_at FROM users").first(row -> row.getInstant(0)).isAfter(THEN));
        }
    }

    @Test
    void aReadingOfAnotherBaseThanTheAppsIsOfNoBoot() {
        boolean[] broken = {false};
        Ports.Clock flaky = new Ports.Clock() {
            @Override
            public long wallMicros() {
                return Micros.of(THEN);
            }

            @Override
            public long monotonicMicros() {
                if (broken[0]) {
                    throw new IllegalStateException();
                }
                return 1;
            }

            @Override
            public UUID bootId() {
                return Fixture.NEIGHBOUR;
            }
        };
        try (Replica replica = Fixture.options(folder).ports(new Ports().clock(flaky)).open()) {
            Fixture.insertUser(replica, Fixture.PATIENT);
            broken[0] = true;
            replica.write(tx -> tx.insert("users", new Cells().with("role", "DOCTOR")));
            assertEquals(Arrays.asList(Fixture.NEIGHBOUR, new UUID(0, 0)),
                replica.query("SELECT boot FROM tern_outbox ORDER BY ordinal").list(row -> row.getUuid(0)));
        }
    }

    @Test
    void aPortThatCallsTheLibraryIsRefusedAndNothingHangs() {
        AtomicReference<Replica> replica = new AtomicReference<>();
        AtomicReference<TernException> refused = new AtomicReference<>();
        LocalDate day = LocalDate.of(2026, 1, 1);
        Regimen regimen = new Regimen("Asia/Phnom_Penh", day);
        regimen.slots = Regimen.MORNING;
        Ports ports = new Ports().random(bytes -> {
            if (replica.get() != null) {
                regimen.plan(day, 1); // needs no replica, and asks for zones within this port
                try {
                    replica.get().status();
                } catch (TernException e) {
                    refused.set(e);
                }
                Fixture.fails(ErrorCode.MISUSE, () -> replica.get().close());
            }
            Arrays.fill(bytes, (byte) 9);
        });
        replica.set(Fixture.options(folder).ports(ports).open());
        for (int i = 0; i < 200 && refused.get() == null; i++) {
            replica.get().write(tx -> tx.insert("users", new Cells().with("role", "DOCTOR")));
        }
        assertNotNull(refused.get());
        assertEquals(ErrorCode.MISUSE, refused.get().code());
        replica.get().close();
    }

    @Test
    void aThreadThatJavaHasNotMadeIsAttachedByNameAndDetached() {
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        Ports ports = new Ports().log((level, message) ->
            lines.add(Thread.currentThread().getName() + " " + level + " " + message));
        long handle = new Upcalls(ports, null).open();
        for (int i = 0; i < 3; i++) {
            Native.portsLogFromAThread(handle);
        }
        Native.portsFree(handle);
        assertEquals(Collections.nCopies(3, "tern " + Ports.Log.INFO + " from a thread that Java has not made"), lines);
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            assertTrue(!thread.getName().equals("tern"), "a thread is still attached");
        }
    }

    @Test
    void aLogThatThrowsLosesItsLineAndNothingElse() {
        Ports ports = new Ports().log((level, message) -> {
            throw new IllegalStateException();
        });
        long handle = new Upcalls(ports, null).open();
        Native.portsLogFromAThread(handle);
        Native.portsFree(handle);
        try (Replica replica = Fixture.options(folder).ports(ports).open()) {
            Fixture.insertUser(replica, Fixture.PATIENT);
            assertEquals(1, replica.status().pending);
        }
    }

    @Test
    void javasZonesAreTheIanaOnes() {
        JavaZones zones = JavaZones.INSTANCE;
        assertEquals(7 * 3600, zones.offsetSeconds("Asia/Phnom_Penh", Micros.of(THEN)));
        assertEquals(7200, zones.offsetSeconds("Europe/Berlin", Micros.of(THEN)));
        assertEquals(3600, zones.offsetSeconds("Europe/Berlin", Micros.of(Instant.parse("2026-01-04T00:00:00Z"))));
        for (String name : new String[] {"", "Nowhere/At_All", "GMT+7", "UTC+07:00", "+07:00", "asia/phnom_penh"}) {
            assertNull(zones.offsetSeconds(name, 0), name);
        }
    }
}
