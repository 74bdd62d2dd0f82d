package org.tern;

import java.time.Duration;
import java.time.Instant;

/** Where the replica stands. */
public final class ReplicaStatus {
    public final long pending;
    public final long acked;
    public final long quarantined;
    public final long locked;
    /** Records held. */
    public final long scopes;
    /** Of which a download is under way. */
    public final long scopesPartial;
    /** When a sync last ended well; null for never. */
    @Nullable
    public final Instant lastSync;
    /** Of the last sync; OK. */
    public final ErrorCode lastError;
    /** The server's clock minus this one's, as last measured; null where it was not. */
    @Nullable
    public final Duration serverOffset;
    public final boolean clockSuspect;
    /** Own times that the server moved. */
    public final long stampsCapped;
    public final int schemaVersion;

    ReplicaStatus(Unpack out) {
        pending = out.big();
        acked = out.big();
        quarantined = out.big();
        locked = out.big();
        scopes = out.big();
        scopesPartial = out.big();
        long last = out.big();
        lastSync = last == 0 ? null : Micros.instant(last);
        lastError = ErrorCode.of(out.number());
        long offset = out.big();
        serverOffset = out.flag() ? Duration.ofSeconds(Math.floorDiv(offset, 1_000_000L),
            Math.floorMod(offset, 1_000_000L) * 1000) : null;
        clockSuspect = out.flag();
        stampsCapped = out.big();
        schemaVersion = out.number();
    }
}
