package org.tern;

import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.Collections;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The safety net below objects that an app forgot to close: what they held is given back when the next ones are opened.
 *
 * <p>It needs no thread of its own, and nothing that Android 7 has not (java.lang.ref.Cleaner came with Android 13).
 */
final class Reaper {
    private static final ReferenceQueue<Object> QUEUE = new ReferenceQueue<>();
    private static final Set<Watch> WATCHED = Collections.newSetFromMap(new ConcurrentHashMap<>());
    private static final Queue<Watch> DUE = new ConcurrentLinkedQueue<>(); /* unreachable, and not given back yet */

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

    /** Is no business of the call that it is part of: what cannot be given back now is tried again with the next one. */
    static void reap() {
        if (Upcalls.isRunning()) { // where nothing may be closed
            return;
        }
        for (Reference<?> found = QUEUE.poll(); found != null; found = QUEUE.poll()) {
            DUE.add((Watch) found);
        }
        for (int left = DUE.size(); left > 0; left--) {
            Watch watch = DUE.poll();
            if (watch != null && WATCHED.contains(watch)) {
                act(watch);
            }
        }
    }

    private static void act(Watch watch) {
        try {
            watch.action.run();
            WATCHED.remove(watch);
        } catch (RuntimeException | Error e) { // such as a replica that this thread has a transaction of
            DUE.add(watch);
        }
    }
}
