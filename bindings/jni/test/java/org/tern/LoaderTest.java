package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import org.junit.jupiter.api.Test;

/** The library keeps no class of its own: it is unloaded with the class loader that it was loaded for. */
class LoaderTest {
    private static WeakReference<ClassLoader> use(String version) throws Exception {
        URL jar = Replica.class.getProtectionDomain().getCodeSource().getLocation();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {jar}, ClassLoader.getSystemClassLoader().getParent())) {
            Class<?> replica = loader.loadClass(Replica.class.getName());
            assertNotSame(Replica.class, replica);
            assertEquals(version, replica.getMethod("version").invoke(null));
            return new WeakReference<>(loader);
        }
    }

    @Test
    void aLoaderThatIsForgottenTakesTheLibraryAlong() throws Exception {
        WeakReference<ClassLoader> loader = use("0.1.0");
        for (int i = 0; i < 100 && loader.get() != null; i++) {
            System.gc();
            Thread.sleep(20);
        }
        assertNull(loader.get(), "it is still held");
        assertEquals("0.1.0", Replica.version()); // for this loader, which could not load it beside the other one
    }
}
