package org.tern;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** What the bridge calls: an app's ports, of which nothing that they throw gets through. */
final class Upcalls {
    static final int CLOCK = 1;
    static final int RANDOM = 2;
    static final int LOG = 4;
    private static final int UNKNOWN_ZONE = Integer.MAX_VALUE;
    private static final long UNKNOWN_TIME = Long.MIN_VALUE;

    private static final ThreadLocal<Upcalls> RUNNING = new ThreadLocal<>();
    private static final ThreadLocal<Throwable> FAILURE = new ThreadLocal<>();

    private final Ports ports;
    private final Ports.Zones zones;

    Upcalls(Ports ports, @Nullable Ports.Zones zones) {
        Ports copy = new Ports();
        copy.clock = ports.clock;
        copy.random = ports.random;
        copy.log = ports.log;
        this.ports = copy;
        this.zones = zones;
    }

    int given() {
        return (ports.clock != null ? CLOCK : 0) | (ports.random != null ? RANDOM : 0) | (ports.log != null ? LOG : 0);
    }

    long open() {
        long handle = Native.portsNew(this, given());
        if (handle == 0) {
            throw new TernException(ErrorCode.NOMEM, "the ports");
        }
        return handle;
    }

    /** Whether this thread is inside a port, where the library may not be called. */
    static boolean isRunning() {
        return RUNNING.get() != null;
    }

    static void checkNone() {
        if (isRunning()) {
            throw TernException.misuse("a port may not call the library");
        }
    }

    /** What a port has thrown on this thread since the last look. */
    @Nullable
    static Throwable takeFailure() {
        Throwable failure = FAILURE.get();
        if (failure != null) {
            FAILURE.remove();
        }
        return failure;
    }

    static void forgetFailure() {
        FAILURE.remove();
    }

    private interface Port<T> {
        T ask();
    }

    private <T> T ask(Port<T> port, @Nullable T instead) {
        Upcalls outer = RUNNING.get(); // a port may ask what needs no replica, which asks ports in turn
        RUNNING.set(this);
        try {
            return port.ask();
        } catch (Throwable e) { // an Error, too, may not cross the library's frames
            FAILURE.set(e);
            return instead;
        } finally {
            if (outer == null) {
                RUNNING.remove();
            } else {
                RUNNING.set(outer);
            }
        }
    }

    long wall() {
        return ask(() -> ports.clock.wallMicros(), UNKNOWN_TIME);
    }

    long monotonic() {
        return ask(() -> ports.clock.monotonicMicros(), UNKNOWN_TIME);
    }

    @Nullable
    byte[] boot() {
        return ask(() -> {
            UUID id = ports.clock.bootId();
            return id == null ? null : ByteBuffer.allocate(16).putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits()).array();
        }, null);
    }

    @Nullable
    byte[] random(int size) {
        return ask(() -> {
            byte[] bytes = new byte[size];
            ports.random.fill(bytes);
            return bytes;
        }, null);
    }

    void log(int level, byte[] message) {
        try {
            String line = new String(message, StandardCharsets.UTF_8);
            LogLines.add(() -> write(level, line));
        } catch (Throwable e) { // no memory: the line is lost
        }
    }

    private void write(int level, String line) {
        try {
            ports.log.write(level, line);
        } catch (Throwable e) { // loses its line and nothing else
        }
    }

    int zone(byte[] name, long utcMicros) {
        return ask(() -> {
            Integer offset = zones.offsetSeconds(new String(name, StandardCharsets.UTF_8), utcMicros);
            return offset == null ? UNKNOWN_ZONE : offset;
        }, UNKNOWN_ZONE);
    }
}
