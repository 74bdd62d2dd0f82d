package org.tern;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.UUID;

/**
 * The current row of a cursor; columns by number, from 0, or by name.
 *
 * <p>Types map exactly: uuid {@link UUID}; timestamptz {@link Instant} in microseconds; decimal {@link BigDecimal}; date
 * {@link LocalDate}; bytes {@code byte[]}; integer and bigint long; bool boolean; real double; text, enum and json
 * {@link String}. A null is null where the type is an object, and a failure (TYPE) where it is not. So is every value that
 * is not of the type asked for.
 */
public abstract class Row {
    Row() {
    }

    private int[] begins = new int[0];
    private Unpack batch;

    abstract StatementCache.Compiled statement();

    final int[] begins() {
        if (begins.length != statement().names.length) {
            begins = new int[statement().names.length];
        }
        return begins;
    }

    final void show(@Nullable Unpack current) {
        batch = current;
    }

    public final int columns() {
        return statement().names.length;
    }

    public final String name(int column) {
        return statement().names[check(column)];
    }

    private int check(int column) {
        if (column < 0 || column >= statement().names.length) {
            throw new TernException(ErrorCode.UNKNOWN_COLUMN, "there is no column " + column);
        }
        return column;
    }

    /** Where a cell begins. */
    private int cell(int column) {
        check(column);
        if (batch == null) {
            throw TernException.misuse("no row stands ready");
        }
        return begins[column];
    }

    private TernException mismatch(int column, String wanted) {
        return new TernException(ErrorCode.TYPE, "column " + name(column) + " holds no " + wanted);
    }

    /** Where the value of a cell begins, if it is of the kind; -1 for null. */
    private int value(int column, int kind, String wanted) {
        int at = cell(column);
        int found = batch.data[at];
        if (found == kind) {
            return at + 1;
        }
        if (found == Pack.NULL) {
            return -1;
        }
        throw mismatch(column, wanted);
    }

    public final boolean isNull(int column) {
        int at = cell(column);
        return batch.data[at] == Pack.NULL;
    }

    public final long getLong(int column) {
        int at = value(column, Pack.INTEGER, "integer");
        if (at < 0) {
            throw mismatch(column, "integer");
        }
        return batch.bigAt(at);
    }

    public final int getInt(int column) {
        long value = getLong(column);
        if ((int) value != value) {
            throw new TernException(ErrorCode.RANGE, "column " + name(column) + " is too large for an int");
        }
        return (int) value;
    }

    public final boolean getBoolean(int column) {
        return getLong(column) != 0;
    }

    /** A real, or an integer as one. */
    public final double getDouble(int column) {
        int at = cell(column);
        if (batch.data[at] == Pack.INTEGER) {
            return batch.bigAt(at + 1);
        }
        at = value(column, Pack.REAL, "number");
        if (at < 0) {
            throw mismatch(column, "number");
        }
        return Double.longBitsToDouble(batch.bigAt(at));
    }

    @Nullable
    public final String getString(int column) {
        int at = value(column, Pack.TEXT, "text");
        return at < 0 ? null : Unpack.decode(batch.data, at + 4, batch.numberAt(at));
    }

    /** A blob, or a text's UTF-8. */
    @Nullable
    public final byte[] getBytes(int column) {
        boolean isText = batch != null && batch.data[cell(column)] == Pack.TEXT;
        int at = value(column, isText ? Pack.TEXT : Pack.BLOB, "bytes");
        return at < 0 ? null : Arrays.copyOfRange(batch.data, at + 4, at + 4 + batch.numberAt(at));
    }

    @Nullable
    public final UUID getUuid(int column) {
        int at = value(column, Pack.BLOB, "id");
        if (at < 0) {
            return null;
        }
        if (batch.numberAt(at) != 16) {
            throw mismatch(column, "id");
        }
        ByteBuffer bytes = ByteBuffer.wrap(batch.data, at + 4, 16);
        long most = bytes.getLong();
        return new UUID(most, bytes.getLong());
    }

    @Nullable
    public final Instant getInstant(int column) {
        int at = value(column, Pack.INTEGER, "time");
        return at < 0 ? null : Micros.instant(batch.bigAt(at));
    }

    @Nullable
    public final BigDecimal getDecimal(int column) {
        int at = cell(column);
        if (batch.data[at] == Pack.INTEGER) {
            return BigDecimal.valueOf(batch.bigAt(at + 1));
        }
        String text = getString(column);
        try {
            return text == null ? null : new BigDecimal(text);
        } catch (NumberFormatException e) {
            throw mismatch(column, "decimal");
        }
    }

    @Nullable
    public final LocalDate getDate(int column) {
        String text = getString(column);
        try {
            return text == null ? null : LocalDate.parse(text);
        } catch (DateTimeException e) {
            throw mismatch(column, "date");
        }
    }

    /** A value of an enum by its name. */
    @Nullable
    public final <E extends Enum<E>> E getEnum(int column, Class<E> type) {
        String text = getString(column);
        try {
            return text == null ? null : Enum.valueOf(type, text);
        } catch (IllegalArgumentException e) {
            throw mismatch(column, type.getSimpleName());
        }
    }

    /** As stored: Long, Double, String, byte[] or null. */
    @Nullable
    public final Object getObject(int column) {
        switch (batch == null ? Pack.NULL : batch.data[cell(column)]) {
            case Pack.INTEGER:
                return getLong(column);
            case Pack.REAL:
                return getDouble(column);
            case Pack.TEXT:
                return getString(column);
            case Pack.BLOB:
                return getBytes(column);
            default:
                cell(column);
                return null;
        }
    }

    public final boolean isNull(String column) {
        return isNull(statement().column(column));
    }

    public final long getLong(String column) {
        return getLong(statement().column(column));
    }

    public final int getInt(String column) {
        return getInt(statement().column(column));
    }

    public final boolean getBoolean(String column) {
        return getBoolean(statement().column(column));
    }

    public final double getDouble(String column) {
        return getDouble(statement().column(column));
    }

    @Nullable
    public final String getString(String column) {
        return getString(statement().column(column));
    }

    @Nullable
    public final byte[] getBytes(String column) {
        return getBytes(statement().column(column));
    }

    @Nullable
    public final UUID getUuid(String column) {
        return getUuid(statement().column(column));
    }

    @Nullable
    public final Instant getInstant(String column) {
        return getInstant(statement().column(column));
    }

    @Nullable
    public final BigDecimal getDecimal(String column) {
        return getDecimal(statement().column(column));
    }

    @Nullable
    public final LocalDate getDate(String column) {
        return getDate(statement().column(column));
    }

    @Nullable
    public final <E extends Enum<E>> E getEnum(String column, Class<E> type) {
        return getEnum(statement().column(column), type);
    }

    @Nullable
    public final Object getObject(String column) {
        return getObject(statement().column(column));
    }
}
