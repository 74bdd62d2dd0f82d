package org.tern;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** What has changed of the reminders since a cursor. */
public final class Reminders {
    /** The reminder of one dose. */
    public static final class Reminder {
        private static final int RINGS = 4;

        /** Names the reminder. */
        public final UUID dose;
        /** Take it back; else set it, in place of an earlier one of the dose. */
        public final boolean isCancelled;
        public final Instant scheduled;
        private final Instant[] rings = new Instant[RINGS];

        Reminder(Unpack out) {
            dose = out.id();
            isCancelled = out.flag();
            scheduled = Micros.instant(out.big());
            for (int i = 0; i < RINGS; i++) {
                rings[i] = Micros.instant(out.big());
            }
        }

        /** When to ring: at the scheduled time and after each third of the grace. Those that have passed are to be left out. */
        public Instant[] rings() {
            return rings.clone();
        }
    }

    public final List<Reminder> changed;
    /** To be kept by the app and given to the next call. */
    public final long cursor;

    Reminders(List<Reminder> changed, long cursor) {
        this.changed = changed;
        this.cursor = cursor;
    }
}
