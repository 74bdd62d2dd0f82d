package org.tern;

import java.time.Instant;

/** What a subscription allows, and how much of it is used. */
public final class Quota {
    /** In the order of {@code tern_tier}. */
    public enum Tier {
        FREEMIUM, PREMIUM, FAMILY_PREMIUM
    }

    private static final Tier[] TIERS = Tier.values();

    public final Tier tier;
    /** By membership in somebody else's FAMILY_PREMIUM. */
    public final boolean isShared;
    /** And allows no more than FREEMIUM does. */
    public final boolean isExpired;
    /** Null: never. */
    @Nullable
    public final Instant expires;
    public final long allowedBytes;
    /** By the server. */
    public final long countedBytes;
    /** When; null: never. */
    @Nullable
    public final Instant counted;
    /** By this device since; 0 for another's record than the user's. */
    public final long addedBytes;
    /** Counted and added. */
    public final long usedBytes;

    Quota(Unpack out) {
        tier = TIERS[out.number()];
        isShared = out.flag();
        isExpired = out.flag();
        expires = time(out.big());
        allowedBytes = out.big();
        countedBytes = out.big();
        counted = time(out.big());
        addedBytes = out.big();
        usedBytes = out.big();
    }

    @Nullable
    private static Instant time(long micros) {
        return micros == 0 ? null : Micros.instant(micros);
    }
}
