package org.tern;

/** A half of the day; in the order of {@code tern_time_period}. */
public enum TimePeriod {
    DAYTIME, NIGHT;

    static TimePeriod of(int number) {
        return number == 0 ? DAYTIME : NIGHT;
    }
}
