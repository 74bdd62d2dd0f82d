package org.tern;

import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The safety net below objects that an app forgot to close: what they held is given back when the next ones are opened.
 *
 * <p>It needs no thread of its own, and nothing that Android 7 has not (java.lang.ref.Cleaner came with Android 13).
 */
final class Reaper {
    private static final ReferenceQueue<Object> QUEUE = new ReferenceQueue<>();
    private static final Set<Watch> WATCHED = Collections.newSetFromMap(new ConcurrentHashMap<>());

    private Reaper() {
    }

    /** One object and what is to be done once it is unreachable; the action may not reach the object. */
    static final class Watch extends PhantomReference<Object> {
        private final Runnable action;

        private Watch(Object object, Runnable action) {
            super(object, QUEUE);
            this.action = action;
        }

        /** The object was closed as it should be. */
        void cancel() {
            WATCHED.remove(this);
            clear();
        }
    }

    static Watch watch(Object object, Runnable action) {
        Watch watch = new Watch(object, action);
        WATCHED.add(watch);
        return watch;
    }

    static void reap() {
        for (Reference<?> found = QUEUE.poll(); found != null; found = QUEUE.poll()) {
            Watch watch = (Watch) found;
            if (WATCHED.remove(watch)) {
                watch.action.run();
            }
        }
    }
}
