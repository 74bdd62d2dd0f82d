package org.tern;

import java.util.UUID;

/**
 * What an app may supply of the world in place of the platform's.
 *
 * <p>Clocks, randomness and zones are asked inside calls of this library and under its lock, by the calls' threads: they must
 * not call the library, and a call that they make fails with MISUSE; nor wait for another thread that calls it, which waits
 * for that lock. What they throw fails the call that needed them, or, thrown by a clock, has the system's clock take its place.
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

    /**
     * Where log lines go; they hold no health data and no tokens. It is told by the thread of the call that a line comes of,
     * once that call, or the transaction or the step of a sync that it was made in, is over and no lock is held: it may call
     * the library. What those calls of its own would log is left out, and what it throws is passed over.
     */
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
