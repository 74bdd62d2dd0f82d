package org.tern;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Reads the results of one native call. */
final class Unpack {
    private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    final byte[] data;
    private final ByteBuffer view;
    private int at;

    private Unpack(byte[] data) {
        this.data = data;
        this.view = ByteBuffer.wrap(data).order(ByteOrder.nativeOrder());
    }

    /** The results, past the status; throws what the call failed with. */
    static Unpack of(byte[] result) {
        Unpack out = new Unpack(result);
        int status = out.number();
        Throwable cause = Upcalls.takeFailure();
        if (status == 0) {
            return out;
        }
        Problem problem = Problem.of(out.number());
        long first = out.big();
        long second = out.big();
        String message = out.text();
        throw new TernException(ErrorCode.of(status), problem, first, second, message == null ? "" : message, cause);
    }

    /** The handle that a native call has opened; where there is one, nothing is allocated until the caller has it. */
    static long handle(byte[] result) {
        if ((result[0] | result[1] | result[2] | result[3]) != 0) {
            return of(result).big(); // throws
        }
        Upcalls.forgetFailure();
        long handle = 0;
        for (int i = 0; i < 8; i++) {
            handle |= (result[4 + i] & 0xFFL) << (LITTLE ? 8 * i : 56 - 8 * i);
        }
        return handle;
    }

    /** Reads a part that stood in the results as a blob. */
    static Unpack inside(byte[] part) {
        return new Unpack(part);
    }

    boolean flag() {
        return data[at++] != 0;
    }

    int number() {
        int value = view.getInt(at);
        at += 4;
        return value;
    }

    long big() {
        long value = view.getLong(at);
        at += 8;
        return value;
    }

    UUID id() {
        UUID id = id(data, at);
        at += 16;
        return id;
    }

    @Nullable
    String text() {
        int size = number();
        if (size < 0) {
            return null;
        }
        String text = decode(data, at, size);
        at += size;
        return text;
    }

    byte[] blob() {
        int size = number();
        byte[] copy = java.util.Arrays.copyOfRange(data, at, at + size);
        at += size;
        return copy;
    }

    /** A cell that holds text or nothing. */
    @Nullable
    String textValue() {
        int kind = data[at++];
        if (kind == Pack.NULL) {
            return null;
        }
        if (kind != Pack.TEXT) {
            throw new TernException(ErrorCode.TYPE, "a cell that should hold text does not");
        }
        return text();
    }

    static UUID id(byte[] data, int at) {
        ByteBuffer bytes = ByteBuffer.wrap(data, at, 16);
        long most = bytes.getLong();
        return new UUID(most, bytes.getLong());
    }

    /** What is not UTF-8 is told and never silently replaced. */
    static String decode(byte[] data, int at, int size) {
        String text = new String(data, at, size, StandardCharsets.UTF_8);
        if (text.indexOf('\uFFFD') < 0) {
            return text;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(data, at, size)).toString();
        } catch (CharacterCodingException e) {
            throw new TernException(ErrorCode.NOT_UTF8, "a text in the file", e);
        }
    }

    /** The cells of a row, from this position on: where each begins, and the position behind the last. */
    void cells(int[] begins) {
        for (int i = 0; i < begins.length; i++) {
            begins[i] = at;
            int kind = data[at++];
            if (kind == Pack.INTEGER || kind == Pack.REAL) {
                at += 8;
            } else if (kind != Pack.NULL) {
                at += 4 + view.getInt(at);
            }
        }
    }

    long bigAt(int position) {
        return view.getLong(position);
    }

    int numberAt(int position) {
        return view.getInt(position);
    }
}
