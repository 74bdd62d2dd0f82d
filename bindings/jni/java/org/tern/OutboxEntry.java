package org.tern;

import java.time.Instant;
import java.util.UUID;

/** One transaction of the outbox. */
public final class OutboxEntry {
    /** Where it stands; in the order of {@code tern_entry_state}. */
    public enum State {
        /** Not yet acknowledged. */
        PENDING,
        /** Durable on the server; kept in case it comes back from a backup. */
        ACKED,
        /** Rejected, or broken by what others did; waits for retry or discard. */
        QUARANTINED,
        /** Its rows are no longer granted to this user. */
        LOCKED,
        /** Given up; its values are on their way to the audit. */
        DISCARDED
    }

    private static final State[] STATES = State.values();

    public final long ordinal;
    public final UUID tx;
    /** The author's. */
    public final UUID device;
    public final State state;
    public final Instant time;
    /** The server's, 0 before. */
    public final long number;
    public final long sizeBytes;
    /** Rows. */
    public final int changes;
    public final int attempts;
    /** Why it is quarantined or locked. */
    public final ErrorCode reason;
    /** A sentence; empty without one. */
    public final String detail;
    /** Ordinal of the rejected entry that it depends on; 0 for none. */
    public final long waitsFor;

    OutboxEntry(Unpack out) {
        ordinal = out.big();
        tx = out.id();
        device = out.id();
        state = STATES[out.number()];
        time = Micros.instant(out.big());
        number = out.big();
        sizeBytes = out.big();
        changes = out.number();
        attempts = out.number();
        reason = ErrorCode.of(out.number());
        String sentence = out.text();
        detail = sentence == null ? "" : sentence;
        waitsFor = out.big();
    }
}
