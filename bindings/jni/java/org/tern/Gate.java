package org.tern;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who is inside a replica: calls enter and leave, and closing lets no new one in and waits for the last to leave.
 *
 * <p>A thread that is inside already may enter again, so that a transaction which is running ends as it would have.
 */
final class Gate {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ThreadLocal<int[]> mine = ThreadLocal.withInitial(() -> new int[1]);
    private final boolean allowsMain;
    private int inside;
    private boolean shut;
    private boolean finished;

    Gate(boolean allowsMain) {
        this.allowsMain = allowsMain;
    }

    /** Refuses the main thread, unless it is allowed. */
    void checkThread() {
        MainThread.check(allowsMain);
    }

    void enter() {
        checkThread();
        enterBriefly();
    }

    /** As {@link #enter}, by any thread: for what neither touches the disk nor waits, and for what the reaper closes. */
    void enterBriefly() {
        Upcalls.checkNone();
        int[] depth = mine.get();
        if (depth[0] == 0) {
            lock.lock();
            try {
                if (shut) {
                    throw TernException.misuse("the replica is closed");
                }
                inside++;
            } finally {
                lock.unlock();
            }
        }
        depth[0]++;
        LogLines.enter();
    }

    void leave() {
        int[] depth = mine.get();
        depth[0]--;
        if (depth[0] == 0) {
            lock.lock();
            try {
                inside--;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
        LogLines.leave();
    }

    boolean isShut() {
        lock.lock();
        try {
            return shut;
        } finally {
            lock.unlock();
        }
    }

    /** True for the one caller that is to close; the others wait until it has. */
    boolean shut() {
        if (Upcalls.isRunning() || mine.get()[0] > 0) {
            throw TernException.misuse("a replica cannot be closed from inside one of its calls");
        }
        lock.lock();
        try {
            if (!shut) {
                shut = true;
                return true;
            }
            while (!finished) {
                changed.awaitUninterruptibly();
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    void drain() {
        lock.lock();
        try {
            while (inside > 0) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    void finish() {
        lock.lock();
        try {
            finished = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
