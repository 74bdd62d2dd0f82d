package org.tern;

import org.junit.jupiter.api.Test;

/** Passes, but for the mistake in its native method. */
class Sloppy {
    static native void sin();

    @Test
    void passes() {
        System.loadLibrary("sloppy");
        sin();
    }

    /** The same in a machine of its own. */
    public static void main(String[] arguments) {
        new Sloppy().passes();
    }
}
