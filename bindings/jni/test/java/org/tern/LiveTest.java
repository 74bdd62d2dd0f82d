package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Live queries: the first result, one after each change, none after the end. */
class LiveTest {
    @TempDir
    Path folder;
    private final ExecutorService executor = Executors.newSingleThreadExecutor();
    private final BlockingQueue<Object> told = new LinkedBlockingQueue<>();
    private Replica replica;

    @BeforeEach
    void open() {
        replica = Fixture.open(folder);
    }

    @AfterEach
    void close() {
        replica.close();
        executor.shutdownNow();
    }

    private LiveQuery<Long> watch(Replica.Read<Long> body) {
        return replica.watch(Collections.singleton("users"), executor, body, new LiveQuery.Listener<Long>() {
            @Override
            public void onResult(Long result) {
                told.add(result);
            }

            @Override
            public void onError(TernException error) {
                told.add(error.code());
            }
        });
    }

    private static Long count(Snapshot snapshot) {
        return snapshot.query("SELECT count(*) FROM users").first(row -> row.getLong(0));
    }

    private Object next() throws InterruptedException {
        return told.poll(30, TimeUnit.SECONDS);
    }

    private void insert() {
        replica.write(tx -> tx.insert("users", new Cells().with("role", "DOCTOR")));
    }

    @Test
    void aResultComesAtFirstAndAfterEachChange() throws Exception {
        try (LiveQuery<Long> query = watch(LiveTest::count)) {
            assertEquals(0L, next());
            insert();
            assertEquals(1L, next());
            replica.write(tx -> tx.update("users", tx.query("SELECT id FROM users").first(row -> row.getUuid(0)),
                new Cells().with("theme", "DARK")));
            assertEquals(1L, next());
            replica.execute("CREATE TABLE other(x)");
            replica.execute("INSERT INTO other VALUES(1)");
            assertNull(told.poll(100, TimeUnit.MILLISECONDS));
        }
        insert();
        assertNull(told.poll(100, TimeUnit.MILLISECONDS));
    }

    @Test
    void manyChangesEndWithTheLastState() throws Exception {
        try (LiveQuery<Long> query = watch(LiveTest::count)) {
            for (int i = 0; i < 200; i++) {
                insert();
            }
            long last = -1;
            while (last < 200) {
                long now = (Long) next();
                assertTrue(now >= last);
                last = now;
            }
        }
    }

    @Test
    void aFailedRunIsToldAndTheNextChangeRunsAgain() throws Exception {
        boolean[] broken = {true};
        try (LiveQuery<Long> query = watch(snapshot -> {
            if (broken[0]) {
                snapshot.query("SELECT nowhere").close();
            }
            return count(snapshot);
        })) {
            assertEquals(ErrorCode.SQL, next());
            broken[0] = false;
            insert();
            assertEquals(1L, next());
        }
    }

    /** Collects what this thread's handler of uncaught exceptions is given while a body runs. */
    private static List<Throwable> uncaught(Runnable body) {
        List<Throwable> all = new ArrayList<>();
        Thread own = Thread.currentThread();
        own.setUncaughtExceptionHandler((thread, e) -> all.add(e));
        try {
            body.run();
        } finally {
            own.setUncaughtExceptionHandler(null);
        }
        return all;
    }

    @Test
    void whatAListenerThrowsReachesNoWriterAndItsQueryLivesOn() {
        RuntimeException own = new IllegalStateException("the listener");
        List<Throwable> uncaught = uncaught(() -> {
            replica.watch(Collections.singleton("users"), Runnable::run, LiveTest::count, result -> {
                if (result == 1) {
                    throw own;
                }
                told.add("first " + result);
            });
            replica.watch(Collections.singleton("users"), Runnable::run, LiveTest::count, result -> told.add("second " + result));
            insert(); // whoever had to try again would have two
            insert();
        });
        assertEquals(Collections.singletonList(own), uncaught);
        assertEquals(Arrays.asList("first 0", "second 0", "second 1", "first 2", "second 2"), new ArrayList<>(told));
    }

    @Test
    void anExecutorThatThrowsReachesNoWriterAndTheQueryLivesOn() {
        RuntimeException own = new IllegalStateException("the executor");
        boolean[] broken = {false};
        List<Throwable> uncaught = uncaught(() -> {
            replica.watch(Collections.singleton("users"), run -> {
                if (broken[0]) {
                    throw own;
                }
                run.run();
            }, LiveTest::count, told::add);
            broken[0] = true;
            insert();
            broken[0] = false;
            insert();
        });
        assertEquals(Collections.singletonList(own), uncaught);
        assertEquals(Arrays.asList(0L, 2L), new ArrayList<>(told));
    }

    @Test
    void anUnknownTableIsToldAtOnceAndAClosedReplicaEndsIt() throws Exception {
        Fixture.fails(ErrorCode.UNKNOWN_TABLE,
            () -> replica.watch(Collections.singleton("nowhere"), executor, LiveTest::count, result -> { }));
        watch(LiveTest::count);
        assertEquals(0L, next());
        replica.close();
        assertNull(told.poll(100, TimeUnit.MILLISECONDS));
    }

    @Test
    void aListenerMayCallTheReplicaAndAnExecutorThatIsShutDownEndsIt() throws Exception {
        LiveQuery<Long> query = replica.watch(Collections.singleton("users"), executor, LiveTest::count, result -> {
            if (result < 3) {
                insert();
            } else {
                told.add(result);
            }
        });
        assertEquals(3L, next());
        executor.shutdown();
        insert();
        insert();
        query.close();
    }
}
