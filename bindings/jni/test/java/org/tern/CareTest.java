package org.tern;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The medication day through Java, with the zones of java.time. */
class CareTest {
    private static final ZoneId ZONE = ZoneId.of("Asia/Phnom_Penh");
    private static final LocalDate DAY = LocalDate.of(2026, 5, 4);

    @TempDir
    Path folder;
    private Instant now = at("06:00");
    private Replica replica;
    private Care care;

    private static Instant at(String time) {
        return LocalDateTime.parse(DAY + "T" + time).atZone(ZONE).toInstant();
    }

    @BeforeEach
    void open() {
        replica = Fixture.options(folder).ports(new Ports().clock(new Ports.Clock() {
            @Override
            public long wallMicros() {
                return Micros.of(now);
            }

            @Override
            public long monotonicMicros() {
                return Micros.of(now);
            }

            @Override
            public UUID bootId() {
                return Fixture.NEIGHBOUR;
            }
        })).open();
        Fixture.insertUser(replica, Fixture.PATIENT);
        care = replica.care();
    }

    @AfterEach
    void close() {
        care.close();
        replica.close();
    }

    private UUID prescribe() {
        Prescription sheet = new Prescription(Fixture.PATIENT, "សុខ ដារ៉ា");
        sheet.startDate = DAY;
        sheet.diagnosis = "ជំងឺលើសឈាម";
        Medicine medicine = new Medicine("Amlodipine");
        medicine.nameKhmer = "អាំឡូឌីពីន 💊";
        medicine.morningDosage = "{\"amount\":1,\"before_meal\":false}";
        medicine.nightDosage = "{\"amount\":2,\"before_meal\":true}";
        sheet.medicines.add(medicine);
        UUID id = care.createPrescription(sheet, null);
        care.activatePrescription(id);
        return id;
    }

    @Test
    void aDayIsScheduledTakenSkippedAndUndone() {
        UUID prescription = prescribe();
        ScheduleReport report = care.generateSchedule(null);
        assertEquals(60, report.made);
        assertEquals(0, care.generateSchedule(Fixture.PATIENT).made);
        List<Dose> doses = care.doses(null, DAY);
        assertEquals(2, doses.size());
        Dose morning = doses.get(0);
        assertEquals(at("07:30"), morning.scheduled);
        assertEquals("MORNING", morning.slot);
        assertEquals(TimePeriod.DAYTIME, morning.period);
        assertEquals(prescription, morning.prescription);
        assertEquals("អាំឡូឌីពីន 💊", morning.medicineNameKhmer);
        assertEquals(DoseStatus.DUE, morning.status);
        assertNull(morning.taken);
        assertEquals(at("17:30"), doses.get(1).scheduled);

        TernException early = Fixture.fails(Problem.TOO_EARLY, () -> care.take(morning.id));
        assertEquals(90, early.first());
        assertEquals(30, early.second());
        now = at("07:40");
        assertEquals(DoseStatus.TAKEN_ON_TIME, care.take(morning.id, new TakeOptions().wasOffline(true)));
        Fixture.fails(Problem.RECORDED, () -> care.take(morning.id));
        Dose taken = care.doses(null, DAY).get(0);
        assertEquals(now, taken.taken);
        assertTrue(taken.wasOffline);
        care.undo(morning.id);
        Fixture.fails(Problem.NOT_RECORDED, () -> care.undo(morning.id));
        care.skip(morning.id, "ចង្អោរ", false);
        assertEquals("ចង្អោរ", care.doses(null, DAY).get(0).skipReason);
        Fixture.fails(Problem.NO_DOSE, () -> care.take(UUID.randomUUID()));
    }

    @Test
    void prescriptionsAreEditedPausedResumedAndEnded() {
        UUID id = prescribe();
        Prescription sheet = new Prescription(Fixture.PATIENT, "សុខ ដារ៉ា");
        sheet.startDate = DAY;
        Medicine medicine = new Medicine("Losartan");
        medicine.daytimeDosage = "{\"amount\":1}";
        sheet.medicines.add(medicine);
        assertEquals(2, care.editPrescription(id, sheet, "cough"));
        Fixture.fails(Problem.REASON, () -> care.editPrescription(id, sheet, ""));
        sheet.baseVersion = 1;
        TernException overtaken = Fixture.fails(Problem.OVERTAKEN, () -> care.editPrescription(id, sheet, "cough"));
        assertEquals(2, overtaken.first());
        sheet.baseVersion = care.prescription(id).version;
        assertEquals(3, care.editPrescription(id, sheet, "cough"));
        care.pausePrescription(id);
        Fixture.fails(Problem.STATUS, () -> care.pausePrescription(id));
        care.resumePrescription(id);
        care.endPrescription(id);
        Fixture.fails(Problem.STATUS, () -> care.activatePrescription(id));
        sheet.medicines.clear();
        Fixture.fails(Problem.NO_MEDICATIONS, () -> care.createPrescription(sheet, null));
    }

    @Test
    void anEndedPrescriptionIsTakenUpAgain() {
        UUID id = prescribe();
        Fixture.fails(Problem.STATUS, () -> care.retakePrescription(id, null, null, null));
        care.endPrescription(id);
        UUID again = care.retakePrescription(id, DAY.plusDays(1), DAY.plusDays(9), "back");
        PrescriptionState made = care.prescription(again);
        assertEquals(PrescriptionState.Status.DRAFT, made.status);
        assertEquals(DAY.plusDays(1), made.startDate);
        assertEquals(DAY.plusDays(9), made.endDate);
        assertEquals("back", made.changeReason);
        assertEquals("Amlodipine", made.medications.get(0).name);
        assertEquals(PrescriptionState.Status.INACTIVE, care.prescription(id).status);
        assertEquals("PRESCRIPTION_RETAKE",
            care.audit(new AuditLog.Query(), Settings.Language.ENGLISH, null).entries.get(0).kind);
        Fixture.fails(Problem.END_DATE, () -> care.retakePrescription(id, DAY, DAY.minusDays(1), null));
    }

    @Test
    void whoLooksAtARecordIsNotedOnceADay() {
        assertFalse(care.noteAccess(Fixture.PATIENT));
        Fixture.fails(Problem.NO_PATIENT, () -> care.noteAccess(UUID.randomUUID()));
        UUID other = UUID.randomUUID();
        replica.write(tx -> tx.insert("users", new Cells().with("id", other).with("role", "PATIENT")));
        assertTrue(care.noteAccess(other));
        assertFalse(care.noteAccess(other));
        assertEquals("DATA_ACCESS",
            care.audit(new AuditLog.Query(), Settings.Language.ENGLISH, null).entries.get(0).kind);
    }

    @Test
    void oneMedicationIsRead() {
        prescribe();
        Medication listed = care.medications(null).get(0);
        Medication read = care.medication(listed.id);
        assertEquals(listed.id, read.id);
        assertEquals("អាំឡូឌីពីន 💊", read.nameKhmer);
        assertEquals(Medication.State.SCHEDULED, read.state);
        Fixture.fails(Problem.NO_MEDICATION, () -> care.medication(UUID.randomUUID()));
    }

    @Test
    void aRegimenIsPlannedWithoutAReplica() {
        Regimen regimen = new Regimen(ZONE.getId(), DAY);
        regimen.slots = Regimen.MORNING | Regimen.NIGHT;
        regimen.beforeMeal = Regimen.NIGHT;
        Regimen.Plan plan = regimen.plan(DAY, 2);
        assertTrue(plan.isUnderstood);
        assertEquals(4, plan.doses.size());
        assertEquals(at("07:30"), plan.doses.get(0).scheduled);
        assertEquals(at("17:30"), plan.doses.get(1).scheduled);
        assertEquals("NIGHT", plan.doses.get(1).slot);
        assertEquals(TimePeriod.NIGHT, plan.doses.get(1).period);
        assertEquals("17:30", plan.doses.get(1).reminderTime);
        assertEquals(DAY.plusDays(1), plan.doses.get(2).date);
        regimen.slots = 0;
        regimen.beforeMeal = 0;
        regimen.frequency = "whenever the moon allows";
        assertFalse(regimen.plan(DAY, 2).isUnderstood);
        Fixture.fails(ErrorCode.RANGE, () -> regimen.plan(DAY, 401));
        Regimen elsewhere = new Regimen("Mars/Olympus", DAY);
        elsewhere.slots = Regimen.MORNING;
        Fixture.fails(ErrorCode.NOT_FOUND, () -> elsewhere.plan(DAY, 1));
    }

    @Test
    void mealTimesAreReadAsTheSettingsReadThem() {
        assertEquals(6 * 60 + 30, Settings.parseMeal("6-7AM"));
        assertEquals(19 * 60 + 30, Settings.parseMeal("07:30PM"));
        assertNull(Settings.parseMeal("noonish"));
    }

    @Test
    void everyNoticeHasATitle() {
        for (Words.Notice notice : Words.Notice.values()) {
            assertFalse(new Words(Settings.Language.KHMER, false).title(notice).isEmpty(), notice.name());
        }
        assertEquals(7, Words.Notice.values().length);
    }

    @Test
    void aMedicineTakenAsNeededIsRecordedAtOnce() {
        Prescription sheet = new Prescription(Fixture.PATIENT, "សុខ ដារ៉ា");
        Medicine medicine = new Medicine("Paracetamol");
        medicine.isPrn = true;
        sheet.medicines.add(medicine);
        UUID prescription = care.createPrescription(sheet, "pain");
        assertNull(care.prescription(prescription).beginsOn);
        care.activatePrescription(prescription);
        assertNull(care.prescription(prescription).startDate); // nobody named one
        assertEquals(DAY, care.prescription(prescription).beginsOn);
        UUID medication = replica.query("SELECT id FROM medications").first(row -> row.getUuid(0));
        UUID dose = care.takeAsNeeded(medication, new TakeOptions());
        assertEquals(dose, care.doses(null, DAY).get(0).id);
    }

    @Test
    void settingsAreReadAndSetAndChecked() {
        Settings before = care.settings();
        assertEquals("Asia/Phnom_Penh", before.timeZone);
        assertEquals(30, before.graceMinutes);
        assertEquals(7 * 60, before.morningMeal);
        care.setLanguage(Settings.Language.ENGLISH);
        care.setTheme(Settings.Theme.DARK);
        care.setGraceMinutes(60);
        care.setTimeZone("Europe/Berlin");
        care.setMeals("6-7AM", null, "19:15");
        Settings after = care.settings();
        assertEquals(Settings.Language.ENGLISH, after.language);
        assertEquals(Settings.Theme.DARK, after.theme);
        assertEquals(60, after.graceMinutes);
        assertEquals("Europe/Berlin", after.timeZone);
        assertEquals(6 * 60 + 30, after.morningMeal);
        assertEquals(19 * 60 + 15, after.nightMeal);
        Fixture.fails(Problem.GRACE, () -> care.setGraceMinutes(25));
        Fixture.fails(Problem.ZONE, () -> care.setTimeZone("Nowhere/At_All"));
        assertEquals(0, Fixture.fails(Problem.MEAL_TIME, () -> care.setMeals("late", null, null)).first());
    }

    @Test
    void timesForWhatIsTakenAsNeededAreSetAndRemindedOf() {
        Prescription sheet = new Prescription(Fixture.PATIENT, "x");
        sheet.startDate = DAY;
        Medicine medicine = new Medicine("Paracetamol");
        medicine.isPrn = true;
        sheet.medicines.add(medicine);
        care.activatePrescription(care.createPrescription(sheet, null));
        UUID id = care.medications(null, Medication.State.PRN).get(0).id;
        assertNull(care.medication(id).prnTimes);
        long none = care.reminders(null, 0).cursor;

        care.setPrnTimes(id, 9 * 60, 21 * 60 + 30);
        assertEquals("[\"09:00\",\"21:30\"]", care.medication(id).prnTimes);
        List<Reminders.Reminder> told = care.reminders(null, none).changed;
        assertEquals(at("09:00"), told.get(0).scheduled);
        assertEquals(at("21:30"), told.get(1).scheduled);
        assertTrue(told.get(0).isPrn);
        assertEquals(id, told.get(0).medication);
        assertArrayEquals(new Instant[] {at("09:00")}, told.get(0).rings());

        assertEquals(1, Fixture.fails(Problem.PRN_TIME, () -> care.setPrnTimes(id, 0, 24 * 60)).first());
        Fixture.fails(Problem.NO_MEDICATION, () -> care.setPrnTimes(UUID.randomUUID(), 60));
        prescribe();
        UUID daily = care.medications(null, Medication.State.SCHEDULED).get(0).id;
        Fixture.fails(Problem.NOT_PRN, () -> care.setPrnTimes(daily, 60));
        assertEquals("[\"09:00\",\"21:30\"]", care.medication(id).prnTimes);
        care.setPrnTimes(id);
        assertNull(care.medication(id).prnTimes);
    }

    @Test
    void missedDosesRemindersAndAdherenceAreTold() {
        prescribe();
        care.generateSchedule(null);
        Reminders first = care.reminders(null, 0);
        assertEquals(60, first.changed.size());
        assertTrue(first.isAll);
        Instant[] rings = first.changed.get(0).rings();
        assertEquals(4, rings.length);
        assertEquals(Duration.ofMinutes(10), Duration.between(rings[0], rings[1]));
        assertEquals("Amlodipine", first.changed.get(0).medicineName);
        assertTrue(first.changed.get(0).dosage.contains("amount"));
        Reminders none = care.reminders(null, first.cursor);
        assertTrue(none.changed.isEmpty());
        assertFalse(none.isAll);
        Reminders foreign = care.reminders(null, Long.MAX_VALUE);
        assertTrue(foreign.isAll);
        assertEquals(60, foreign.changed.size());
        assertEquals(first.cursor, foreign.cursor);

        now = at("07:30");
        care.take(care.doses(null, DAY).get(0).id);
        Reminders next = care.reminders(null, first.cursor);
        assertEquals(1, next.changed.size());
        assertTrue(next.changed.get(0).isCancelled);
        assertNull(next.changed.get(0).medicineName);

        now = at("20:00");
        MissedCursor missed = care.inferMissed(null, 100, MissedCursor.START);
        assertEquals(1, missed.missed);
        assertFalse(missed.hasMore);
        Adherence.Query query = new Adherence.Query();
        query.by = Adherence.By.DAY;
        Adherence adherence = care.adherence(query);
        assertEquals(1, adherence.sums.size());
        Adherence.Sum sum = adherence.sums.get(0);
        assertEquals(DAY, sum.date);
        assertEquals(1, sum.taken);
        assertEquals(1, sum.missed);
        assertEquals(2, sum.scheduled);
        care.rebuildAdherence();
        query.by = Adherence.By.ALL;
        assertEquals(2, care.adherence(query).sums.get(0).scheduled);
    }

    @Test
    void problemsAndNoticesAreSaidInBothLanguages() {
        TernException error = Fixture.fails(Problem.GRACE, () -> care.setGraceMinutes(25));
        Words english = new Words(Settings.Language.ENGLISH, false);
        Words khmer = new Words(Settings.Language.KHMER, true);
        assertFalse(english.problem(error).isEmpty());
        assertTrue(khmer.problem(error).codePoints().anyMatch(c -> c >= 0x1780 && c < 0x1800));
        assertTrue(english.date(DAY, true).contains("May 4, 2026"));
        assertTrue(english.time(7 * 60 + 5).contains("7:05"));
        assertFalse(english.span(90).isEmpty());
        Words.About about = new Words.About();
        about.person = "សុខ 💊";
        about.medicine = "Amlodipine";
        about.minute = 450;
        assertTrue(khmer.notice(Words.Notice.MISSED, about).contains("សុខ 💊"));
        assertFalse(khmer.title(Words.Notice.MISSED).contains("សុខ"));
    }

    @Test
    void zonesThatThrowFailTheCallWithTheirCauseAndMayNotCallBack() {
        prescribe();
        RuntimeException own = new IllegalStateException("no zones");
        try (Care broken = replica.care((zone, micros) -> {
            throw own;
        })) {
            assertEquals(own, assertThrows(TernException.class, () -> broken.generateSchedule(null)).getCause());
        }
        try (Care nosy = replica.care((zone, micros) -> {
            Fixture.fails(ErrorCode.MISUSE, replica::status);
            return 7 * 3600;
        })) {
            assertEquals(60, nosy.generateSchedule(null).made);
        }
    }

    @Test
    void prescriptionsMedicationsAndVersionsAreRead() {
        UUID id = prescribe();
        PrescriptionState listed = care.prescriptions(null, PrescriptionState.Status.ACTIVE).get(0);
        assertEquals(id, listed.id);
        assertTrue(listed.medications.isEmpty());
        assertTrue(care.prescriptions(null, PrescriptionState.Status.DRAFT).isEmpty());
        PrescriptionState whole = care.prescription(id);
        assertEquals("ជំងឺលើសឈាម", whole.diagnosis);
        assertEquals(DAY, whole.startDate);
        assertEquals(1, whole.version);
        assertEquals(1, whole.medicationCount);
        assertEquals(PrescriptionState.Status.ACTIVE, whole.status);
        assertEquals(Medication.State.SCHEDULED, whole.medications.get(0).state);
        assertEquals("Amlodipine", care.medications(null).get(0).name);
        assertTrue(care.medications(null, Medication.State.PRN).isEmpty());
        List<PrescriptionVersion> versions = care.versions(id);
        assertEquals(1, versions.size());
        assertTrue(versions.get(0).isCurrent);
        assertEquals(Medication.State.SNAPSHOT, care.snapshot(id, 1).get(0).state);
        Fixture.fails(Problem.NO_VERSION, () -> care.snapshot(id, 9));
        Fixture.fails(Problem.NO_PRESCRIPTION, () -> care.prescription(UUID.randomUUID()));
        assertTrue(care.refusedVersions().isEmpty());
    }

    @Test
    void alertsQuotaAndTheAuditLogAreRead() {
        prescribe();
        care.generateSchedule(null);
        now = at("09:00");
        while (care.inferAlerts(100)) {
            assertTrue(care.unreadAlerts() >= 0);
        }
        Alerts page = care.alerts(true, 10, null);
        assertEquals(care.unreadAlerts(), page.alerts.size());
        assertEquals(1, page.alerts.size());
        Alerts.Alert alert = page.alerts.get(0);
        assertEquals(Alerts.Type.MISSED_DOSE, alert.type);
        assertEquals(care.doses(null, DAY).get(0).id, alert.about);
        assertFalse(alert.isRead);
        assertTrue(care.alerts(true, 10, page).alerts.isEmpty());
        care.markRead(alert.id);
        assertEquals(0, care.unreadAlerts());
        assertEquals(0, Duration.between(now, care.alerts(false, 10, null).alerts.get(0).read).toMillis());
        care.markRead(null);
        Fixture.fails(Problem.NO_ALERT, () -> care.markRead(UUID.randomUUID()));

        Quota quota = care.quota(null);
        assertEquals(Quota.Tier.FREEMIUM, quota.tier);
        assertTrue(quota.addedBytes > 0);
        assertEquals(quota.countedBytes + quota.addedBytes, quota.usedBytes);
        assertNull(quota.expires);

        AuditLog.Query query = new AuditLog.Query();
        query.limit = 1;
        AuditLog newest = care.audit(query, Settings.Language.ENGLISH, null);
        assertEquals("PRESCRIPTION_CONFIRM", newest.entries.get(0).kind);
        assertEquals(Fixture.PATIENT, newest.entries.get(0).actor);
        assertFalse(newest.entries.get(0).sentence.isEmpty());
        assertTrue(newest.hasMore);
        AuditLog next = care.audit(query, Settings.Language.KHMER, newest);
        assertEquals("PRESCRIPTION_CREATE", next.entries.get(0).kind);
        assertFalse(next.hasMore);
    }

    @Test
    void aHandleThatIsClosedSaysSo() {
        care.close();
        care.close();
        Fixture.fails(ErrorCode.MISUSE, care::settings);
        try (Care again = replica.care()) {
            assertEquals(30, again.settings().graceMinutes);
        }
    }
}
