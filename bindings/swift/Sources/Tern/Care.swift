import Foundation
internal import CTern

/// Runs a call of the medication library, and throws what it says.
func attemptCare(_ body: (UnsafeMutablePointer<tern_care_error>) -> tern_status) throws {
    var error = tern_care_error()
    let status = body(&error)
    if status != TERN_OK {
        throw TernError(ErrorCode(status), text(of: error.error.message), problem: Problem(error.problem),
            first: error.first, second: error.second, underlying: nil)
    }
}

/// The medication calls: docs/MEDICATION.md. Each is one short transaction, or one read; after a failure nothing has changed,
/// and `TernError.problem` says what stood in the way. Where a patient may be nil, the replica's user is meant.
public struct Care: Sendable {
    let core: Core

    /// A call without more than the ids and texts it is given.
    private func act(_ body: @escaping @Sendable (OpaquePointer, UnsafeMutablePointer<tern_care_error>) -> tern_status)
        async throws {
        try await core.care { care in try attemptCare { body(care, $0) } }
    }

    /* ---- Schedules and doses ---- */

    /// Makes the doses of the next 30 days, and moves future ones whose time has changed.
    @discardableResult
    public func generateSchedule(for patient: UUID? = nil) async throws -> ScheduleReport {
        try await core.care { care in
            var report = tern_schedule_report()
            try lendID(patient) { patient in try attemptCare { tern_schedule_generate(care, patient, &report, $0) } }
            return ScheduleReport(made: Int(report.made), moved: Int(report.moved), unscheduled: Int(report.unscheduled))
        }
    }

    /// The doses of a local day, by time.
    public func doses(of patient: UUID? = nil, on date: LocalDate) async throws -> [Dose] {
        try await core.care { care in
            try lendID(patient) { patient in
                try collectCare { context, error in
                    tern_dose_list(care, patient, date.description, { Collector<Dose>.add($0, $1) { try Dose($0) } },
                        context, error)
                }
            }
        }
    }

    /// One dose as its day's list has it. Problem noDose, also of one that the list leaves out.
    public func dose(_ dose: UUID) async throws -> Dose? {
        try await core.care { care in
            let found: [Dose] = try lendID(dose) { dose in
                try collectCare { context, error in
                    tern_dose_read(care, dose, { Collector<Dose>.add($0, $1) { try Dose($0) } }, context, error)
                }
            }
            return found.first
        }
    }

    /// Sets the minutes of the patient's day at which to be reminded of a medicine that is taken as needed; none: no
    /// reminders. Problems noMedication, notPrn, notPatient, prnTime.
    public func setPRNTimes(_ medication: UUID, minutes: [Int]) async throws {
        let clamped = minutes.map { Int32(clamping: $0) }
        try await act { care, error in
            lendID(medication) { tern_medication_set_prn_times(care, $0, clamped, clamped.count, error) }
        }
    }

    private static func act(_ taken: Date?, _ insist: Bool, _ wasOffline: Bool) throws -> tern_dose_act {
        tern_dose_act(size: MemoryLayout<tern_dose_act>.size, taken_us: try taken?.toMicroseconds() ?? 0, insist: insist,
            was_offline: wasOffline)
    }

    /// Records a dose as taken, now or at another time; `insist` stores and flags what lies outside the windows. Problems
    /// noDose, notPatient, recorded, tooEarly, tooLate, ahead; date, of a time in no year from 1 to 9999.
    @discardableResult
    public func take(_ dose: UUID, at taken: Date? = nil, insist: Bool = false, wasOffline: Bool = false) async throws
        -> DoseStatus {
        try await core.care { care in
            var act = try Care.act(taken, insist, wasOffline)
            var status = TERN_DOSE_DUE
            try lendID(dose) { dose in try attemptCare { tern_dose_take(care, dose, &act, &status, $0) } }
            return DoseStatus(known: status.rawValue)
        }
    }

    /// Records a dose of a medication that is taken as needed; gives its id.
    @discardableResult
    public func takeAsNeeded(_ medication: UUID, at taken: Date? = nil, insist: Bool = false, wasOffline: Bool = false)
        async throws -> UUID {
        try await core.care { care in
            var act = try Care.act(taken, insist, wasOffline)
            var dose = tern_id()
            try lendID(medication) { medication in
                try attemptCare { tern_dose_take_prn(care, medication, &act, &dose, $0) }
            }
            return dose.id
        }
    }

    public func skip(_ dose: UUID, reason: String? = nil, wasOffline: Bool = false) async throws {
        try await core.care { care in
            try lendText(reason) { reason in
                try lendID(dose) { dose in try attemptCare { tern_dose_skip(care, dose, reason, wasOffline, $0) } }
            }
        }
    }

    /// Takes a record back: the dose is due again.
    public func undo(_ dose: UUID) async throws {
        try await act { care, error in lendID(dose) { tern_dose_undo(care, $0, error) } }
    }

    /// Stores doses as missed whose grace has passed, of at most `limit` looked at.
    public func inferMissed(of patient: UUID? = nil, limit: UInt32, from cursor: MissedCursor = MissedCursor()) async throws
        -> MissedReport {
        try await core.care { care in
            var place = tern_missed_cursor(scheduled_us: cursor.scheduled, dose: tern_id(cursor.dose))
            var missed: UInt32 = 0
            var hasMore = false
            try lendID(patient) { patient in
                try attemptCare { tern_doses_infer_missed(care, patient, limit, &place, &missed, &hasMore, $0) }
            }
            var moved = MissedCursor()
            moved.scheduled = place.scheduled_us
            moved.dose = place.dose.id
            return MissedReport(missed: Int(missed), hasMore: hasMore, cursor: moved)
        }
    }

    /* ---- Prescriptions ---- */

    /// Creates a prescription, a draft; gives its id.
    public func create(_ sheet: Prescription, reason: String? = nil) async throws -> UUID {
        try await core.care { care in
            var id = tern_id()
            try lendText(reason) { reason in
                try sheet.lend { sheet in try attemptCare { tern_prescription_create(care, sheet, reason, &id, $0) } }
            }
            return id.id
        }
    }

    /// Writes a new version with all that stands in it; gives its number. Problem overtaken, and nothing changes, where
    /// another version stands by now than the sheet was written from.
    @discardableResult
    public func edit(_ prescription: UUID, to sheet: Prescription, reason: String) async throws -> Int {
        try await core.care { care in
            var version: Int32 = 0
            try lendName(reason) { reason in
                try sheet.lend { sheet in
                    try lendID(prescription) { id in
                        try attemptCare { tern_prescription_edit(care, id, sheet, reason, &version, $0) }
                    }
                }
            }
            return Int(version)
        }
    }

    public func activate(_ prescription: UUID) async throws {
        try await act { care, error in lendID(prescription) { tern_prescription_activate(care, $0, error) } }
    }

    public func pause(_ prescription: UUID) async throws {
        try await act { care, error in lendID(prescription) { tern_prescription_pause(care, $0, error) } }
    }

    public func resume(_ prescription: UUID) async throws {
        try await act { care, error in lendID(prescription) { tern_prescription_resume(care, $0, error) } }
    }

    /// Ends it for good.
    public func end(_ prescription: UUID) async throws {
        try await act { care, error in lendID(prescription) { tern_prescription_end(care, $0, error) } }
    }

    /// Takes an ended prescription up again, as a new draft of what it held; gives its id. Dates are those of the new one,
    /// without them from today, and open. Problems noPrescription, status, noMedications, date, endDate, notText, quota.
    public func retake(_ ended: UUID, from start: LocalDate? = nil, until end: LocalDate? = nil, reason: String? = nil)
        async throws -> UUID {
        try await core.care { care in
            var id = tern_id()
            try lendID(ended) { ended in
                try lendText(start?.description) { start in
                    try lendText(end?.description) { end in
                        try lendText(reason) { reason in
                            try attemptCare { tern_prescription_retake(care, ended, start, end, reason, &id, $0) }
                        }
                    }
                }
            }
            return id.id
        }
    }

    /// A patient's prescriptions, the newest first; of all statuses without any.
    public func prescriptions(of patient: UUID? = nil, _ statuses: PrescriptionStatus...) async throws -> [PrescriptionState] {
        try await core.care { care in
            try lendID(patient) { patient in
                try collectCare { context, error in
                    tern_prescription_list(care, patient, bits(statuses),
                        { Collector<PrescriptionState>.add($0, $1) { try PrescriptionState($0) } }, context, error)
                }
            }
        }
    }

    /// One prescription with its medications. Problem noPrescription.
    public func prescription(_ id: UUID) async throws -> PrescriptionState {
        let found: [PrescriptionState] = try await core.care { care in
            try lendID(id) { id in
                try collectCare { context, error in
                    tern_prescription_read(care, id, { context, row, medication in
                        Collector<PrescriptionState>.visit(context) { collector in
                            if collector.all.isEmpty, let row {
                                collector.all.append(try PrescriptionState(row.pointee))
                            }
                            if let medication {
                                collector.all[0].medications.append(try Medication(medication.pointee))
                            }
                        }
                    }, context, error)
                }
            }
        }
        guard let first = found.first else {
            throw TernError(.internal, "nothing was read")
        }
        return first
    }

    /// The versions of a prescription, the first one first.
    public func versions(of prescription: UUID) async throws -> [PrescriptionVersion] {
        try await core.care { care in
            try lendID(prescription) { id in
                try collectCare { context, error in
                    tern_prescription_versions(care, id,
                        { Collector<PrescriptionVersion>.add($0, $1) { try PrescriptionVersion($0) } }, context, error)
                }
            }
        }
    }

    /// The medications as a version has them. Problem noVersion.
    public func snapshot(of prescription: UUID, version: Int) async throws -> [Medication] {
        try await core.care { care in
            try lendID(prescription) { id in
                try collectCare { context, error in
                    tern_prescription_snapshot(care, id, Int32(clamping: version),
                        { Collector<Medication>.add($0, $1) { try Medication($0) } }, context, error)
                }
            }
        }
    }

    /// Versions that were written here and rejected whole, as where another doctor's came first.
    public func refusedVersions() async throws -> [RefusedVersion] {
        try await core.care { care in
            try collectCare { context, error in
                tern_prescription_refused(care, { context, version, medication in
                    Collector<RefusedVersion>.visit(context) { collector in
                        if let version, collector.all.last?.ordinal != version.pointee.ordinal {
                            collector.all.append(try RefusedVersion(version.pointee))
                        }
                        if let medication, !collector.all.isEmpty {
                            collector.all[collector.all.count - 1].medications.append(try Medication(medication.pointee))
                        }
                    }
                }, context, error)
            }
        }
    }

    /// One medication. Problem noMedication.
    public func medication(_ id: UUID) async throws -> Medication {
        let found: [Medication] = try await core.care { care in
            try lendID(id) { id in
                try collectCare { context, error in
                    tern_medication_read(care, id, { Collector<Medication>.add($0, $1) { try Medication($0) } }, context, error)
                }
            }
        }
        guard let first = found.first else {
            throw TernError(.internal, "nothing was read")
        }
        return first
    }

    /// The medications of a patient's active prescriptions; in all states without any.
    public func medications(of patient: UUID? = nil, _ states: MedicationState...) async throws -> [Medication] {
        try await core.care { care in
            try lendID(patient) { patient in
                try collectCare { context, error in
                    tern_medication_list(care, patient, bits(states),
                        { Collector<Medication>.add($0, $1) { try Medication($0) } }, context, error)
                }
            }
        }
    }

    /* ---- Alerts ---- */

    /// Makes the alerts that are due and not there yet, at most `limit` (1 to 500); to be called after syncs. Gives whether a
    /// further call has more to make.
    @discardableResult
    public func inferAlerts(limit: UInt32 = 100) async throws -> Bool {
        try await core.care { care in
            var hasMore = false
            try attemptCare { tern_alerts_infer(care, limit, nil, &hasMore, $0) }
            return hasMore
        }
    }

    /// A page of the user's alerts, the newest first, behind the last alert of another page.
    public func alerts(unreadOnly: Bool = false, limit: UInt32 = 100, behind last: Alert? = nil) async throws -> [Alert] {
        try await core.care { care in
            var cursor = tern_alert_cursor()
            if let last {
                cursor = tern_alert_cursor(created_us: last.createdMicroseconds, id: tern_id(last.id))
            }
            return try collectCare { context, error in
                tern_alert_list(care, unreadOnly, limit, &cursor, { Collector<Alert>.add($0, $1) { try Alert($0) } },
                    context, error)
            }
        }
    }

    /// How many are unread and not over.
    public func unreadAlerts() async throws -> Int {
        try await core.care { care in
            var count: UInt32 = 0
            try attemptCare { tern_alert_count(care, &count, $0) }
            return Int(count)
        }
    }

    /// Problem noAlert.
    public func markRead(_ alert: UUID) async throws {
        try await act { care, error in lendID(alert) { tern_alert_mark_read(care, $0, error) } }
    }

    public func markAllRead() async throws {
        try await act { tern_alerts_mark_read($0, $1) }
    }

    /* ---- Quota and audit ---- */

    public func quota(of patient: UUID? = nil) async throws -> Quota {
        try await core.care { care in
            var quota = tern_quota()
            quota.size = MemoryLayout<tern_quota>.size
            try lendID(patient) { patient in try attemptCare { tern_quota_read(care, patient, &quota, $0) } }
            return Quota(quota)
        }
    }

    /// Notes that the user looks at a patient's record, once a local day of the patient: for the app of a doctor or of the
    /// family, where it opens one. Says whether it was noted now. Problems noPatient, zone.
    @discardableResult
    public func noteAccess(to patient: UUID) async throws -> Bool {
        try await core.care { care in
            var written = false
            try lendID(patient) { patient in try attemptCare { tern_audit_access(care, patient, &written, $0) } }
            return written
        }
    }

    /// A page of what a person did and of what was set aside in their record, or of what happened to one row; the newest
    /// first, behind another page. Its sentences are in the words given.
    public func audit(of person: UUID? = nil, row: UUID? = nil, limit: UInt32 = 0, words: Words = Words(.english),
        behind page: AuditPage? = nil) async throws -> AuditPage {
        try await core.care { care in
            var cursor = tern_audit_cursor()
            if let page {
                cursor = tern_audit_cursor(time_us: page.lastTime, id: tern_id(page.last))
            }
            var hasMore = false
            let entries: [AuditEntry] = try lendID(person) { person in
                try lendID(row) { row in
                    let collector = Collector<AuditEntry>()
                    collector.words = words
                    var query = tern_audit_query(size: MemoryLayout<tern_audit_query>.size, person: person, row: row, limit: limit)
                    return try collector.gather { context in
                        try attemptCare { tern_audit_read(care, &query, &cursor, { context, entry in
                            Collector<AuditEntry>.visit(context) { collector in
                                if let entry {
                                    collector.all.append(try AuditEntry(entry.pointee, collector.words))
                                }
                            }
                        }, context, &hasMore, $0) }
                    }
                }
            }
            return AuditPage(entries: entries, hasMore: hasMore, lastTime: cursor.time_us, last: cursor.id.id)
        }
    }

    /* ---- Settings of the replica's user ---- */

    /// Problem noPatient where the user's row has not been downloaded yet.
    public func settings() async throws -> Settings {
        try await core.care { care in
            var settings = tern_settings()
            settings.size = MemoryLayout<tern_settings>.size
            try attemptCare { tern_settings_read(care, &settings, $0) }
            return Settings(settings)
        }
    }

    public func set(language: Language) async throws {
        try await act { tern_settings_set_language($0, tern_language(rawValue: language.rawValue), $1) }
    }

    public func set(theme: Theme) async throws {
        try await act { tern_settings_set_theme($0, tern_theme(rawValue: theme.rawValue), $1) }
    }

    /// 10, 20, 30 or 60 minutes.
    public func set(graceMinutes: Int) async throws {
        try await act { tern_settings_set_grace($0, Int32(clamping: graceMinutes), $1) }
    }

    /// An IANA name.
    public func set(timeZone: String) async throws {
        try await core.care { care in
            try lendName(timeZone) { zone in try attemptCare { tern_settings_set_time_zone(care, zone, $0) } }
        }
    }

    /// Such as "7:00" or "6-7AM"; nil: the preset.
    public func setMeals(morning: String?, afternoon: String?, night: String?) async throws {
        try await core.care { care in
            let arena = Arena()
            let (one, two, three) = (try arena.keep(morning), try arena.keep(afternoon), try arena.keep(night))
            try withExtendedLifetime(arena) { try attemptCare { tern_settings_set_meals(care, one, two, three, $0) } }
        }
    }

    /* ---- Looking back and ahead ---- */

    public func adherence(_ query: AdherenceQuery = AdherenceQuery()) async throws -> Adherence {
        try await core.care { care in
            let arena = Arena()
            let (first, last) = (try arena.keep(query.firstDate?.description), try arena.keep(query.lastDate?.description))
            var isWhole = false
            let sums: [AdherenceSum] = try lendID(query.patient) { patient in
                try lendID(query.medication) { medication in
                    var asked = tern_adherence_query(size: MemoryLayout<tern_adherence_query>.size, patient: patient,
                        medication: medication, first_date: first, last_date: last,
                        by: tern_adherence_by(rawValue: query.by.rawValue))
                    return try collectCare { context, error in
                        tern_adherence_read(care, &asked, { Collector<AdherenceSum>.add($0, $1) { AdherenceSum($0) } },
                            context, &isWhole, error)
                    }
                }
            }
            withExtendedLifetime(arena) {}
            return Adherence(sums: sums, isWhole: isWhole)
        }
    }

    /// Forgets all sums, which the next reads make anew from the rows.
    public func rebuildAdherence() async throws {
        try await act { tern_adherence_rebuild($0, $1) }
    }

    /// What has changed of the reminders since the cursor of this patient's last read; all of them since 0 and since any
    /// other, such as that of an earlier file: `isAll`. Begin with 0 where the device's clock was set.
    public func reminders(of patient: UUID? = nil, since cursor: Int64 = 0) async throws -> Reminders {
        try await core.care { care in
            var place = cursor
            var isAll = false
            let changed: [Reminder] = try lendID(patient) { patient in
                try collectCare { context, error in
                    tern_reminders_read(care, patient, &place, { Collector<Reminder>.add($0, $1) { try Reminder($0) } },
                        context, &isAll, error)
                }
            }
            return Reminders(changed: changed, cursor: place, isAll: isAll)
        }
    }
}
