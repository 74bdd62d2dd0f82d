package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many threads at one replica, and its end while they are at it. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ThreadTest {
    private static final int ROUNDS = 300;

    @TempDir
    Path folder;

    private static Thread start(AtomicReference<Throwable> failure, Runnable body) {
        Thread thread = new Thread(() -> {
            try {
                body.run();
            } catch (Throwable e) {
                failure.compareAndSet(null, e);
            }
        });
        thread.start();
        return thread;
    }

    @Test
    void twoThreadsWriteAndReadAndNothingIsLost() throws Exception {
        try (Replica replica = Fixture.open(folder)) {
            AtomicReference<Throwable> failure = new AtomicReference<>();
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 2; t++) {
                threads.add(start(failure, () -> {
                    for (int i = 0; i < ROUNDS; i++) {
                        replica.write(tx -> tx.insert("users", new Cells().with("role", "DOCTOR")));
                        replica.query("SELECT id, full_name FROM users LIMIT 50").list(row -> row.getUuid(0));
                        replica.status();
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertNull(failure.get());
            Fixture.same(2 * ROUNDS, replica.query("SELECT count(*) FROM users").first(row -> row.getInt(0)));
        }
    }

    @Test
    void closingWaitsForCallsAndLetsNoNewOneIn() throws Exception {
        for (int round = 0; round < 20; round++) {
            Replica replica = Fixture.options(folder, "round" + round).open();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            AtomicInteger told = new AtomicInteger();
            CountDownLatch begun = new CountDownLatch(3);
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 3; t++) {
                int kind = t;
                threads.add(start(failure, () -> {
                    begun.countDown();
                    while (true) {
                        try {
                            work(replica, kind);
                        } catch (TernException e) {
                            assertEquals(ErrorCode.MISUSE, e.code());
                            told.incrementAndGet();
                            return;
                        }
                    }
                }));
            }
            begun.await();
            Thread.sleep(round);
            replica.close();
            assertTrue(Files.deleteIfExists(folder.resolve("round" + round + ".db")));
            for (Thread thread : threads) {
                thread.join();
            }
            assertNull(failure.get());
            assertEquals(3, told.get());
        }
    }

    private static void work(Replica replica, int kind) {
        if (kind == 0) {
            replica.write(tx -> tx.insert("users", new Cells().with("role", "DOCTOR")));
        } else if (kind == 1) {
            try (Cursor cursor = replica.query("SELECT * FROM users")) {
                while (cursor.next()) {
                    cursor.getUuid("id");
                }
            }
        } else {
            replica.read(snapshot -> snapshot.query("SELECT count(*) FROM users").first(row -> row.getLong(0)));
        }
    }

    @Test
    void closingWaitsForATransactionToEndAsItWould() throws Exception {
        Replica replica = Fixture.open(folder);
        CountDownLatch inside = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread writer = start(failure, () -> replica.write(tx -> {
            inside.countDown();
            for (int i = 0; i < 200; i++) {
                tx.insert("users", new Cells().with("role", "DOCTOR"));
                replica.query("SELECT 1").close(); // a thread that is inside may go on
            }
        }));
        inside.await();
        replica.close();
        writer.join();
        assertNull(failure.get());
        try (Replica again = Fixture.open(folder)) {
            Fixture.same(200, again.query("SELECT count(*) FROM users").first(row -> row.getInt(0)));
        }
    }

    @Test
    void aCursorUsedByTwoThreadsBreaksNothing() throws Exception {
        try (Replica replica = Fixture.open(folder)) {
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Cursor cursor = replica.query(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT i FROM n");
            AtomicInteger rows = new AtomicInteger();
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 2; t++) {
                threads.add(start(failure, () -> {
                    while (cursor.next()) {
                        rows.incrementAndGet();
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            cursor.close();
            assertEquals(200_000, rows.get());
            assertNull(failure.get());
            assertFalse(replica.query("SELECT 1 WHERE 0").next());
        }
    }
}
