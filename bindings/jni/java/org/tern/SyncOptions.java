package org.tern;

import java.time.Duration;

/** How a sync runs. */
public final class SyncOptions {
    /** Is told between the steps of a sync, on its thread and with no lock held. */
    public interface Listener {
        void onProgress(SyncProgress progress);
    }

    int pageRows;
    int pushBytes;
    int maxAttempts;
    long waitLimitMs = 30_000;
    @Nullable
    Listener listener;

    /** Rows asked for in one answer; 5,000 by default. */
    public SyncOptions pageRows(int rows) {
        pageRows = rows;
        return this;
    }

    /** Most bytes of entries in one request, before compression; 1 MiB by default. */
    public SyncOptions pushBytes(int bytes) {
        pushBytes = bytes;
        return this;
    }

    /** Consecutive failures before the sync gives up; 5 by default. */
    public SyncOptions maxAttempts(int attempts) {
        maxAttempts = attempts;
        return this;
    }

    /**
     * How long the sync may wait in all where the server or its failures say so; 30 seconds by default. Zero where something
     * else owns the retries, as WorkManager does: the sync then ends with what it would have waited for.
     */
    public SyncOptions waitLimit(Duration limit) {
        waitLimitMs = limit.toMillis();
        return this;
    }

    public SyncOptions listener(@Nullable Listener own) {
        listener = own;
        return this;
    }
}
