package org.tern;

import java.time.Instant;

/** How a dose was taken. */
public final class TakeOptions {
    @Nullable
    Instant taken;
    boolean insist;
    boolean wasOffline;

    /** When; now by default. */
    public TakeOptions taken(@Nullable Instant when) {
        taken = when;
        return this;
    }

    /** Stores, and flags, what lies outside the windows. */
    public TakeOptions insist(boolean yes) {
        insist = yes;
        return this;
    }

    /** The app had no network. */
    public TakeOptions wasOffline(boolean yes) {
        wasOffline = yes;
        return this;
    }

    Pack pack(Pack head) {
        return head.big(taken == null ? 0 : Micros.of(taken)).flag(insist).flag(wasOffline);
    }
}
