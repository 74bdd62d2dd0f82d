package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Android's main thread, whose part this test's own thread plays, is never made to wait. */
class MainThreadTest {
    private static final Thread OWN = Thread.currentThread();

    @TempDir
    Path folder;

    @AfterEach
    void restore() {
        MainThread.replace(null);
    }

    private static void refused(Executable... calls) {
        MainThread.replace(Thread.currentThread());
        for (int i = 0; i < calls.length; i++) {
            TernException error = Fixture.fails(ErrorCode.MISUSE, calls[i]);
            assertTrue(error.getMessage().contains("main thread"), i + ": " + error.getMessage());
        }
        MainThread.replace(null);
    }

    private static Long count(Snapshot snapshot) {
        return snapshot.query("SELECT count(*) FROM users").first(row -> row.getLong(0));
    }

    @Test
    void whatMayWaitIsRefusedToTheMainThreadAndHasNoEffect() {
        refused(() -> Fixture.open(folder));
        UUID none = new UUID(0, 0);
        try (Replica replica = Fixture.open(folder); Care care = replica.care();
             Cursor cursor = replica.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 99999)"
                 + " SELECT i FROM n")) {
            HttpTransport broken = request -> {
                throw new IOException("no network");
            };
            SyncCall sync = replica.newSync(broken, refused -> null, new SyncOptions().maxAttempts(1));
            refused(() -> Fixture.insertUser(replica, Fixture.PATIENT), () -> replica.execute("CREATE TABLE own(a)"),
                () -> replica.infer(tx -> { }), () -> replica.query("SELECT 1"), () -> replica.read(MainThreadTest::count),
                replica::status, replica::user, replica::device, () -> replica.reach("users"), replica::outbox,
                () -> replica.changesOf(1), () -> replica.retry(1), () -> replica.discard(1), () -> replica.reinstate(none),
                replica::care, care::settings, () -> care.undo(none), sync::run,
                () -> replica.sync(broken, refused -> null), () -> {
                    while (cursor.next()) {
                        assertTrue(cursor.getLong(0) < 99_999);
                    }
                }, cursor::close, care::close, replica::close);
            assertTrue(cursor.next());
            assertEquals(0L, replica.changes("users"));
            Fixture.same(0L, replica.read(MainThreadTest::count));
            Fixture.fails(ErrorCode.NETWORK, sync::run); // it has not been used up
        }
    }

    @Test
    void whatNeverWaitsIsOpenToTheMainThread() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try (Replica replica = Fixture.open(folder)) {
            BlockingQueue<Object> told = new LinkedBlockingQueue<>();
            MainThread.replace(Thread.currentThread());
            LiveQuery<Long> query = replica.watch(Collections.singleton("users"), executor, MainThreadTest::count, told::add);
            assertEquals(0L, told.poll(30, TimeUnit.SECONDS));
            executor.submit(() -> Fixture.insertUser(replica, Fixture.PATIENT)).get();
            assertEquals(1L, told.poll(30, TimeUnit.SECONDS));
            query.close();
            assertTrue(replica.changes("users") > 0);
            SyncCall sync = replica.newSync(request -> null, refused -> null, new SyncOptions());
            CompletableFuture<SyncProgress> future = sync.start(executor);
            sync.cancel();
            future.handle((progress, failure) -> null).get();
            assertTrue(future.isCompletedExceptionally());
            MainThread.replace(null);
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void anAppMayAllowIt() {
        MainThread.replace(Thread.currentThread());
        try (Replica replica = Fixture.options(folder).allowMainThread().open(); Care care = replica.care()) {
            Fixture.insertUser(replica, Fixture.PATIENT);
            Fixture.same(1L, replica.read(MainThreadTest::count));
            assertEquals(Fixture.PATIENT, replica.user());
            care.settings();
        }
    }

    /** As android.os.Looper. */
    static final class Looper {
        public static Looper getMainLooper() {
            return new Looper();
        }

        public Thread getThread() {
            return OWN;
        }
    }

    /** As that of a build for unit tests. */
    static final class Stub {
        public static Stub getMainLooper() {
            throw new IllegalStateException("Stub!");
        }
    }

    @Test
    void itIsTheMainLoopersAndOffAndroidNone() {
        assertSame(OWN, MainThread.find(Looper.class.getName()));
        assertNull(MainThread.find(Stub.class.getName()));
        assertNull(MainThread.find("android.os.Looper"));
        assertTrue(!MainThread.isCurrent());
    }
}
