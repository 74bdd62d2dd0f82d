package org.tern;

import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * What was prescribed of one medicine, to be filled in, and the doses that it yields: a pure function, of no replica. The words
 * that it takes: docs/MEDICATION.md.
 */
public final class Regimen {
    /** The slots of a day; sets of their bits. */
    public static final int MORNING = 1;
    public static final int DAYTIME = 2;
    public static final int NIGHT = 4;

    /** One dose to come. */
    public static final class Planned {
        public final LocalDate date;
        /** MORNING, DAYTIME, NIGHT, or HH:MM. */
        public final String slot;
        public final Instant scheduled;
        public final TimePeriod period;
        /** HH:MM that the patient's clock will show. */
        public final String reminderTime;
        public final int graceMinutes;

        Planned(Unpack out) {
            date = LocalDate.parse(String.valueOf(out.text()));
            slot = String.valueOf(out.text());
            scheduled = Micros.instant(out.big());
            period = TimePeriod.of(out.number());
            reminderTime = String.valueOf(out.text());
            graceMinutes = out.number();
        }
    }

    /** What a regimen yields. */
    public static final class Plan {
        public final List<Planned> doses;
        /** False where the words are none that a schedule can be made of, and then there is no dose. */
        public final boolean isUnderstood;

        Plan(List<Planned> doses, boolean isUnderstood) {
            this.doses = doses;
            this.isUnderstood = isUnderstood;
        }
    }

    /** The patient's, an IANA name. */
    public final String zone;
    public final LocalDate startDate;
    /** The last day; null: open. */
    @Nullable
    public LocalDate endDate;
    /** 0: open. */
    public int durationDays;
    /** Those that have a dosage. */
    public int slots;
    /** Those of them that come before the meal. */
    public int beforeMeal;
    @Nullable
    public String frequency;
    @Nullable
    public String timing;
    /** Taken as needed: never scheduled. */
    public boolean isPrn;
    /** Of the day. */
    public int morningMeal = 7 * 60;
    public int afternoonMeal = 12 * 60;
    public int nightMeal = 18 * 60;
    public int graceMinutes = 30;

    public Regimen(String zone, LocalDate startDate) {
        this.zone = zone;
        this.startDate = startDate;
    }

    /** The doses of as many local days (at most 400) from the first one on, with the zones of java.time. */
    public Plan plan(LocalDate first, int days) {
        return plan(first, days, JavaZones.INSTANCE);
    }

    public Plan plan(LocalDate first, int days, Ports.Zones zones) {
        Pack pack = new Pack(256).text(zone).text(startDate.toString()).text(endDate == null ? null : endDate.toString())
            .number(durationDays).number(slots).number(beforeMeal).text(frequency).text(timing).flag(isPrn)
            .number(morningMeal).number(afternoonMeal).number(nightMeal).number(graceMinutes)
            .text(first.toString()).number(days);
        long ports = new Upcalls(new Ports(), zones).open();
        try {
            Unpack out = Unpack.of(Native.schedulePlan(ports, pack.bytes()));
            List<Planned> doses = new ArrayList<>();
            while (out.flag()) {
                doses.add(new Planned(out));
            }
            return new Plan(doses, out.flag());
        } finally {
            Native.portsFree(ports);
        }
    }
}
