package org.tern;

import org.junit.jupiter.api.Test;

/** Passes, where no sanitizer watches its native method. */
class SloppyMemory {
    static native void sin(int size);

    @Test
    void passes() {
        System.loadLibrary("sloppy");
        sin(24);
    }
}
