package org.tern;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** The open cursors of a transaction or a snapshot, which end with it and belong to its thread. */
final class Cursors {
    private final Set<Cursor> open = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Thread owner = Thread.currentThread();
    private final String what;
    private volatile boolean over;

    Cursors(String what) {
        this.what = what;
    }

    void check() {
        if (over) {
            throw TernException.misuse("the " + what + " is over");
        }
        if (Thread.currentThread() != owner) {
            throw TernException.misuse("a " + what + " is used by its own thread only");
        }
        Upcalls.checkNone();
    }

    Cursor add(Cursor cursor) {
        open.add(cursor);
        return cursor;
    }

    /** False where the end of the owner has closed it, or is about to. */
    boolean forget(Cursor cursor) {
        if (over) {
            return false;
        }
        check();
        open.remove(cursor);
        return true;
    }

    void end() {
        check();
        for (Cursor cursor : new ArrayList<>(open)) {
            cursor.close();
        }
        over = true;
    }
}
