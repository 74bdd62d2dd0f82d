package org.tern;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Types map exactly, and what does not fit is told. */
class ValueTest {
    private enum Colour {
        RED, GREEN
    }

    @TempDir
    Path folder;
    private Replica replica;

    @BeforeEach
    void open() {
        replica = Fixture.open(folder);
        replica.execute("CREATE TABLE cell(value)");
    }

    @AfterEach
    void close() {
        replica.close();
    }

    private <T> T through(Object value, Cursor.Mapper<T> mapper) {
        replica.write(tx -> {
            tx.execute("DELETE FROM cell");
            tx.execute("INSERT INTO cell VALUES(?)", value);
        });
        return replica.query("SELECT value FROM cell").first(mapper);
    }

    @Test
    void everyTypeComesBackAsItWent() {
        UUID id = UUID.randomUUID();
        Fixture.same(id, through(id, row -> row.getUuid(0)));
        for (long value : new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            Fixture.same(value, through(value, row -> row.getLong("value")));
        }
        Fixture.same(7, through((short) 7, row -> row.getInt(0)));
        Fixture.same(true, through(true, row -> row.getBoolean(0)));
        for (double value : new double[] {0.1, -0.0, Double.MIN_VALUE, Double.MAX_VALUE, Double.POSITIVE_INFINITY}) {
            Fixture.same(value, through(value, row -> row.getDouble(0)));
        }
        byte[] bytes = {0, 1, -1, 0};
        assertArrayEquals(bytes, through(bytes, row -> row.getBytes(0)));
        assertArrayEquals(new byte[0], through(new byte[0], row -> row.getBytes(0)));
        Fixture.same(LocalDate.of(2026, 2, 28), through(LocalDate.of(2026, 2, 28), row -> row.getDate(0)));
        Fixture.same(Colour.GREEN, through(Colour.GREEN, row -> row.getEnum(0, Colour.class)));
        assertNull(through(null, row -> row.getString(0)));
        assertNull(through(null, row -> row.getUuid(0)));
        assertNull(through(null, row -> row.getObject(0)));
        Fixture.same(true, through(null, row -> row.isNull(0)));
    }

    @Test
    void timesKeepTheirMicrosecondsAlsoBefore1970() {
        for (String text : new String[] {"2026-11-21T07:30:00.123456Z", "1969-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"}) {
            Fixture.same(Instant.parse(text), through(Instant.parse(text), row -> row.getInstant(0)));
        }
        Fixture.same(Instant.parse("1969-12-31T23:59:59.999999Z"),
            through(Instant.parse("1969-12-31T23:59:59.999999999Z"), row -> row.getInstant(0)));
        Fixture.fails(ErrorCode.RANGE, () -> through(Instant.MAX, row -> null));
    }

    @Test
    void decimalsKeepTheirScaleAndAllTheirDigits() {
        for (String text : new String[] {"0", "1.50", "-0.001", "123456789012345678901234567890.123456789"}) {
            Fixture.same(new BigDecimal(text), through(new BigDecimal(text), row -> row.getDecimal(0)));
        }
        Fixture.same("1000", through(new BigDecimal("1E+3"), row -> row.getString(0)));
    }

    @Test
    void aValueOfAnotherTypeIsToldAndNotBent() {
        Fixture.fails(ErrorCode.TYPE, () -> through("12", row -> row.getLong(0)));
        Fixture.fails(ErrorCode.TYPE, () -> through(12, row -> row.getString(0)));
        Fixture.fails(ErrorCode.TYPE, () -> through(null, row -> row.getLong(0)));
        Fixture.fails(ErrorCode.TYPE, () -> through(new byte[15], row -> row.getUuid(0)));
        Fixture.fails(ErrorCode.TYPE, () -> through("soon", row -> row.getDate(0)));
        Fixture.fails(ErrorCode.TYPE, () -> through("BLUE", row -> row.getEnum(0, Colour.class)));
        Fixture.fails(ErrorCode.TYPE, () -> through("ten", row -> row.getDecimal(0)));
        Fixture.fails(ErrorCode.RANGE, () -> through(1L << 32, row -> row.getInt(0)));
        Fixture.fails(ErrorCode.RANGE, () -> through(Double.NaN, row -> null));
        Fixture.fails(ErrorCode.TYPE, () -> through(new Object(), row -> null));
    }

    @Test
    void columnsAreFoundByNameAndByNumberOrNotAtAll() {
        try (Cursor cursor = replica.query("SELECT 1 AS a, 2 AS b, 3 AS a")) {
            assertEquals(3, cursor.columns());
            assertEquals("b", cursor.name(1));
            Fixture.fails(ErrorCode.MISUSE, () -> cursor.getLong(0));
            assertTrue(cursor.next());
            assertEquals(1, cursor.getLong("a"));
            assertEquals(3, cursor.getLong(2));
            Fixture.fails(ErrorCode.UNKNOWN_COLUMN, () -> cursor.getLong(3));
            Fixture.fails(ErrorCode.UNKNOWN_COLUMN, () -> cursor.getLong(-1));
            Fixture.fails(ErrorCode.UNKNOWN_COLUMN, () -> cursor.getObject("c"));
        }
    }

    @Test
    void asManyValuesAsParametersAreNeeded() {
        Fixture.fails(ErrorCode.MISUSE, () -> replica.query("SELECT ?"));
        Fixture.fails(ErrorCode.MISUSE, () -> replica.query("SELECT ?", 1, 2));
        Fixture.same("x", replica.query("SELECT ?", "x").first(row -> row.getString(0)));
        Fixture.fails(ErrorCode.MISUSE, () -> replica.query("SELECT ?"));
        assertNull(replica.query("SELECT ?", (Object) null).first(row -> row.getString(0)));
    }
}
