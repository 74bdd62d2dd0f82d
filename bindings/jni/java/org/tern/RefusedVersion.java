package org.tern;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A version that its author wrote here and that was not taken: the text to write anew from. */
public final class RefusedVersion {
    /** Of its entry: for {@link Replica#discard} and {@link Replica#changesOf}. */
    public final long ordinal;
    /** OVERTAKEN, or NONE: the reason says why. */
    public final Problem problem;
    public final ErrorCode reason;
    public final Instant time;
    public final UUID prescription;
    public final int version;
    @Nullable
    public final String changeReason;
    /** JSON: what else it said, column to value; null: nothing. */
    @Nullable
    public final String clinical;
    /** JSON, an array of its medications. */
    @Nullable
    public final String snapshot;
    public final List<Medication> medications = new ArrayList<>();

    private RefusedVersion(Unpack out) {
        ordinal = out.big();
        problem = Problem.of(out.number());
        reason = ErrorCode.of(out.number());
        time = Micros.instant(out.big());
        prescription = out.id();
        version = out.number();
        changeReason = out.textValue();
        clinical = out.textValue();
        snapshot = out.textValue();
    }

    /** A version comes once for each of its medications. */
    static List<RefusedVersion> list(Unpack out) {
        List<RefusedVersion> all = new ArrayList<>();
        while (out.flag()) {
            RefusedVersion next = new RefusedVersion(out);
            RefusedVersion last = all.isEmpty() ? null : all.get(all.size() - 1);
            if (last == null || last.ordinal != next.ordinal || !last.prescription.equals(next.prescription)
                || last.version != next.version) {
                all.add(next);
                last = next;
            }
            if (out.flag()) {
                last.medications.add(new Medication(out));
            }
        }
        return all;
    }
}
