package org.tern;

import org.junit.jupiter.api.Test;

/** Passes, where nobody looks for what its native method has forgotten. */
class SloppyLeak {
    static native void sin(int size);

    @Test
    void passes() {
        System.loadLibrary("sloppy");
        for (int i = 0; i < 100; i++) {
            sin(4242);
        }
    }
}
