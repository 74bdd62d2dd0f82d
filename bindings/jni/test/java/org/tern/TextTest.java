package org.tern;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts cross whole, or not at all. */
class TextTest {
    @TempDir
    Path folder;
    private Replica replica;

    @BeforeEach
    void open() {
        replica = Fixture.open(folder);
        replica.execute("CREATE TABLE notes(text TEXT, size INTEGER)");
    }

    @AfterEach
    void close() {
        replica.close();
    }

    @Test
    void textsOfAnyScriptComeBackAsTheyWent() {
        String[] texts = {"", "plain", "é", "ថ្នាំ​ប៉ារ៉ា​សេ​តា​មុល", "💊", "𝄞\uFFFD\uFFFF", "a\u0000b", "\u0000",
            "👩‍👩‍👧‍👦", new String(Character.toChars(0x10FFFF))};
        for (String text : texts) {
            replica.write(tx -> {
                tx.execute("DELETE FROM notes");
                tx.execute("INSERT INTO notes VALUES(?1, length(CAST(?1 AS BLOB)))", text);
            });
            Fixture.same(text, replica.query("SELECT text FROM notes").first(row -> row.getString(0)));
            Fixture.same(text.getBytes(StandardCharsets.UTF_8).length,
                replica.query("SELECT size FROM notes").first(row -> row.getInt(0)));
            assertArrayEquals(text.getBytes(StandardCharsets.UTF_8),
                replica.query("SELECT text FROM notes").first(row -> row.getBytes(0)));
        }
    }

    @Test
    void halfOfASurrogatePairIsRefusedAndNothingIsStored() {
        for (String text : new String[] {"\uD83D", "a\uDC8Ab", "\uDC8A\uD83D", "x\uD83D"}) {
            Fixture.fails(ErrorCode.NOT_UTF8, () -> replica.execute("INSERT INTO notes VALUES(?, 1)", text));
            Fixture.fails(ErrorCode.NOT_UTF8, () -> replica.query("SELECT 1 WHERE '" + text + "' = ''"));
            Fixture.fails(ErrorCode.NOT_UTF8, () -> replica.changes(text));
        }
        assertFalse(replica.query("SELECT 1 FROM notes").first(row -> true) == Boolean.TRUE);
    }

    @Test
    void bytesThatAreNoTextAreToldAndNotReplaced() {
        replica.execute("INSERT INTO notes VALUES(CAST(x'ff41' AS TEXT), 1)");
        try (Cursor cursor = replica.query("SELECT text FROM notes")) {
            assertTrue(cursor.next());
            Fixture.fails(ErrorCode.NOT_UTF8, () -> cursor.getString(0));
            assertArrayEquals(new byte[] {(byte) 0xff, 0x41}, cursor.getBytes(0));
        }
    }

    @Test
    void aNameThatHoldsANulIsNoNameAndIsNotCutThere() {
        Fixture.fails(ErrorCode.MISUSE, () -> replica.changes("users\u0000x"));
        Fixture.fails(ErrorCode.MISUSE, () -> replica.reach("dose_events\u0000"));
        Fixture.fails(ErrorCode.MISUSE,
            () -> new Replica.Options(folder.resolve("a").toString() + "\u0000b").schema(Fixture.schema())
                .user(Fixture.PATIENT).open());
        assertFalse(Files.exists(folder.resolve("a")));
        Fixture.fails(ErrorCode.MISUSE, () -> replica.writeResult(
            tx -> tx.insert("users", new Cells().with("role\u0000", "PATIENT"))));
    }

    @Test
    void syncedTextsKeepKhmerAndEmojiAndFileNamesMayHoldThem() {
        UUID id = Fixture.insertUser(replica, Fixture.PATIENT);
        replica.write(tx -> tx.update("users", id, new Cells().with("full_name", "សុខ ដារ៉ា 💊")));
        Fixture.same("សុខ ដារ៉ា 💊",
            replica.query("SELECT full_name FROM users WHERE id = ?", id).first(row -> row.getString("full_name")));
        try (Replica other = Fixture.options(folder, "ឯកសារ 💊").open()) {
            assertEquals(Fixture.PATIENT, other.user());
        }
        assertTrue(Files.exists(folder.resolve("ឯកសារ 💊.db")));
    }

    @Test
    void aLongTextCrossesInBothDirections() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 300_000; i++) {
            text.append(i % 3 == 0 ? "ថ" : i % 3 == 1 ? "💊" : "x");
        }
        replica.execute("INSERT INTO notes VALUES(?, ?)", text, text.length());
        Fixture.same(text.toString(), replica.query("SELECT text FROM notes").first(row -> row.getString(0)));
    }
}
