package org.tern;

import java.time.LocalDate;
import java.util.List;
import java.util.UUID;

/** How many of the doses that were due were taken. */
public final class Adherence {
    /** What a sum is of; in the order of {@code tern_adherence_by}. */
    public enum By {
        ALL, DAY, PERIOD, MEDICATION
    }

    /** What is asked; by default of the replica's user, over the last 30 days. */
    public static final class Query {
        @Nullable
        public UUID patient;
        @Nullable
        public UUID medication;
        @Nullable
        public LocalDate firstDate;
        @Nullable
        public LocalDate lastDate;
        public By by = By.ALL;
    }

    /** One sum. */
    public static final class Sum {
        /** Of a sum by day. */
        @Nullable
        public final LocalDate date;
        /** Of a sum by medication; else nil. */
        public final UUID medication;
        /** Of a sum by period. */
        public final TimePeriod period;
        public final long onTime;
        public final long late;
        public final long skipped;
        public final long missed;
        /** On time and late. */
        public final long taken;
        /** And skipped and missed. */
        public final long scheduled;

        Sum(Unpack out) {
            String day = out.text();
            date = day == null || day.isEmpty() ? null : LocalDate.parse(day);
            medication = out.id();
            period = TimePeriod.of(out.number());
            onTime = out.big();
            late = out.big();
            skipped = out.big();
            missed = out.big();
            taken = out.big();
            scheduled = out.big();
        }
    }

    public final List<Sum> sums;
    /** False where the days asked for reach back to before the rows that this replica had when its sums were first made. */
    public final boolean isWhole;

    Adherence(List<Sum> sums, boolean isWhole) {
        this.sums = sums;
        this.isWhole = isWhole;
    }
}
