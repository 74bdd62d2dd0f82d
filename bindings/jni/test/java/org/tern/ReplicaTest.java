package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opening, closing, transactions, reads, the outbox. */
class ReplicaTest {
    @TempDir
    Path folder;

    private static long users(Queries queries) {
        try (Cursor cursor = queries.query("SELECT count(*) FROM users")) {
            assertTrue(cursor.next());
            return cursor.getLong(0);
        }
    }

    @Test
    void openingTellsWhoseItIsAndRefusesOthers() {
        try (Replica replica = Fixture.open(folder)) {
            assertEquals(Fixture.PATIENT, replica.user());
            assertNotEquals(new UUID(0, 0), replica.device());
            Fixture.fails(ErrorCode.BUSY, () -> Fixture.options(folder).open());
        }
        Fixture.fails(ErrorCode.WRONG_USER, () -> Fixture.options(folder).user(Fixture.NEIGHBOUR).open());
        Fixture.fails(ErrorCode.NOT_FOUND, () -> Fixture.options(folder, "other").mustExist().open());
        TernException error = Fixture.fails(ErrorCode.SCHEMA,
            () -> Fixture.options(folder, "other").schema(new byte[] {'{'}).open());
        assertFalse(error.getMessage().isEmpty());
        assertFalse(error.isRetryable());
        Fixture.fails(ErrorCode.IO, () -> Fixture.options(folder.resolve("nowhere")).open());
    }

    @Test
    void closingTwiceIsHarmlessAndCallsAfterwardsAreTold() throws Exception {
        Replica replica = Fixture.open(folder);
        Fixture.insertUser(replica, Fixture.PATIENT);
        Cursor cursor = replica.query("SELECT id FROM users");
        Care care = replica.care();
        replica.close();
        replica.close();
        Fixture.fails(ErrorCode.MISUSE, replica::status);
        Fixture.fails(ErrorCode.MISUSE, () -> replica.write(tx -> { }));
        Fixture.fails(ErrorCode.MISUSE, () -> replica.query("SELECT 1"));
        Fixture.fails(ErrorCode.MISUSE, cursor::next);
        Fixture.fails(ErrorCode.MISUSE, care::settings);
        cursor.close();
        care.close();
        Files.delete(folder.resolve("replica.db")); // nobody holds it
        try (Replica again = Fixture.open(folder)) {
            assertEquals(0, users(again));
        }
    }

    @Test
    void aTransactionIsShownWholeOrNotAtAll() {
        try (Replica replica = Fixture.open(folder)) {
            replica.write(tx -> {
                tx.insert("users", new Cells().with("id", Fixture.PATIENT).with("role", "PATIENT"));
                assertEquals(1, users(tx));
                assertEquals(0, users(replica));
            });
            assertEquals(1, users(replica));
            RuntimeException own = new IllegalStateException("mine");
            assertSame(own, assertThrows(IllegalStateException.class, () -> replica.write(tx -> {
                tx.insert("users", new Cells().with("role", "DOCTOR"));
                throw own;
            })));
            assertThrows(StackOverflowError.class, () -> replica.write(tx -> {
                tx.insert("users", new Cells().with("role", "DOCTOR"));
                throw new StackOverflowError();
            }));
            assertEquals(1, users(replica));
            assertEquals(1, replica.status().pending);
            replica.write(tx -> tx.insert("users", new Cells().with("role", "FAMILY_MEMBER")));
            assertEquals(2, replica.status().pending);
        }
    }

    @Test
    void theTypedRowCallsInsertChangeDeleteAndBringBack() {
        try (Replica replica = Fixture.open(folder)) {
            UUID id = Fixture.insertUser(replica, Fixture.PATIENT);
            assertEquals(Fixture.PATIENT, id);
            replica.write(tx -> tx.update("users", id, new Cells().with("full_name", null)));
            assertNull(replica.query("SELECT full_name FROM users").first(row -> row.getString(0)));
            replica.write(tx -> tx.undo("users", id, new Cells().with("grace_period_minutes", 20)));
            replica.write(tx -> tx.delete("users", id));
            assertTrue(replica.query("SELECT deleted_at FROM users").first(row -> row.getInstant(0))
                .isAfter(Instant.parse("2020-01-01T00:00:00Z")));
            replica.write(tx -> tx.undelete("users", id));
            Fixture.fails(ErrorCode.NOT_FOUND,
                () -> replica.write(tx -> tx.delete("users", UUID.randomUUID())));
            Fixture.fails(ErrorCode.ENUM,
                () -> replica.write(tx -> tx.update("users", id, new Cells().with("role", "KING"))));
            Fixture.fails(ErrorCode.UNKNOWN_TABLE, () -> replica.write(tx -> tx.delete("nowhere", id)));
            Fixture.fails(ErrorCode.SQL, () -> replica.query("SELECT nowhere"));
            assertEquals(5, replica.outbox(OutboxEntry.State.PENDING).size());
        }
    }

    @Test
    void aTransactionBelongsToItsThreadAndItsBody() throws Exception {
        try (Replica replica = Fixture.open(folder)) {
            AtomicReference<Tx> leaked = new AtomicReference<>();
            AtomicReference<Cursor> cursor = new AtomicReference<>();
            replica.write(tx -> {
                leaked.set(tx);
                cursor.set(tx.query("SELECT 1 UNION SELECT 2"));
                assertTrue(cursor.get().next());
                Fixture.fails(ErrorCode.MISUSE, () -> replica.write(inner -> { }));
                Fixture.fails(ErrorCode.MISUSE, () -> replica.reinstate(Fixture.PATIENT));
                Fixture.fails(ErrorCode.MISUSE, () -> replica.sync(request -> null, refused -> null));
                Fixture.fails(ErrorCode.MISUSE, replica::close);
                try (Care care = replica.care()) {
                    Fixture.fails(ErrorCode.MISUSE, care::settings);
                }
                AtomicReference<Throwable> seen = new AtomicReference<>();
                Thread other = new Thread(() -> {
                    try {
                        Fixture.fails(ErrorCode.MISUSE, () -> tx.execute("DELETE FROM users"));
                        Fixture.fails(ErrorCode.MISUSE, cursor.get()::next);
                        Fixture.fails(ErrorCode.MISUSE, cursor.get()::close);
                    } catch (Throwable e) {
                        seen.set(e);
                    }
                });
                other.start();
                try {
                    other.join();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                assertNull(seen.get());
            });
            Fixture.fails(ErrorCode.MISUSE, () -> leaked.get().execute("DELETE FROM users"));
            Fixture.fails(ErrorCode.MISUSE, cursor.get()::next);
            cursor.get().close();
        }
    }

    @Test
    void aSnapshotShowsOneStateWhateverIsWritten() {
        try (Replica replica = Fixture.open(folder)) {
            AtomicReference<Snapshot> leaked = new AtomicReference<>();
            replica.read(snapshot -> {
                leaked.set(snapshot);
                assertEquals(0, users(snapshot));
                Fixture.insertUser(replica, Fixture.PATIENT);
                assertEquals(0, users(snapshot));
                assertEquals(1, users(replica));
                Fixture.fails(ErrorCode.SQL, () -> snapshot.query("DELETE FROM users"));
                return null;
            });
            Fixture.fails(ErrorCode.MISUSE, () -> leaked.get().query("SELECT 1"));
        }
    }

    @Test
    void aStatementThatGivesRowsIsQueriedAlsoWhereItWrites() {
        try (Replica replica = Fixture.open(folder)) {
            Fixture.fails(ErrorCode.MISUSE, () -> replica.execute("SELECT 1"));
            List<UUID> ids = replica.writeResult(tx -> tx.query(
                "INSERT INTO users(id, role) VALUES(tern_id(), 'DOCTOR'), (tern_id(), 'DOCTOR') RETURNING id")
                .list(row -> row.getUuid(0)));
            assertEquals(2, ids.size());
            assertEquals(2, users(replica));
        }
    }

    @Test
    void theOutboxTellsWhatWaitsAndWhatItChanges() {
        try (Replica replica = Fixture.open(folder)) {
            Fixture.insertUser(replica, Fixture.PATIENT);
            replica.write(tx -> tx.update("users", Fixture.PATIENT, new Cells().with("theme", "DARK")));
            List<OutboxEntry> entries = replica.outbox();
            assertEquals(2, entries.size());
            assertEquals(1, entries.get(0).ordinal);
            assertEquals(OutboxEntry.State.PENDING, entries.get(0).state);
            assertEquals(replica.device(), entries.get(0).device);
            assertEquals(ErrorCode.OK, entries.get(0).reason);
            assertTrue(replica.outbox(OutboxEntry.State.QUARANTINED, OutboxEntry.State.LOCKED).isEmpty());
            OutboxChange change = replica.changesOf(2).get(0);
            assertEquals("update users settings", change.operation + " " + change.table + " " + change.unit);
            assertTrue(change.values.contains("\"theme\":\"DARK\""), change.values);
            assertEquals(Fixture.PATIENT, change.row);
            Fixture.fails(ErrorCode.NOT_FOUND, () -> replica.changesOf(99));
            Fixture.fails(ErrorCode.NOT_FOUND, () -> replica.retry(99));
            Fixture.fails(ErrorCode.MISUSE, () -> replica.discard(1));
            Fixture.fails(ErrorCode.NOT_FOUND, () -> replica.reinstate(UUID.randomUUID()));
        }
    }

    @Test
    void theStatusOfANewReplicaIsThatOfANewReplica() {
        try (Replica replica = Fixture.open(folder)) {
            ReplicaStatus status = replica.status();
            assertEquals(0, status.pending + status.acked + status.quarantined + status.locked + status.scopes);
            assertNull(status.lastSync);
            assertNull(status.serverOffset);
            assertEquals(ErrorCode.OK, status.lastError);
            assertEquals(1, status.schemaVersion);
            assertEquals(Instant.MAX, replica.reach("dose_events"));
            assertTrue(Replica.version().matches("[0-9]+\\.[0-9]+\\.[0-9]+"));
        }
    }

    @Test
    void guessesYieldAndAreCounted() {
        try (Replica replica = Fixture.open(folder)) {
            Fixture.insertUser(replica, Fixture.PATIENT);
            replica.write(tx -> tx.update("users", Fixture.PATIENT, new Cells().with("theme", "DARK")));
            long kept = replica.infer(
                tx -> tx.update("users", Fixture.PATIENT, new Cells().with("theme", "LIGHT")));
            assertEquals(1, kept);
            Fixture.same("DARK", replica.query("SELECT theme FROM users").first(row -> row.getString(0)));
        }
    }

    @Test
    void followingNotesTheKeysOfChangedRows() {
        try (Replica replica = Fixture.open(folder)) {
            replica.write(tx -> tx.follow("mine", "users", "id", null));
            Fixture.insertUser(replica, Fixture.PATIENT);
            Fixture.same(1, replica.query("SELECT count(*) FROM tern_noted WHERE name = 'mine'")
                .first(row -> row.getInt(0)));
        }
    }

    @Test
    void aStatementThatIsKeptSeesColumnsThatCameLater() {
        try (Replica replica = Fixture.open(folder)) {
            replica.execute("CREATE TABLE own(a INTEGER)");
            replica.execute("INSERT INTO own VALUES (1), (7)");
            for (int i = 0; i < 2; i++) {
                assertEquals(Collections.singletonList("1:a"), columns(replica));
                replica.write(tx -> assertEquals(Collections.singletonList("1:a"), columns(tx)));
            }
            replica.execute("ALTER TABLE own ADD COLUMN b INTEGER DEFAULT 2");
            assertEquals(Arrays.asList("1:a", "2:b"), columns(replica));
            replica.write(tx -> assertEquals(Arrays.asList("1:a", "2:b"), columns(tx)));
            replica.execute("ALTER TABLE own RENAME COLUMN b TO c");
            assertEquals(Arrays.asList("1:a", "2:c"), columns(replica));
            replica.execute("ALTER TABLE own DROP COLUMN a");
            assertEquals(Collections.singletonList("2:c"), columns(replica));
            replica.write(tx -> assertEquals(Collections.singletonList("2:c"), columns(tx)));
        }
    }

    /** The cells of the first row, each with its name, and by it. */
    private static List<String> columns(Queries from) {
        return from.query("SELECT * FROM own").first(row -> {
            List<String> found = new ArrayList<>();
            for (int i = 0; i < row.columns(); i++) {
                found.add(row.getLong(row.name(i)) + ":" + row.name(i));
            }
            return found;
        });
    }
}
