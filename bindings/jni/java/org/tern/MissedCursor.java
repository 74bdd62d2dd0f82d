package org.tern;

import java.util.UUID;

/** How far storing missed doses has come. */
public final class MissedCursor {
    /** The beginning. */
    public static final MissedCursor START = new MissedCursor(0, new UUID(0, 0), 0, true);

    /** How many doses the call stored as missed. */
    public final int missed;
    /** Whether a further call has more to look at. */
    public final boolean hasMore;
    final long scheduledMicros;
    final UUID dose;

    private MissedCursor(long scheduledMicros, UUID dose, int missed, boolean hasMore) {
        this.scheduledMicros = scheduledMicros;
        this.dose = dose;
        this.missed = missed;
        this.hasMore = hasMore;
    }

    static MissedCursor of(Unpack out) {
        int missed = out.number();
        boolean more = out.flag();
        long scheduled = out.big();
        return new MissedCursor(scheduled, out.id(), missed, more);
    }
}
