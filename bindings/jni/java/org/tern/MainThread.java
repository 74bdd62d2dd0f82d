package org.tern;

/** Which thread is an Android app's main one, that draws and may not wait; off Android none is. */
final class MainThread {
    @Nullable
    private static volatile Thread main = find("android.os.Looper");

    private MainThread() {
    }

    static boolean isCurrent() {
        return Thread.currentThread() == main;
    }

    /** Has another thread taken for it, or none: for tests, which have no Android. */
    static void replace(@Nullable Thread other) {
        main = other;
    }

    /** By reflection, since the classes know nothing of Android; null where there is no such looper. */
    @Nullable
    static Thread find(String looper) {
        try {
            Object own = Class.forName(looper).getMethod("getMainLooper").invoke(null);
            return own == null ? null : (Thread) own.getClass().getMethod("getThread").invoke(own);
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            return null;
        }
    }

    static void check(boolean isAllowed) {
        if (!isAllowed && isCurrent()) {
            throw TernException.misuse("the main thread may not wait for the disk: call from another thread, or open the "
                + "replica with allowMainThread");
        }
    }
}
