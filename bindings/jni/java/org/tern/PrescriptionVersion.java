package org.tern;

import java.time.Instant;
import java.util.UUID;

/** A version of a prescription; it never changes. */
public final class PrescriptionVersion {
    public final UUID id;
    public final int version;
    /** Nil: not known. */
    public final UUID author;
    @Nullable
    public final String reason;
    public final Instant created;
    public final boolean isCurrent;
    /** JSON, an array of its medications. */
    @Nullable
    public final String snapshot;

    PrescriptionVersion(Unpack out) {
        id = out.id();
        version = out.number();
        author = out.id();
        reason = out.textValue();
        created = Micros.instant(out.big());
        isCurrent = out.flag();
        snapshot = out.textValue();
    }
}
