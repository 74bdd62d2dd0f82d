package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Collections;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Long reads take little memory, and forgotten cursors are taken back. */
class CursorTest {
    private static final int ROWS = 100_000;
    private static final int ROW_BYTES = 2000;
    private static final int FORGOTTEN = 300;

    @TempDir
    Path folder;

    private static long residentKilobytes() throws IOException {
        for (String line : Files.readAllLines(Paths.get("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new AssertionError("no VmRSS");
    }

    @Test
    void aHundredThousandRowsPassThroughLittleMemory() throws IOException {
        try (Replica replica = Fixture.open(folder);
             Cursor cursor = replica.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?1)"
                 + " SELECT i, printf('%0*d', ?2, i) AS text FROM n", ROWS, ROW_BYTES)) {
            long sum = 0;
            long before = 0;
            long most = 0;
            for (int i = 0; cursor.next(); i++) {
                sum += cursor.getLong(0);
                assertEquals(ROW_BYTES, cursor.getString("text").length());
                if (i == ROWS / 10) {
                    before = residentKilobytes();
                }
                if (i > ROWS / 10 && i % 5000 == 0) {
                    most = Math.max(most, residentKilobytes());
                }
            }
            assertEquals((long) ROWS * (ROWS + 1) / 2, sum);
            // The rows are 200 MB; the heap's own limit (-Xmx64m) would have been passed long since.
            assertTrue(most - before < 64 * 1024, "grew by " + (most - before) + " kB");
        }
    }

    @Test
    void rowsThatFillNoBatchAndRowsThatFillManyComeWhole() {
        try (Replica replica = Fixture.open(folder)) {
            for (int size : new int[] {0, 1, 48 * 1024 - 1, 48 * 1024, 500_000}) {
                int sum = 0;
                try (Cursor cursor = replica.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                    + " LIMIT 7) SELECT zeroblob(?) FROM n", size)) {
                    while (cursor.next()) {
                        sum += cursor.getBytes(0).length;
                    }
                }
                assertEquals(7 * size, sum);
            }
        }
    }

    @Test
    void aFailureInTheMiddleOfRowsIsToldAndTheCursorEnds() {
        try (Replica replica = Fixture.open(folder);
             Cursor cursor = replica.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999)"
                 + " SELECT i, CASE WHEN i = 9000 THEN abs(-9223372036854775807 - 1) ELSE 0 END FROM n")) {
            TernException error = Fixture.fails(ErrorCode.SQL, () -> {
                while (cursor.next()) {
                    assertTrue(cursor.getLong(0) < 9000);
                }
            });
            assertTrue(error.getMessage().length() > 0);
        }
    }

    @Test
    void cursorsThatWereForgottenAreTakenBack() throws InterruptedException {
        try (Replica replica = Fixture.open(folder)) {
            long before = countDescriptors();
            for (int i = 0; i < FORGOTTEN; i++) {
                replica.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 99999) SELECT i FROM n");
                if (i % 50 == 0) {
                    System.gc();
                    Thread.sleep(5);
                }
            }
            // SQLite itself keeps some files open until the last lock of the process on them is gone.
            for (int i = 0; i < 100 && countDescriptors() > before + FORGOTTEN / 2; i++) {
                System.gc();
                Thread.sleep(20);
                replica.query("SELECT 1").close();
            }
            assertTrue(countDescriptors() <= before + FORGOTTEN / 2, before + " -> " + countDescriptors());
        }
    }

    @Test
    void aReplicaThatWasForgottenIsClosed() throws InterruptedException {
        Fixture.open(folder);
        isClosed();
    }

    @Test
    void aReplicaThatWasForgottenWithALiveQueryIsClosed() throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        Fixture.open(folder).watch(Collections.singleton("users"), Runnable::run,
            snapshot -> snapshot.query("SELECT count(*) FROM users").first(row -> row.getLong(0)),
            result -> told.countDown());
        told.await();
        isClosed();
    }

    @Test
    void aReplicaOfWhichTheMedicationHandleIsKeptStaysOpen() throws InterruptedException {
        try (Care care = Fixture.open(folder).care()) {
            for (int i = 0; i < 10; i++) {
                System.gc();
                Thread.sleep(20);
                Fixture.options(folder, "other").open().close(); // takes back what was forgotten
                assertTrue(care.medications(null).isEmpty());
            }
        }
    }

    @Test
    void aReplicaOfWhichACursorOrASyncIsKeptStaysOpen() throws InterruptedException {
        keepACursorAndASync();
        isClosed("synced"); // and then each is forgotten
        isClosed();
    }

    private void keepACursorAndASync() throws InterruptedException {
        SyncCall sync = Fixture.options(folder, "synced").open().newSync(request -> new HttpTransport.Answer(200, new byte[0], null,
            null, null), refused -> "token", Fixture.once());
        try (Cursor cursor = Fixture.open(folder).query(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 99999) SELECT i FROM n")) {
            for (int i = 0; i < 10; i++) {
                System.gc();
                Thread.sleep(20);
                Fixture.options(folder, "other").open().close(); // takes back what was forgotten
            }
            long last = 0;
            while (cursor.next()) {
                last = cursor.getLong(0);
            }
            assertEquals(99_999, last);
        }
        Fixture.fails(ErrorCode.PROTOCOL, sync::run); // and not MISUSE
    }

    private void isClosed() throws InterruptedException {
        isClosed(null);
    }

    private void isClosed(String name) throws InterruptedException {
        TernException last = null;
        for (int i = 0; i < 200; i++) {
            System.gc();
            Thread.sleep(20);
            try (Replica replica = name == null ? Fixture.open(folder) : Fixture.options(folder, name).open()) {
                assertEquals(Fixture.PATIENT, replica.user());
                return;
            } catch (TernException e) {
                last = e;
            }
        }
        throw new AssertionError("it was never closed", last);
    }

    private static long countDescriptors() {
        String[] names = new java.io.File("/proc/self/fd").list();
        return names == null ? 0 : names.length;
    }
}
