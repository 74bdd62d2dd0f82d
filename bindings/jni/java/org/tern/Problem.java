package org.tern;

/** What stood in the way of a medication call, as {@code tern/medication/care.h} lists them; NONE: the engine failed, and
 * {@link TernException#code()} says how. */
public enum Problem {
    NONE(0),
    NO_DOSE(1),
    NO_MEDICATION(2),
    NO_PRESCRIPTION(3),
    NO_PATIENT(4),
    TOO_EARLY(5),
    TOO_LATE(6),
    AHEAD(7),
    RECORDED(8),
    NOT_RECORDED(9),
    NOT_PRN(10),
    STATUS(11),
    REASON(12),
    URGENT_REASON(13),
    NO_MEDICATIONS(14),
    GRACE(15),
    MEAL_TIME(16),
    ZONE(17),
    DATE(18),
    QUOTA(19),
    SETTING(20),
    NO_VERSION(21),
    NO_ALERT(22),
    OVERTAKEN(23),
    END_DATE(24),
    PRN_TIME(25),
    NOT_PATIENT(26),
    MISSING(27),
    TOO_LONG(28),
    OUT_OF_RANGE(29),
    CHOICE(30),
    DOSAGE(31),
    NOT_TEXT(32),
    TIMES(33);

    private static final Problem[] BY_NUMBER = new Problem[128];

    static {
        for (Problem one : values()) {
            BY_NUMBER[one.number] = one;
        }
    }

    private final int number;

    Problem(int number) {
        this.number = number;
    }

    /** The number of the C interface; it never changes. */
    public int number() {
        return number;
    }

    static Problem of(int number) {
        Problem found = number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
        return found != null ? found : NONE;
    }
}
