package org.tern;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The medication calls of a replica of the schema document "dastern". Each is one short transaction, or one read; after a
 * failure nothing has changed, and {@link TernException#problem()} says what stood in the way.
 *
 * <p>Any thread may use it, outside of transactions. Where a patient may be null, the replica's user is meant. The rules:
 * docs/MEDICATION.md.
 */
public final class Care implements AutoCloseable {
    private static final int ACTIVATE = 0;
    private static final int PAUSE = 1;
    private static final int RESUME = 2;
    private static final int END = 3;
    private static final int LANGUAGE = 0;
    private static final int THEME = 1;
    private static final int GRACE = 2;
    private static final int TIME_ZONE = 3;
    private static final int MEALS = 4;

    /** The native side. */
    private static final class Link implements Core.Child {
        private final Core core;
        private final long ports;
        private long care; /* 0: closed */

        private Link(Core core, Ports.Zones zones) {
            this.core = core;
            core.gate.enter();
            try {
                ports = new Upcalls(new Ports(), zones).open();
                try {
                    care = Unpack.handle(Native.careOpen(ports, new Pack().big(core.handle()).bytes()));
                    core.add(this);
                } catch (RuntimeException | Error e) {
                    if (care != 0) {
                        Native.careClose(care, null);
                    }
                    Native.portsFree(ports);
                    throw e;
                }
            } finally {
                core.gate.leave();
            }
        }

        private Unpack call(Core.Call what, @Nullable Pack arguments) {
            core.checkIdle();
            core.gate.enter();
            try {
                synchronized (this) {
                    if (care == 0) {
                        throw TernException.misuse("the medication handle is closed");
                    }
                    return Unpack.of(what.run(care, arguments == null ? null : arguments.bytes()));
                }
            } finally {
                core.gate.leave();
            }
        }

        private void close() {
            core.release(this);
        }

        @Override
        public void stop() {
        }

        @Override
        public synchronized void free() {
            if (care != 0) {
                Native.careClose(care, null);
                Native.portsFree(ports);
                care = 0;
                core.remove(this);
            }
        }
    }

    @SuppressWarnings("unused")
    private final Replica replica; /* kept, lest it be taken for forgotten */
    private final Core core;
    private final Link link;
    private final Reaper.Watch watch;

    Care(Replica replica, Core core, Ports.Zones zones) {
        core.gate.checkThread();
        Reaper.reap();
        Link opened = new Link(core, zones);
        this.replica = replica;
        this.core = core;
        this.link = opened;
        this.watch = Reaper.watch(this, opened::close);
    }

    @Override
    public void close() {
        core.gate.checkThread();
        watch.cancel();
        link.close();
    }

    private Unpack read(Core.Call what, Pack arguments) {
        return link.call(what, arguments);
    }

    private Unpack write(Core.Call what, Pack arguments) {
        Unpack out = link.call(what, arguments);
        core.changed();
        return out;
    }

    /* ---- Schedules ---- */

    /** Makes the doses of the next 30 days, and moves future ones whose time has changed. */
    public ScheduleReport generateSchedule(@Nullable UUID patient) {
        return new ScheduleReport(write(Native::scheduleGenerate, new Pack().idOrNone(patient)));
    }

    /* ---- Doses ---- */

    /** The doses of a local day, by time. */
    public List<Dose> doses(@Nullable UUID patient, LocalDate date) {
        Unpack out = read(Native::doseList, new Pack().idOrNone(patient).text(date.toString()));
        List<Dose> doses = new ArrayList<>();
        while (out.flag()) {
            doses.add(new Dose(out));
        }
        return doses;
    }

    /** One dose as its day's list has it. Problem NO_DOSE, also of one that the list leaves out. */
    public Dose dose(UUID dose) {
        Unpack out = read(Native::doseRead, new Pack().id(dose));
        out.flag();
        return new Dose(out);
    }

    /**
     * Records a dose as taken now. Problems NO_DOSE, NOT_PATIENT, RECORDED, TOO_EARLY, TOO_LATE, AHEAD;
     * DATE, of a time in no year from 1 to 9999.
     */
    public DoseStatus take(UUID dose) {
        return take(dose, new TakeOptions());
    }

    public DoseStatus take(UUID dose, TakeOptions options) {
        return DoseStatus.of(write(Native::doseTake, options.pack(new Pack().id(dose))).number());
    }

    /** Records a dose of a medication that is taken as needed; gives its id. */
    public UUID takeAsNeeded(UUID medication, TakeOptions options) {
        return write(Native::doseTakePrn, options.pack(new Pack().id(medication))).id();
    }

    /**
     * Sets the minutes of the patient's day at which to be reminded of a medicine that is taken as needed; none: no
     * reminders. Problems NO_MEDICATION, NOT_PRN, NOT_PATIENT, PRN_TIME.
     */
    public void setPrnTimes(UUID medication, int... minutes) {
        Pack pack = new Pack().id(medication).number(minutes.length);
        for (int minute : minutes) {
            pack.number(minute);
        }
        write(Native::medicationSetPrnTimes, pack);
    }

    public void skip(UUID dose, @Nullable String reason, boolean wasOffline) {
        write(Native::doseSkip, new Pack().id(dose).text(reason).flag(wasOffline));
    }

    /** Takes a record back: the dose is due again. */
    public void undo(UUID dose) {
        write(Native::doseUndo, new Pack().id(dose));
    }

    /** Stores doses as missed whose grace has passed, at most {@code limit} looked at. */
    public MissedCursor inferMissed(@Nullable UUID patient, int limit, MissedCursor from) {
        return MissedCursor.of(write(Native::dosesInferMissed,
            new Pack().idOrNone(patient).number(limit).big(from.scheduledMicros).id(from.dose)));
    }

    /* ---- Prescriptions ---- */

    /** Creates a prescription, a draft; gives its id. */
    public UUID createPrescription(Prescription sheet, @Nullable String reason) {
        return write(Native::prescriptionCreate, sheet.pack(new Pack(512).text(reason))).id();
    }

    /**
     * Writes a new version with all that stands in it; gives its number. Problem OVERTAKEN, and nothing changes, where
     * another version stands by now than the sheet was written from.
     */
    public int editPrescription(UUID prescription, Prescription sheet, String reason) {
        return write(Native::prescriptionEdit, sheet.pack(new Pack(512).text(reason).id(prescription))).number();
    }

    private void move(int step, UUID prescription) {
        write(Native::prescriptionMove, new Pack().number(step).id(prescription));
    }

    public void activatePrescription(UUID prescription) {
        move(ACTIVATE, prescription);
    }

    public void pausePrescription(UUID prescription) {
        move(PAUSE, prescription);
    }

    public void resumePrescription(UUID prescription) {
        move(RESUME, prescription);
    }

    /** Ends it for good. */
    public void endPrescription(UUID prescription) {
        move(END, prescription);
    }

    /**
     * Takes an ended prescription up again, as a new draft of what it held; gives its id. Dates are those of the new one,
     * null: from today, and open. Problems NO_PRESCRIPTION, STATUS, NO_MEDICATIONS, DATE, END_DATE, NOT_TEXT, QUOTA.
     */
    public UUID retakePrescription(UUID ended, @Nullable LocalDate start, @Nullable LocalDate end,
            @Nullable String reason) {
        return write(Native::prescriptionRetake, new Pack().id(ended).text(start == null ? null : start.toString())
            .text(end == null ? null : end.toString()).text(reason)).id();
    }

    /** A patient's prescriptions, the newest first; of all statuses without any. */
    public List<PrescriptionState> prescriptions(@Nullable UUID patient, PrescriptionState.Status... statuses) {
        Unpack out = read(Native::prescriptionList, new Pack().idOrNone(patient).number(set(statuses)));
        List<PrescriptionState> all = new ArrayList<>();
        while (out.flag()) {
            all.add(new PrescriptionState(out, false));
        }
        return all;
    }

    /** One prescription with its medications. Problem NO_PRESCRIPTION. */
    public PrescriptionState prescription(UUID prescription) {
        Unpack out = read(Native::prescriptionRead, new Pack().id(prescription));
        out.flag();
        return new PrescriptionState(out, true);
    }

    /** The versions of a prescription, the first one first. */
    public List<PrescriptionVersion> versions(UUID prescription) {
        Unpack out = read(Native::prescriptionVersions, new Pack().id(prescription));
        List<PrescriptionVersion> all = new ArrayList<>();
        while (out.flag()) {
            all.add(new PrescriptionVersion(out));
        }
        return all;
    }

    /** The medications as a version has them. Problem NO_VERSION. */
    public List<Medication> snapshot(UUID prescription, int version) {
        return medications(read(Native::prescriptionSnapshot, new Pack().id(prescription).number(version)));
    }

    /** Versions that were written here and rejected whole, as where another doctor's came first. */
    public List<RefusedVersion> refusedVersions() {
        return RefusedVersion.list(read(Native::prescriptionRefused, new Pack()));
    }

    /** The medications of a patient's active prescriptions; in all states without any. */
    public List<Medication> medications(@Nullable UUID patient, Medication.State... states) {
        return medications(read(Native::medicationList, new Pack().idOrNone(patient).number(set(states))));
    }

    /** One medication. Problem NO_MEDICATION. */
    public Medication medication(UUID medication) {
        Unpack out = read(Native::medicationRead, new Pack().id(medication));
        out.flag();
        return new Medication(out);
    }

    private static List<Medication> medications(Unpack out) {
        List<Medication> all = new ArrayList<>();
        while (out.flag()) {
            all.add(new Medication(out));
        }
        return all;
    }

    private static int set(Enum<?>[] members) {
        int bits = 0;
        for (Enum<?> member : members) {
            bits |= 1 << member.ordinal();
        }
        return bits;
    }

    /* ---- Alerts ---- */

    /**
     * Makes the alerts that are due and not there yet, at most {@code limit} (1 to 500); to be called after syncs.
     *
     * @return whether a further call has more to make
     */
    public boolean inferAlerts(int limit) {
        Unpack out = write(Native::alertsInfer, new Pack().number(limit));
        out.number();
        return out.flag();
    }

    /** A page of the user's alerts, behind another one or from the newest on. */
    public Alerts alerts(boolean unreadOnly, int limit, @Nullable Alerts behind) {
        return new Alerts(read(Native::alertList, Alerts.behind(behind, new Pack().flag(unreadOnly).number(limit))));
    }

    /** How many are unread and not over. */
    public int unreadAlerts() {
        return read(Native::alertCount, new Pack()).number();
    }

    /** Marks an alert as read; null: all. Problem NO_ALERT. */
    public void markRead(@Nullable UUID alert) {
        write(Native::alertMarkRead, new Pack().idOrNone(alert));
    }

    /* ---- Quota and audit ---- */

    /** The quota of a patient's record. */
    public Quota quota(@Nullable UUID patient) {
        return new Quota(read(Native::quotaRead, new Pack().idOrNone(patient)));
    }

    /**
     * Notes that the user looks at a patient's record, once a local day of the patient: for the app of a doctor or of the
     * family, where it opens one. Problems NO_PATIENT, ZONE.
     *
     * @return whether it was noted now
     */
    public boolean noteAccess(UUID patient) {
        return write(Native::auditAccess, new Pack().id(patient)).flag();
    }

    /** A page of the audit log, behind another one or from the newest on, with its sentences in a language. */
    public AuditLog audit(AuditLog.Query query, Settings.Language language, @Nullable AuditLog behind) {
        Pack pack = new Pack().number(language.ordinal()).flag(false).idOrNone(query.person).idOrNone(query.row)
            .number(query.limit);
        return new AuditLog(read(Native::auditRead, AuditLog.behind(behind, pack)));
    }

    /* ---- Settings of the replica's user ---- */

    /** Problem NO_PATIENT where the user's row has not been downloaded yet. */
    public Settings settings() {
        return new Settings(read(Native::settingsRead, new Pack()));
    }

    private void set(int which, int number, @Nullable String first, @Nullable String second, @Nullable String third) {
        write(Native::settingsSet, new Pack().number(which).number(number).text(first).text(second).text(third));
    }

    public void setLanguage(Settings.Language language) {
        set(LANGUAGE, language.ordinal(), null, null, null);
    }

    public void setTheme(Settings.Theme theme) {
        set(THEME, theme.ordinal(), null, null, null);
    }

    /** 10, 20, 30 or 60 minutes. */
    public void setGraceMinutes(int minutes) {
        set(GRACE, minutes, null, null, null);
    }

    /** An IANA name. */
    public void setTimeZone(String zone) {
        set(TIME_ZONE, 0, zone, null, null);
    }

    /** Such as "7:00" or "6-7AM"; null: the preset. */
    public void setMeals(@Nullable String morning, @Nullable String afternoon, @Nullable String night) {
        set(MEALS, 0, morning, afternoon, night);
    }

    /* ---- Looking back and ahead ---- */

    public Adherence adherence(Adherence.Query query) {
        Unpack out = write(Native::adherenceRead, new Pack().idOrNone(query.patient).idOrNone(query.medication)
            .text(query.firstDate == null ? null : query.firstDate.toString())
            .text(query.lastDate == null ? null : query.lastDate.toString()).number(query.by.ordinal()));
        List<Adherence.Sum> sums = new ArrayList<>();
        while (out.flag()) {
            sums.add(new Adherence.Sum(out));
        }
        return new Adherence(sums, out.flag());
    }

    /** Forgets all sums, which the next reads make anew from the rows. */
    public void rebuildAdherence() {
        write(Native::adherenceRebuild, new Pack());
    }

    /**
     * What has changed of the reminders since the cursor of this patient's last read; all of them since 0 and since
     * any other, such as that of an earlier file: {@link Reminders#isAll}. Begin with 0 where the device's clock was set.
     */
    public Reminders reminders(@Nullable UUID patient, long cursor) {
        Unpack out = write(Native::remindersRead, new Pack().idOrNone(patient).big(cursor));
        List<Reminders.Reminder> changed = new ArrayList<>();
        while (out.flag()) {
            changed.add(new Reminders.Reminder(out));
        }
        return new Reminders(changed, out.big(), out.flag());
    }
}
