package org.tern;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/** What has changed of a patient's reminders since a cursor, or all of them. */
public final class Reminders {
    /** The reminder of one dose, or of a time that the patient has set. */
    public static final class Reminder {
        private static final int RINGS = 4;

        /** Names the reminder. */
        public final UUID dose;
        /** Take it back; else set it, in place of an earlier one of the dose. */
        public final boolean isCancelled;
        public final Instant scheduled;
        private final Instant[] rings;
        /** Of a time that the patient has set for what is taken as needed: no dose has its name. */
        public final boolean isPrn;
        /** Nil of one that is cancelled. */
        public final UUID medication;
        /** What a notification says, as the next two; null of one that is cancelled. */
        @Nullable
        public final String medicineName;
        @Nullable
        public final String medicineNameKhmer;
        /** JSON; null of what is scheduled by words, and as needed. */
        @Nullable
        public final String dosage;

        Reminder(Unpack out) {
            dose = out.id();
            isCancelled = out.flag();
            scheduled = Micros.instant(out.big());
            Instant[] times = new Instant[RINGS];
            for (int i = 0; i < RINGS; i++) {
                times[i] = Micros.instant(out.big());
            }
            rings = Arrays.copyOf(times, out.number());
            isPrn = out.flag();
            medication = out.id();
            medicineName = out.textValue();
            medicineNameKhmer = out.textValue();
            dosage = out.textValue();
        }

        /**
         * When to ring, by the device's own clock, also where a sync has found that wrong: at the scheduled time and after each third of the grace; one alone where
         * isPrn. Those that have passed are to be left out.
         */
        public Instant[] rings() {
            return rings.clone();
        }
    }

    public final List<Reminder> changed;
    /** To be kept by the app for this patient, and given to the next call. */
    public final long cursor;
    /** These are all there are: what the app has set for this patient and is not among them is to be removed. */
    public final boolean isAll;

    Reminders(List<Reminder> changed, long cursor, boolean isAll) {
        this.changed = changed;
        this.cursor = cursor;
        this.isAll = isAll;
    }
}
