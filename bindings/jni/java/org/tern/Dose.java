package org.tern;

import java.time.Instant;
import java.util.UUID;

/** One dose of a day's list. */
public final class Dose {
    public final UUID id;
    public final UUID prescription;
    public final UUID medication;
    public final Instant scheduled;
    /** MORNING, DAYTIME, NIGHT or a local time. */
    @Nullable
    public final String slot;
    public final TimePeriod period;
    @Nullable
    public final String reminderTime;
    public final int graceMinutes;
    public final DoseStatus status;
    /** Null: not taken. */
    @Nullable
    public final Instant taken;
    @Nullable
    public final String skipReason;
    /** Words between spaces: EARLY, AFTER_24H, AHEAD, CLOCK. */
    @Nullable
    public final String flags;
    public final boolean wasOffline;
    @Nullable
    public final String medicineName;
    @Nullable
    public final String medicineNameKhmer;
    /** JSON; null where the dose has no slot of the day. */
    @Nullable
    public final String dosage;

    Dose(Unpack out) {
        id = out.id();
        prescription = out.id();
        medication = out.id();
        scheduled = Micros.instant(out.big());
        slot = out.textValue();
        period = TimePeriod.of(out.number());
        reminderTime = out.textValue();
        graceMinutes = out.number();
        status = DoseStatus.of(out.number());
        long at = out.big();
        taken = at == 0 ? null : Micros.instant(at);
        skipReason = out.textValue();
        flags = out.textValue();
        wasOffline = out.flag();
        medicineName = out.textValue();
        medicineNameKhmer = out.textValue();
        dosage = out.textValue();
    }
}
