package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** A machine whose memory ends at a native call's answer. */
final class Faulty {
    static {
        System.loadLibrary("faulty");
    }

    private Faulty() {
    }

    private static native void arm(int count);

    private static native void disarm();

    /** Runs what fails since the n-th answer of a native call on this thread cannot be made. */
    static void fails(int n, Runnable body) {
        OutOfMemoryError error = assertThrows(OutOfMemoryError.class, () -> {
            arm(n);
            try {
                body.run();
            } finally {
                disarm();
            }
        });
        assertEquals("planted", error.getMessage());
    }
}
