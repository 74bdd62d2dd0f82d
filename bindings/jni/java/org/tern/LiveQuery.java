package org.tern;

import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** A read that runs again whenever its tables have changed; see {@link Replica#watch}. */
public final class LiveQuery<T> implements AutoCloseable {
    /** Is told on the query's executor, one result after the other. */
    public interface Listener<T> {
        void onResult(@Nullable T result);

        /**
         * A run failed; the next change runs it again. What the body or the listener throws besides goes to the thread's
         * handler of uncaught exceptions, and to nobody who writes; the query lives on.
         */
        default void onError(TernException error) {
        }
    }

    private final Core core; /* not the replica: a running query is no reason to keep one that was forgotten */
    private final String[] tables;
    private final Executor executor;
    private final Replica.Read<T> body;
    private final Listener<T> listener;
    private final Object lock = new Object();
    private long[] seen;
    private boolean scheduled;
    private boolean closed;

    LiveQuery(Core core, Set<String> tables, Executor executor, Replica.Read<T> body, Listener<T> listener) {
        this.core = core;
        this.tables = tables.toArray(new String[0]);
        this.executor = executor;
        this.body = body;
        this.listener = listener;
    }

    long[] count() {
        long[] counts = new long[tables.length];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = core.changes(tables[i]);
        }
        return counts;
    }

    /** Asks for a run if rows have changed since the last one began. */
    void look() {
        synchronized (lock) {
            if (closed || scheduled) {
                return;
            }
            try {
                if (seen != null && Arrays.equals(seen, count())) {
                    return;
                }
            } catch (TernException e) { // the replica is closed
                return;
            }
            scheduled = true;
        }
        try {
            executor.execute(this::run);
        } catch (RejectedExecutionException e) { // whoever shut the executor down wants no more
            close();
        } catch (RuntimeException | Error e) { // it may take the run of the next change
            isOver();
            handOver(e);
        }
    }

    private void isOver() {
        synchronized (lock) {
            scheduled = false;
        }
    }

    /** This may be the thread of a writer, whose rows are committed. */
    private static void handOver(Throwable thrown) {
        Thread own = Thread.currentThread();
        try {
            own.getUncaughtExceptionHandler().uncaughtException(own, thrown);
        } catch (Throwable e) { // as where a thread ends by it
        }
    }

    private void run() {
        try {
            runOnce();
        } catch (Throwable e) { // an app's
            handOver(e);
        } finally {
            isOver();
        }
        look();
    }

    private void runOnce() {
        T result = null;
        TernException error = null;
        try {
            long[] counts = count(); // first, so that what comes after is seen as a change
            synchronized (lock) {
                seen = counts;
            }
            result = core.read(body);
        } catch (TernException e) {
            if (core.gate.isShut()) {
                close();
            }
            error = e;
        }
        tell(result, error);
    }

    private void tell(@Nullable T result, @Nullable TernException error) {
        synchronized (lock) {
            if (closed) {
                return;
            }
        }
        if (error != null) {
            listener.onError(error);
        } else {
            listener.onResult(result);
        }
    }

    /** Ends it. A result that is being told right then may still arrive; none after it. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
        }
        core.live.remove(this);
    }
}
