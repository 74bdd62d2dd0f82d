package org.tern;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.UUID;

/** Packs the arguments of one native call. */
final class Pack {
    static final int NULL = 0;
    static final int INTEGER = 1;
    static final int REAL = 2;
    static final int TEXT = 3;
    static final int BLOB = 4;

    private byte[] data;
    private ByteBuffer view;
    private int size;

    Pack() {
        this(128);
    }

    Pack(int room) {
        data = new byte[room];
        view = ByteBuffer.wrap(data).order(ByteOrder.nativeOrder());
    }

    byte[] bytes() {
        return size == data.length ? data : Arrays.copyOf(data, size);
    }

    private void room(int more) {
        if (data.length - size < more) {
            long wanted = Math.max((long) size + more, 2L * data.length);
            if ((long) size + more > Integer.MAX_VALUE - 16) {
                throw new TernException(ErrorCode.TOO_LARGE, "the arguments of one call");
            }
            data = Arrays.copyOf(data, (int) Math.min(wanted, Integer.MAX_VALUE - 16));
            view = ByteBuffer.wrap(data).order(ByteOrder.nativeOrder());
        }
    }

    Pack flag(boolean value) {
        return octet(value ? 1 : 0);
    }

    private Pack octet(int value) {
        room(1);
        data[size++] = (byte) value;
        return this;
    }

    Pack number(int value) {
        room(4);
        view.putInt(size, value);
        size += 4;
        return this;
    }

    Pack big(long value) {
        room(8);
        view.putLong(size, value);
        size += 8;
        return this;
    }

    /** Network order, whatever the machine's. */
    Pack id(UUID id) {
        room(16);
        ByteBuffer.wrap(data, size, 16).putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        size += 16;
        return this;
    }

    Pack idOrNone(@Nullable UUID id) {
        flag(id != null);
        return id == null ? this : id(id);
    }

    Pack blob(@Nullable byte[] value) {
        if (value == null) {
            return number(-1);
        }
        number(value.length);
        room(value.length + 1);
        System.arraycopy(value, 0, data, size, value.length);
        size += value.length;
        data[size++] = 0;
        return this;
    }

    /** UTF-8; a surrogate without its partner is no text. */
    Pack text(@Nullable CharSequence value) {
        if (value == null) {
            return number(-1);
        }
        int length = value.length();
        int head = size;
        if (length > Integer.MAX_VALUE / 4) {
            throw new TernException(ErrorCode.TOO_LARGE, "a text");
        }
        room(length * 3 + 5);
        int at = size + 4;
        byte[] into = data;
        for (int i = 0; i < length; i++) {
            char c = value.charAt(i);
            if (c < 0x80) {
                into[at++] = (byte) c;
            } else if (c < 0x800) {
                into[at++] = (byte) (0xC0 | c >> 6);
                into[at++] = (byte) (0x80 | c & 0x3F);
            } else if (!Character.isSurrogate(c)) {
                into[at++] = (byte) (0xE0 | c >> 12);
                into[at++] = (byte) (0x80 | c >> 6 & 0x3F);
                into[at++] = (byte) (0x80 | c & 0x3F);
            } else {
                if (!Character.isHighSurrogate(c) || i + 1 == length || !Character.isLowSurrogate(value.charAt(i + 1))) {
                    throw new TernException(ErrorCode.NOT_UTF8, "a text holds half of a surrogate pair");
                }
                int point = Character.toCodePoint(c, value.charAt(++i));
                into[at++] = (byte) (0xF0 | point >> 18);
                into[at++] = (byte) (0x80 | point >> 12 & 0x3F);
                into[at++] = (byte) (0x80 | point >> 6 & 0x3F);
                into[at++] = (byte) (0x80 | point & 0x3F);
            }
        }
        view.putInt(head, at - head - 4);
        into[at++] = 0;
        size = at;
        return this;
    }

    /** One cell, as {@link Row} lists the types. */
    Pack value(@Nullable Object value) {
        if (value == null) {
            return octet(NULL);
        }
        if (value instanceof CharSequence) {
            return octet(TEXT).text((CharSequence) value);
        }
        if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return octet(INTEGER).big(((Number) value).longValue());
        }
        if (value instanceof UUID) {
            return octet(BLOB).number(16).id((UUID) value).octet(0);
        }
        if (value instanceof Instant) {
            return octet(INTEGER).big(Micros.of((Instant) value));
        }
        if (value instanceof byte[]) {
            return octet(BLOB).blob((byte[]) value);
        }
        return rarer(value);
    }

    private Pack rarer(Object value) {
        if (value instanceof Boolean) {
            return octet(INTEGER).big((Boolean) value ? 1 : 0);
        }
        if (value instanceof Double || value instanceof Float) {
            double number = ((Number) value).doubleValue();
            if (Double.isNaN(number)) {
                throw new TernException(ErrorCode.RANGE, "a value is not a number");
            }
            return octet(REAL).big(Double.doubleToRawLongBits(number));
        }
        if (value instanceof BigDecimal) {
            return octet(TEXT).text(((BigDecimal) value).toPlainString());
        }
        if (value instanceof LocalDate) {
            return octet(TEXT).text(value.toString());
        }
        if (value instanceof Enum) {
            return octet(TEXT).text(((Enum<?>) value).name());
        }
        throw new TernException(ErrorCode.TYPE, "no value of a cell: " + value.getClass().getName());
    }
}
