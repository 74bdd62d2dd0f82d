package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a native call has opened is closed again where the machine has no memory for its answer. Under the address sanitizer
 * the leak check sees what these tests cannot.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class MemoryTest {
    @TempDir
    Path folder;

    private static int openFiles(String name) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return (int) all.filter(each -> target(each).endsWith(name)).count();
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) { // that of the listing itself
            return "";
        }
    }

    @Test
    void aReplicaWhoseHandleCannotBeToldIsClosedAgain() throws IOException {
        Faulty.fails(1, () -> Fixture.open(folder));
        assertEquals(0, openFiles("replica.db"));
        try (Replica replica = Fixture.open(folder)) { // held by nobody
            Fixture.insertUser(replica, Fixture.PATIENT);
        }
    }

    @Test
    void aTransactionWhoseHandleCannotBeToldIsRolledBack() {
        try (Replica replica = Fixture.options(folder).busyTimeout(Duration.ofMillis(100)).open()) {
            Faulty.fails(1, () -> Fixture.insertUser(replica, Fixture.PATIENT));
            Fixture.insertUser(replica, Fixture.PATIENT); // the writer is free
            assertEquals(1, replica.status().pending);
        }
    }

    @Test
    void aReaderWhoseHandleCannotBeToldIsClosedAgain() throws IOException {
        try (Replica replica = Fixture.open(folder)) {
            Faulty.fails(1, () -> replica.query("SELECT 1")); // SQLite keeps one descriptor of a closed connection for the next
            int before = openFiles("replica.db");
            for (int i = 0; i < 5; i++) {
                Faulty.fails(1, () -> replica.query("SELECT 1"));
            }
            assertEquals(before, openFiles("replica.db"));
        }
    }

    @Test
    void aStatementWhoseHandleCannotBeToldIsFreed() {
        try (Replica replica = Fixture.open(folder)) {
            replica.query("SELECT 1").close(); // its reader is kept
            for (int i = 0; i < 50; i++) {
                int number = i;
                Faulty.fails(1, () -> replica.query("SELECT 2 + " + number));
                Faulty.fails(2, () -> replica.execute("UPDATE users SET full_name = full_name || " + number));
            }
            Fixture.same(2, replica.query("SELECT 2").first(row -> row.getInt(0)));
            Fixture.insertUser(replica, Fixture.PATIENT);
        }
    }

    @Test
    void aSyncWhoseHandleCannotBeToldIsClosedAgain() {
        try (Replica replica = Fixture.open(folder)) {
            SyncOptions once = Fixture.once();
            Faulty.fails(1, () -> replica.newSync(request -> null, refused -> "x", once).run());
            Fixture.fails(ErrorCode.PROTOCOL, () -> replica.newSync( // and not BUSY
                request -> new HttpTransport.Answer(200, new byte[0], null, null, null), refused -> "x", once).run());
        }
    }

    @Test
    void aMedicationHandleThatCannotBeToldIsClosedAgain() {
        try (Replica replica = Fixture.open(folder)) {
            Fixture.insertUser(replica, Fixture.PATIENT);
            for (int i = 0; i < 3; i++) {
                Faulty.fails(1, replica::care);
            }
            try (Care care = replica.care()) {
                assertTrue(care.settings().graceMinutes > 0);
            }
        }
    }

    @Test
    void moreCellsThanATableHasColumnsAreRefusedAsThat() {
        Cells cells = new Cells();
        for (int i = 0; i < 129; i++) {
            cells.with("c" + i, i);
        }
        try (Replica replica = Fixture.open(folder)) {
            TernException error = Fixture.fails(ErrorCode.UNKNOWN_COLUMN, () -> replica.write(tx -> tx.insert("users", cells)));
            assertTrue(error.getMessage().contains("as many columns"), error.getMessage());
        }
    }
}
