package org.tern;

import java.time.Instant;

/** Instants as the library has them: microseconds since 1970. Finer parts are dropped, towards the past. */
final class Micros {
    private static final long SECOND = 1_000_000;

    private Micros() {
    }

    static long of(Instant instant) {
        try {
            return Math.addExact(Math.multiplyExact(instant.getEpochSecond(), SECOND), instant.getNano() / 1000);
        } catch (ArithmeticException e) {
            throw new TernException(ErrorCode.RANGE, "a time is too far away", e);
        }
    }

    static Instant instant(long micros) {
        return Instant.ofEpochSecond(Math.floorDiv(micros, SECOND), Math.floorMod(micros, SECOND) * 1000);
    }
}
