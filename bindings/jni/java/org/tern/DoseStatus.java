package org.tern;

/** What became of a dose; in the order of {@code tern_dose_status}. */
public enum DoseStatus {
    DUE, TAKEN_ON_TIME, TAKEN_LATE, MISSED, SKIPPED;

    private static final DoseStatus[] ALL = values();

    static DoseStatus of(int number) {
        return ALL[number];
    }
}
