package org.tern;

/** How far a sync has come. */
public final class SyncProgress {
    /** Acknowledged in this sync. */
    public final long sentTxs;
    /** Still to send. */
    public final long pendingTxs;
    /** Downloaded in this sync. */
    public final long rows;
    public final long scopesDone;
    public final long roundTrips;

    SyncProgress(Unpack out) {
        sentTxs = out.big();
        pendingTxs = out.big();
        rows = out.big();
        scopesDone = out.big();
        roundTrips = out.big();
    }

    @Override
    public String toString() {
        return "sent " + sentTxs + ", pending " + pendingTxs + ", rows " + rows + ", round trips " + roundTrips;
    }
}
