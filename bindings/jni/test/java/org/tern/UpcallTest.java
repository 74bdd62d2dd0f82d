package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the library calls of the app's: with no lock held, so that it may read and write itself and wait for threads that do.
 * Clocks, randomness and zones are asked under the library's lock; what they call of the library is refused.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class UpcallTest {
    @TempDir
    Path folder;
    private final ExecutorService others = Executors.newCachedThreadPool();
    private final AtomicReference<Replica> phone = new AtomicReference<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final AtomicInteger called = new AtomicInteger();

    @AfterEach
    void close() {
        others.shutdownNow();
        if (phone.get() != null) {
            phone.get().close();
        }
    }

    private Replica open(Ports ports) {
        phone.set(Fixture.options(folder).ports(ports).open());
        Fixture.insertUser(phone.get(), Fixture.PATIENT);
        return phone.get();
    }

    /** Uses the replica as one may where no lock is held: here, and on another thread that is waited for. */
    private void useAll() {
        called.incrementAndGet();
        try {
            use();
            others.submit(this::use).get(20, TimeUnit.SECONDS);
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        }
    }

    private void use() {
        Replica replica = phone.get();
        replica.write(tx -> tx.update("users", Fixture.PATIENT, new Cells().with("full_name", "used")));
        assertEquals("used", replica.query("SELECT full_name FROM users").first(row -> row.getString(0)));
        replica.read(snapshot -> snapshot.query("SELECT 1").first(row -> row.getInt(0)));
        assertTrue(replica.status().pending >= 1);
        try (Care care = replica.care()) {
            care.doses(null, LocalDate.of(2026, 5, 4));
        }
    }

    private void allWasWell() {
        if (failure.get() != null) {
            throw new AssertionError(failure.get());
        }
        assertTrue(called.get() > 0, "never called");
    }

    private static HttpTransport.Answer noAnswer() {
        return new HttpTransport.Answer(200, "<html>".getBytes(), null, "text/html", null);
    }

    /** Ends with a bad answer, of which the library writes a line to the log. */
    private void syncBadly(HttpTransport transport, SyncOptions options) {
        Fixture.fails(ErrorCode.PROTOCOL, () -> phone.get().newSync(transport, refused -> "token", options).run());
    }

    @Test
    void theLogMayCallTheReplicaAndEndsWithItsOwnCalls() throws Exception {
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        Thread own = Thread.currentThread();
        AtomicInteger done = new AtomicInteger();
        AtomicReference<Replica> tablet = new AtomicReference<>();
        Ports ports = new Ports().log((level, line) -> {
            lines.add(line);
            assertEquals(own, Thread.currentThread());
            useAll();
            Fixture.fails(ErrorCode.MISUSE, () -> phone.get().close()); // a sync of this thread is under way
            Fixture.fails(ErrorCode.PROTOCOL, () -> tablet.get().newSync(request -> noAnswer(), refused -> "token", Fixture.once()).run());
            done.incrementAndGet();
        });
        open(ports);
        tablet.set(Fixture.options(folder, "tablet").ports(ports).open());
        try {
            syncBadly(request -> noAnswer(), Fixture.once());
        } finally {
            tablet.get().close();
        }
        allWasWell();
        assertEquals(1, done.get());
        assertEquals(1, lines.size());
        assertTrue(lines.get(0).startsWith("sync: the answer is no good"), lines.get(0));
    }

    @Test
    void aLineIsToldBehindTheTransactionItCameIn() {
        List<String> lines = new ArrayList<>();
        Ports ports = new Ports().log((level, line) -> {
            lines.add(line);
            useAll();
        });
        Replica replica = open(ports);
        try (Replica tablet = Fixture.options(folder, "tablet").ports(ports).open()) {
            replica.write(tx -> { // of one replica, in which another one syncs
                Fixture.fails(ErrorCode.PROTOCOL,
                    () -> tablet.newSync(request -> noAnswer(), refused -> "token", Fixture.once()).run());
                assertEquals(0, lines.size());
            });
            assertEquals(1, lines.size());
        }
        allWasWell();
    }

    @Test
    void progressTransportAndTokensMayCallTheReplica() throws Exception {
        open(new Ports());
        HttpTransport transport = new HttpTransport() {
            @Override
            public Answer exchange(Request request) throws IOException {
                useAll();
                return noAnswer();
            }
        };
        Fixture.fails(ErrorCode.PROTOCOL, () -> phone.get().newSync(transport, refused -> {
            useAll();
            return "token";
        }, Fixture.once().listener(progress -> useAll())).run());
        allWasWell();
        assertTrue(called.get() >= 3, "called " + called);
    }

    @Test
    void aTransportThatIsCancelledMayCallTheReplica() throws Exception {
        open(new Ports());
        AtomicReference<SyncCall> call = new AtomicReference<>();
        HttpTransport transport = new HttpTransport() {
            @Override
            public Answer exchange(Request request) throws IOException {
                others.submit(() -> call.get().cancel());
                while (called.get() == 0 || failure.get() == null && !request.isCancelled()) {
                    Thread.onSpinWait();
                }
                throw new IOException("cut");
            }

            @Override
            public void cancel(Request request) {
                useAll();
            }
        };
        call.set(phone.get().newSync(transport, refused -> "token", Fixture.once()));
        Fixture.fails(ErrorCode.CANCELLED, () -> call.get().run());
        allWasWell();
    }

    @Test
    void aLiveQueryAndItsListenerMayCallTheReplica() throws Exception {
        open(new Ports());
        AtomicReference<Object> told = new AtomicReference<>();
        LiveQuery<Integer> query = phone.get().watch(Collections.singleton("users"), Runnable::run, snapshot -> {
            if (told.get() == null) {
                useAll();
            }
            return snapshot.query("SELECT count(*) FROM users").first(row -> row.getInt(0));
        }, result -> {
            if (told.getAndSet(result) == null) {
                useAll();
            }
        });
        query.close();
        allWasWell();
        assertEquals(1, told.get());
    }

    @Test
    void clocksRandomnessAndZonesMayNotCallTheReplica() {
        Set<String> refused = ConcurrentHashMap.newKeySet();
        Ports ports = new Ports().clock(new Ports.Clock() {
            @Override
            public long wallMicros() {
                misuse(refused, "wall");
                return System.currentTimeMillis() * 1000;
            }

            @Override
            public long monotonicMicros() {
                misuse(refused, "monotonic");
                return System.nanoTime() / 1000;
            }

            @Override
            public UUID bootId() {
                misuse(refused, "boot");
                return Fixture.NEIGHBOUR;
            }
        }).random(bytes -> {
            misuse(refused, "random");
            Arrays.fill(bytes, (byte) 5);
        });
        Replica replica = open(ports);
        for (int i = 0; i < 200 && !refused.contains("random"); i++) {
            replica.write(tx -> tx.insert("users", new Cells().with("role", "DOCTOR")));
        }
        syncBadly(request -> noAnswer(), Fixture.once());
        try (Care care = replica.care((zone, micros) -> {
            misuse(refused, "zone");
            return 7 * 3600;
        })) {
            care.setTimeZone("Asia/Tokyo");
        }
        assertNull(failure.get(), String.valueOf(failure.get()));
        assertTrue(refused.containsAll(Arrays.asList("wall", "monotonic", "random", "zone")), refused.toString());
        assertFalse(refused.isEmpty());
        assertNotNull(replica.status());
    }

    @Test
    void whatWasForgottenIsTakenBackOnceNoPortIsRunning() {
        try (Replica forgotten = Fixture.options(folder, "forgotten").open()) {
            AtomicInteger asked = new AtomicInteger();
            Ports ports = new Ports().random(bytes -> {
                if (phone.get() != null && asked.getAndIncrement() == 0) {
                    Reaper.watch(new Object(), forgotten.core()::close).enqueue();
                    Fixture.fails(ErrorCode.MISUSE, () -> phone.get().query("SELECT 1"));
                }
                Arrays.fill(bytes, (byte) 5);
            });
            Replica replica = open(ports);
            for (int i = 0; i < 200 && asked.get() == 0; i++) {
                replica.write(tx -> tx.insert("users", new Cells().with("role", "DOCTOR")));
            }
            assertTrue(asked.get() > 0);
            replica.query("SELECT 1").close();
            assertTrue(forgotten.core().gate.isShut());
        }
    }

    @Test
    void whatWasForgottenInACallOfItsOwnIsTakenBackBehindIt() {
        Replica replica = open(new Ports());
        try (Replica forgotten = Fixture.options(folder, "forgotten").open()) {
            forgotten.write(tx -> {
                Reaper.watch(new Object(), forgotten.core()::close).enqueue();
                replica.query("SELECT 1").close(); // is none of its business
                assertFalse(forgotten.core().gate.isShut());
            });
            replica.query("SELECT 1").close();
            assertTrue(forgotten.core().gate.isShut());
        }
    }

    private void misuse(Set<String> refused, String port) {
        Replica replica = phone.get();
        if (replica == null) {
            return;
        }
        Runnable[] calls = {replica::status, () -> replica.write(tx -> { }), () -> replica.query("SELECT 1"),
            () -> replica.changes("users"), replica::close, replica::care,
            () -> Fixture.options(folder, "another").open(),
            () -> replica.newSync(request -> null, again -> null, Fixture.once()).run()};
        for (Runnable call : calls) {
            try {
                Fixture.fails(ErrorCode.MISUSE, call::run);
            } catch (Throwable e) {
                failure.compareAndSet(null, e);
            }
        }
        refused.add(port);
    }
}
