package org.tern;

import org.junit.jupiter.api.Test;

/** Passes, but for the mistake of a machine that it starts. */
class SloppyChild {
    @Test
    void passes() throws Exception {
        Child.run("", "org.tern.Sloppy");
    }
}
