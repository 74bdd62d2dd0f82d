package org.tern;

import java.util.UUID;

/** One medication as it stands, or as a version of its prescription has it. */
public final class Medication {
    /** Whether it has doses to come, and if not, why; in the order of {@code tern_medication_state}. */
    public enum State {
        SCHEDULED, PRN, WORDS, TIMELESS, TO_COME, OVER, INACTIVE, SNAPSHOT, DOSAGE
    }

    private static final State[] STATES = State.values();

    public final UUID id;
    public final UUID prescription;
    public final int rowNumber;
    @Nullable
    public final String name;
    @Nullable
    public final String nameKhmer;
    @Nullable
    public final String imageUrl;
    /** JSON. */
    @Nullable
    public final String morningDosage;
    @Nullable
    public final String daytimeDosage;
    @Nullable
    public final String nightDosage;
    @Nullable
    public final String frequency;
    @Nullable
    public final String timing;
    /** 0: open. */
    public final int durationDays;
    public final boolean isPrn;
    /** JSON. */
    @Nullable
    public final String prnTimes;
    public final State state;

    Medication(Unpack out) {
        id = out.id();
        prescription = out.id();
        rowNumber = out.number();
        name = out.textValue();
        nameKhmer = out.textValue();
        imageUrl = out.textValue();
        morningDosage = out.textValue();
        daytimeDosage = out.textValue();
        nightDosage = out.textValue();
        frequency = out.textValue();
        timing = out.textValue();
        durationDays = out.number();
        isPrn = out.flag();
        prnTimes = out.textValue();
        state = STATES[out.number()];
    }
}
