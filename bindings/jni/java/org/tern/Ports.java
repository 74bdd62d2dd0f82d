package org.tern;

import java.util.UUID;

/**
 * What an app may supply of the world in place of the platform's.
 *
 * <p>Clocks, randomness and the log are called inside calls of this library and under its lock: they must not call the
 * library, and a call that they make fails with MISUSE. What they throw fails the call that needed them, or, thrown by a
 * clock or a log, has the system's clock or nothing take their place.
 */
public final class Ports {
    /** Clocks. */
    public interface Clock {
        /** Microseconds since 1970, UTC. It may be wrong and may jump. */
        long wallMicros();

        /** Microseconds since some moment of this boot, counting while the device sleeps. */
        long monotonicMicros();

        /** Changes with each boot; null where the platform cannot tell, and then monotonic time is of no use. */
        @Nullable
        UUID bootId();
    }

    /** Randomness fit for keys. */
    public interface Random {
        void fill(byte[] bytes);
    }

    /** Where log lines go; they hold no health data and no tokens. */
    public interface Log {
        int ERROR = 1;
        int WARNING = 2;
        int INFO = 3;
        int DEBUG = 4;

        void write(int level, String message);
    }

    /** Time zones by their IANA names. */
    public interface Zones {
        /** Seconds to add to UTC at a moment, east positive; null where there is no such zone. */
        @Nullable
        Integer offsetSeconds(String zone, long utcMicros);
    }

    @Nullable
    Clock clock;
    @Nullable
    Random random;
    @Nullable
    Log log;

    public Ports clock(@Nullable Clock own) {
        clock = own;
        return this;
    }

    public Ports random(@Nullable Random own) {
        random = own;
        return this;
    }

    public Ports log(@Nullable Log own) {
        log = own;
        return this;
    }
}
