import Foundation
internal import CTern

/* What the medication calls give and take. The order of cases is that of the C lists. */

extension tern_value {
    /// The text of a value that may be null.
    func string() throws -> String? {
        try String?(value: Value(self)) ?? nil
    }
}

extension RawRepresentable where RawValue == UInt32, Self: CaseIterable {
    /// What a later version of the library may say is taken for the first case.
    init(known raw: UInt32) {
        self = Self(rawValue: raw) ?? Self.allCases[Self.allCases.startIndex]
    }
}

/// A set of bits for the C interface.
func bits<T: RawRepresentable>(_ members: [T]) -> UInt32 where T.RawValue == UInt32 {
    members.reduce(0) { $0 | 1 << $1.rawValue }
}

public enum DoseStatus: UInt32, Sendable, CaseIterable {
    case due, takenOnTime, takenLate, missed, skipped
}

public enum TimePeriod: UInt32, Sendable, CaseIterable {
    case daytime, night
}

public struct Dose: Sendable, Identifiable {
    public let id: UUID
    public let prescription: UUID
    public let medication: UUID
    public let scheduled: Date
    /// MORNING, DAYTIME, NIGHT or a local time.
    public let slot: String?
    public let period: TimePeriod
    public let reminderTime: String?
    public let graceMinutes: Int
    public let status: DoseStatus
    public let taken: Date?
    public let skipReason: String?
    /// EARLY, AFTER_24H, AHEAD, CLOCK, UNDONE.
    public let flags: [String]
    public let wasOffline: Bool
    public let medicineName: String?
    public let medicineNameKhmer: String?
    /// JSON.
    public let dosage: String?

    init(_ dose: tern_dose) throws {
        id = dose.id.id
        prescription = dose.prescription.id
        medication = dose.medication.id
        scheduled = Date(microseconds: dose.scheduled_us)
        slot = try dose.slot.string()
        period = TimePeriod(known: dose.period.rawValue)
        reminderTime = try dose.reminder_time.string()
        graceMinutes = Int(dose.grace_minutes)
        status = DoseStatus(known: dose.status.rawValue)
        taken = moment(dose.taken_us)
        skipReason = try dose.skip_reason.string()
        flags = try dose.flags.string()?.split(separator: " ").map(String.init) ?? []
        wasOffline = dose.was_offline
        medicineName = try dose.medicine_name.string()
        medicineNameKhmer = try dose.medicine_name_khmer.string()
        dosage = try dose.dosage.string()
    }
}

public struct ScheduleReport: Sendable, Hashable {
    public let made: Int
    public let moved: Int
    /// Medications whose words are none that a schedule can be made of.
    public let unscheduled: Int
}

/// How far storing missed doses has come.
public struct MissedCursor: Sendable {
    var scheduled: Int64 = 0
    var dose = UUID(tern_id())

    public init() {}
}

public struct MissedReport: Sendable {
    public let missed: Int
    public let hasMore: Bool
    public let cursor: MissedCursor
}

/// One medication of a prescription that is written.
public struct Medicine: Sendable {
    /// Of the medication that is changed; nil: a new one.
    public var id: UUID?
    public var name: String
    public var nameKhmer: String?
    public var imageURL: String?
    /// JSON, such as {"amount":1,"before_meal":true}.
    public var morningDosage: String?
    public var daytimeDosage: String?
    public var nightDosage: String?
    /// Such as "3 times a day" or "every 6 hours"; the words that make doses are listed in docs/MEDICATION.md, and of others
    /// none are made, which `ScheduleReport.unscheduled` tells.
    public var frequency: String?
    /// Such as "08:00; 20:30" or "mon; thu".
    public var timing: String?
    /// 0: open.
    public var durationDays = 0
    /// Taken as needed.
    public var isPRN = false

    public init(_ name: String) {
        self.name = name
    }

    func lent(_ arena: Arena) throws -> tern_medicine {
        try tern_medicine(id: id.map { tern_id($0) } ?? tern_id(), name: arena.keep(name), name_khmer: arena.keep(nameKhmer),
            image_url: arena.keep(imageURL), morning_dosage: arena.keep(morningDosage),
            daytime_dosage: arena.keep(daytimeDosage), night_dosage: arena.keep(nightDosage),
            frequency: arena.keep(frequency), timing: arena.keep(timing), duration_days: Int32(clamping: durationDays),
            is_prn: isPRN)
    }
}

/// What a clinician writes.
public struct Prescription: Sendable {
    /// Never changes.
    public var patient: UUID
    public var doctor: UUID?
    public var patientName: String
    /// MALE, FEMALE or OTHER.
    public var patientGender: String?
    public var patientAge: Int?
    public var symptoms: String?
    public var diagnosis: String?
    /// Nil: the patient's local date when it is put in force; in an edit, as it stands.
    public var startDate: LocalDate?
    public var endDate: LocalDate?
    /// Needed if it is urgent.
    public var urgentReason: String?
    public var isUrgent = false
    /// Of an edit: the version that this was written from, as the prescription was read; nil: not said.
    public var baseVersion: Int?
    public var medicines: [Medicine] = []

    public init(patient: UUID, patientName: String) {
        self.patient = patient
        self.patientName = patientName
    }

    func lend<T>(_ body: (UnsafePointer<tern_prescription>) throws -> T) throws -> T {
        let arena = Arena()
        var sheet = tern_prescription()
        sheet.size = MemoryLayout<tern_prescription>.size
        sheet.patient = tern_id(patient)
        sheet.doctor = doctor.map { tern_id($0) } ?? tern_id()
        sheet.patient_name = try arena.keep(patientName)
        sheet.patient_gender = try arena.keep(patientGender)
        sheet.patient_age = patientAge.map { Int32(clamping: $0) } ?? -1
        sheet.symptoms = try arena.keep(symptoms)
        sheet.diagnosis = try arena.keep(diagnosis)
        sheet.start_date = try arena.keep(startDate?.description)
        sheet.end_date = try arena.keep(endDate?.description)
        sheet.is_urgent = isUrgent
        sheet.urgent_reason = try arena.keep(urgentReason)
        sheet.base_version = baseVersion.map { Int32(clamping: $0) } ?? 0
        sheet.medicines = arena.keep(try medicines.map { try $0.lent(arena) })
        sheet.medicine_count = medicines.count
        return try withExtendedLifetime(arena) { try body(&sheet) }
    }
}

public enum PrescriptionStatus: UInt32, Sendable, CaseIterable {
    case draft, active, paused, inactive
}

public enum MedicationState: UInt32, Sendable, CaseIterable {
    case scheduled, prn, words, timeless, toCome, over, inactive, snapshot, dosage
}

public struct Medication: Sendable, Identifiable {
    public let id: UUID
    public let prescription: UUID
    public let row: Int
    public let name: String?
    public let nameKhmer: String?
    public let imageURL: String?
    public let morningDosage: String?
    public let daytimeDosage: String?
    public let nightDosage: String?
    public let frequency: String?
    public let timing: String?
    public let durationDays: Int
    public let isPRN: Bool
    public let prnTimes: String?
    public let state: MedicationState

    init(_ medication: tern_medication) throws {
        id = medication.id.id
        prescription = medication.prescription.id
        row = Int(medication.row_number)
        name = try medication.name.string()
        nameKhmer = try medication.name_khmer.string()
        imageURL = try medication.image_url.string()
        morningDosage = try medication.morning_dosage.string()
        daytimeDosage = try medication.daytime_dosage.string()
        nightDosage = try medication.night_dosage.string()
        frequency = try medication.frequency.string()
        timing = try medication.timing.string()
        durationDays = Int(medication.duration_days)
        isPRN = medication.is_prn
        prnTimes = try medication.prn_times.string()
        state = MedicationState(known: medication.state.rawValue)
    }
}

/// A prescription as it stands, with its current version.
public struct PrescriptionState: Sendable, Identifiable {
    public let id: UUID
    public let patient: UUID
    public let doctor: UUID?
    public let patientName: String?
    public let patientGender: String?
    public let patientAge: Int?
    public let symptoms: String?
    public let diagnosis: String?
    /// Nil: none is named; a form hands it back so.
    public let startDate: LocalDate?
    /// That day; else the one on which it was put in force, as it stands by now, which may be another when more is
    /// heard. Nil: nobody wrote one, as of a draft.
    public let beginsOn: LocalDate?
    public let endDate: LocalDate?
    public let status: PrescriptionStatus
    public let isUrgent: Bool
    public let urgentReason: String?
    public let created: Date
    public let version: Int
    public let versionTime: Date
    public let author: UUID?
    public let changeReason: String?
    public let medicationCount: Int
    /// Of one that is read by itself.
    public internal(set) var medications: [Medication] = []

    init(_ row: tern_prescription_row) throws {
        id = row.id.id
        patient = row.patient.id
        doctor = row.doctor.known
        patientName = try row.patient_name.string()
        patientGender = try row.patient_gender.string()
        patientAge = row.patient_age < 0 ? nil : Int(row.patient_age)
        symptoms = try row.symptoms.string()
        diagnosis = try row.diagnosis.string()
        startDate = try row.start_date.string().flatMap { LocalDate($0) }
        beginsOn = try row.begins_on.string().flatMap { LocalDate($0) }
        endDate = try row.end_date.string().flatMap { LocalDate($0) }
        status = PrescriptionStatus(known: row.status.rawValue)
        isUrgent = row.is_urgent
        urgentReason = try row.urgent_reason.string()
        created = Date(microseconds: row.created_us)
        version = Int(row.version)
        versionTime = Date(microseconds: row.version_us)
        author = row.author.known
        changeReason = try row.change_reason.string()
        medicationCount = Int(row.medication_count)
    }
}

public struct PrescriptionVersion: Sendable, Identifiable {
    public let id: UUID
    public let version: Int
    public let author: UUID?
    public let reason: String?
    public let created: Date
    public let isCurrent: Bool
    /// JSON, an array of its medications.
    public let snapshot: String?

    init(_ version: tern_prescription_version) throws {
        id = version.id.id
        self.version = Int(version.version)
        author = version.author.known
        reason = try version.reason.string()
        created = Date(microseconds: version.created_us)
        isCurrent = version.is_current
        snapshot = try version.snapshot.string()
    }
}

/// A version that was written here and rejected whole.
public struct RefusedVersion: Sendable {
    /// Of its entry: for `Replica.discard`.
    public let ordinal: UInt64
    /// Overtaken, or none: the reason says why.
    public let problem: Problem
    public let reason: ErrorCode
    public let time: Date
    public let prescription: UUID
    public let version: Int
    public let changeReason: String?
    /// JSON: what else it said, column to value.
    public let clinical: String?
    public internal(set) var medications: [Medication] = []

    init(_ version: tern_refused_version) throws {
        ordinal = version.ordinal
        problem = Problem(version.problem)
        reason = ErrorCode(version.reason)
        time = Date(microseconds: version.time_us)
        prescription = version.prescription.id
        self.version = Int(version.version)
        changeReason = try version.change_reason.string()
        clinical = try version.clinical.string()
    }
}

public enum Language: UInt32, Sendable, CaseIterable {
    case khmer, english
}

public enum Theme: UInt32, Sendable, CaseIterable {
    case light, dark
}

/// Of the replica's user.
public struct Settings: Sendable {
    public let language: Language
    public let theme: Theme
    public let graceMinutes: Int
    public let timeZone: String
    /// Minutes of the day.
    public let morningMeal: Int
    public let afternoonMeal: Int
    public let nightMeal: Int

    /// Reads a meal time as `Care.setMeals` takes it, such as "7:00" or "6-7AM", in minutes of the day; nil for what is none.
    public static func mealTime(_ text: String) -> Int? {
        var minutes: Int32 = 0
        return !text.utf8.contains(0) && tern_meal_parse(text, &minutes) ? Int(minutes) : nil
    }

    init(_ settings: tern_settings) {
        language = Language(known: settings.language.rawValue)
        theme = Theme(known: settings.theme.rawValue)
        graceMinutes = Int(settings.grace_minutes)
        timeZone = text(of: settings.time_zone)
        morningMeal = Int(settings.meal_minutes.0)
        afternoonMeal = Int(settings.meal_minutes.1)
        nightMeal = Int(settings.meal_minutes.2)
    }
}

/// The reminder of a dose, for the platform's local notifications.
public struct Reminder: Sendable {
    /// Names the reminder.
    public let dose: UUID
    /// Take it back; else set it, in place of an earlier one of the dose.
    public let isCancelled: Bool
    public let scheduled: Date
    /// When to ring, by the device's own clock, also where a sync has found that wrong; those that have passed are to be left out.
    public let rings: [Date]
    /// Of a time that the patient has set for what is taken as needed: it rings once, and no dose has its name.
    public let isPRN: Bool
    /// Nil of one that is cancelled.
    public let medication: UUID?
    /// What a notification says, as the next two; nil of one that is cancelled.
    public let medicineName: String?
    public let medicineNameKhmer: String?
    /// JSON; nil of what is scheduled by words, and as needed.
    public let dosage: String?

    init(_ reminder: tern_reminder) throws {
        dose = reminder.dose.id
        isCancelled = reminder.is_cancelled
        scheduled = Date(microseconds: reminder.scheduled_us)
        let at = reminder.at_us
        rings = [at.0, at.1, at.2, at.3].prefix(Int(reminder.rings)).map { Date(microseconds: $0) }
        isPRN = reminder.is_prn
        medication = reminder.is_cancelled ? nil : reminder.medication.id
        medicineName = try reminder.medicine_name.string()
        medicineNameKhmer = try reminder.medicine_name_khmer.string()
        dosage = try reminder.dosage.string()
    }
}

/// What has changed of a patient's reminders since a cursor, or all of them.
public struct Reminders: Sendable {
    public let changed: [Reminder]
    /// To be kept for this patient, and given to the next read.
    public let cursor: Int64
    /// These are all there are: what the app has set for this patient and is not among them is to be removed.
    public let isAll: Bool
}

public struct AdherenceQuery: Sendable {
    public enum By: UInt32, Sendable, CaseIterable {
        case all, day, period, medication
    }

    public var patient: UUID?
    public var medication: UUID?
    public var firstDate: LocalDate?
    public var lastDate: LocalDate?
    public var by = By.all

    public init(by: By = .all) {
        self.by = by
    }
}

/// How many of the doses that were due were taken.
public struct AdherenceSum: Sendable {
    /// Of a sum by day, by medication.
    public let date: LocalDate?
    public let medication: UUID?
    /// Of a sum by period.
    public let period: TimePeriod
    public let onTime: Int
    public let late: Int
    public let skipped: Int
    public let missed: Int
    /// On time and late.
    public let taken: Int
    /// And skipped and missed.
    public let scheduled: Int

    init(_ sum: tern_adherence) {
        date = LocalDate(text(of: sum.local_date))
        medication = sum.medication.known
        period = TimePeriod(known: sum.period.rawValue)
        onTime = Int(sum.on_time)
        late = Int(sum.late)
        skipped = Int(sum.skipped)
        missed = Int(sum.missed)
        taken = Int(sum.taken)
        scheduled = Int(sum.scheduled)
    }
}

public struct Adherence: Sendable {
    public let sums: [AdherenceSum]
    /// False where the days asked for reach back to before the rows that this replica had.
    public let isWhole: Bool
}

public enum AlertType: UInt32, Sendable, CaseIterable {
    case connectionRequest, prescriptionUpdate, missedDose, urgentChange, family
}

public struct Alert: Sendable, Identifiable {
    public let id: UUID
    public let type: AlertType
    /// The dose, the version or the audit entry that it is about.
    public let about: UUID?
    public let title: String?
    public let message: String?
    /// JSON.
    public let data: String?
    public let created: Date
    /// It could not be made in time.
    public let isLate: Bool
    /// The dose that it is about has a record by now.
    public let isOver: Bool
    public let isRead: Bool
    public let read: Date?
    let createdMicroseconds: Int64

    init(_ alert: tern_alert) throws {
        id = alert.id.id
        type = AlertType(known: alert.type.rawValue)
        about = alert.about.known
        title = try alert.title.string()
        message = try alert.message.string()
        data = try alert.data.string()
        created = Date(microseconds: alert.created_us)
        isLate = alert.is_late
        isOver = alert.is_over
        isRead = alert.is_read
        read = moment(alert.read_us)
        createdMicroseconds = alert.created_us
    }
}

public enum Tier: UInt32, Sendable, CaseIterable {
    case freemium, premium, familyPremium
}

public struct Quota: Sendable {
    public let tier: Tier
    public let isShared: Bool
    public let isExpired: Bool
    public let expires: Date?
    public let allowedBytes: Int64
    public let countedBytes: Int64
    public let counted: Date?
    public let addedBytes: Int64
    public let usedBytes: Int64

    init(_ quota: tern_quota) {
        tier = Tier(known: quota.tier.rawValue)
        isShared = quota.is_shared
        isExpired = quota.is_expired
        expires = moment(quota.expires_us)
        allowedBytes = quota.allowed_bytes
        countedBytes = quota.counted_bytes
        counted = moment(quota.counted_us)
        addedBytes = quota.added_bytes
        usedBytes = quota.used_bytes
    }
}

/// What somebody did, or a value that a sync set aside.
public struct AuditEntry: Sendable, Identifiable {
    /// Of a value that was set aside: for `Replica.reinstate`.
    public let id: UUID
    public let time: Date
    /// Such as DOSE_TAKEN or LATER; see tern/medication/audit.h.
    public let kind: String
    /// The act took an earlier one back.
    public let isUndone: Bool
    public let isSetAside: Bool
    public let actor: UUID?
    public let actorRole: String?
    public let table: String?
    public let row: UUID
    public let details: String?
    public let unit: String?
    /// JSON, column to value.
    public let lost: String?
    public let kept: String?
    public let lostTime: Date?
    public let keptTime: Date?
    /// What it says to a person; it names nobody and no value.
    public let sentence: String

    init(_ entry: tern_audit_entry, _ words: Words) throws {
        id = entry.id.id
        time = Date(microseconds: entry.time_us)
        kind = String(cString: tern_audit_code(entry.kind))
        isUndone = entry.is_undone
        isSetAside = entry.is_set_aside
        actor = entry.actor.known
        actorRole = try entry.actor_role.string()
        table = try entry.table.string()
        row = entry.row.id
        details = try entry.details.string()
        unit = try entry.unit.string()
        lost = try entry.lost.string()
        kept = try entry.kept.string()
        lostTime = moment(entry.lost_us)
        keptTime = moment(entry.kept_us)
        sentence = words.say { locale, buffer, size in withUnsafePointer(to: entry) { tern_say_audit(locale, $0, buffer, size) } }
    }
}

/// A page of the audit log, the newest entry first.
public struct AuditPage: Sendable {
    public let entries: [AuditEntry]
    public let hasMore: Bool
    let lastTime: Int64
    let last: UUID
}
