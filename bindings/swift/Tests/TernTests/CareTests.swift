import Foundation
import XCTest

@testable import Tern

/// The medication day through Swift, with Foundation's zones.
final class CareTests: ReplicaTestCase, @unchecked Sendable {
    private static let day = LocalDate(year: 2026, month: 5, day: 4)
    private let now = Shared(CareTests.at("06:00"))

    private static func at(_ time: String) -> Date {
        let format = ISO8601DateFormatter()
        return format.date(from: "\(day)T\(time):00+07:00") ?? Date()
    }

    private func ready() async throws -> Replica {
        let now = now
        var options = try options()
        options.ports.clock = Ports.Clock(
            wallMicroseconds: { now.now.microseconds ?? 0 }, monotonicMicroseconds: { now.now.microseconds ?? 0 },
            bootID: { Self.neighbour })
        let replica = try await Replica(options)
        try await insertUser(replica)
        return replica
    }

    private func prescribe(_ care: Care) async throws -> UUID {
        var sheet = Prescription(patient: patient, patientName: "សុខ ដារ៉ា")
        sheet.startDate = Self.day
        sheet.diagnosis = "ជំងឺលើសឈាម"
        var medicine = Medicine("Amlodipine")
        medicine.nameKhmer = "អាំឡូឌីពីន 💊"
        medicine.morningDosage = #"{"amount":1,"before_meal":false}"#
        medicine.nightDosage = #"{"amount":2,"before_meal":true}"#
        sheet.medicines = [medicine]
        let id = try await care.create(sheet)
        try await care.activate(id)
        return id
    }

    func testADayIsScheduledTakenSkippedAndUndone() async throws {
        let replica = try await ready()
        let care = replica.care
        let prescription = try await prescribe(care)
        let made = try await care.generateSchedule().made
        XCTAssertEqual(made, 60)
        let again = try await care.generateSchedule(for: patient).made
        XCTAssertEqual(again, 0)
        let doses = try await care.doses(on: Self.day)
        XCTAssertEqual(doses.map(\.scheduled), [Self.at("07:30"), Self.at("17:30")])
        let morning = doses[0]
        XCTAssertEqual(morning.slot, "MORNING")
        XCTAssertEqual(morning.period, .daytime)
        XCTAssertEqual(doses[1].period, .night)
        XCTAssertEqual(morning.prescription, prescription)
        XCTAssertEqual(morning.medicineNameKhmer, "អាំឡូឌីពីន 💊")
        XCTAssertEqual(morning.status, .due)
        XCTAssertNil(morning.taken)

        let early = await fails(Problem.tooEarly) { try await care.take(morning.id) }
        XCTAssertEqual(early?.first, 90)
        XCTAssertEqual(early?.second, 30)
        now.now = Self.at("07:40")
        let status = try await care.take(morning.id, wasOffline: true)
        XCTAssertEqual(status, .takenOnTime)
        await fails(Problem.recorded) { try await care.take(morning.id) }
        let taken = try await care.doses(on: Self.day)[0]
        XCTAssertEqual(taken.taken, now.now)
        XCTAssertTrue(taken.wasOffline)
        try await care.undo(morning.id)
        await fails(Problem.notRecorded) { try await care.undo(morning.id) }
        let undone = try await care.doses(on: Self.day)[0]
        XCTAssertEqual(undone.flags, ["UNDONE"])
        try await care.skip(morning.id, reason: "ចង្អោរ")
        let skipped = try await care.doses(on: Self.day)[0]
        XCTAssertEqual(skipped.skipReason, "ចង្អោរ")
        await fails(Problem.noDose) { try await care.take(UUID()) }
        let insisted = try await care.take(doses[1].id, insist: true)
        XCTAssertEqual(insisted, .takenOnTime)
        await fails(Problem.date) { try await care.doses(on: LocalDate(year: 2026, month: 2, day: 30)) }
        try await replica.close()
    }

    func testPrescriptionsMedicationsAndVersionsAreRead() async throws {
        let replica = try await ready()
        let care = replica.care
        let id = try await prescribe(care)
        let listed = try await care.prescriptions(of: nil, .active)
        XCTAssertEqual(listed.map(\.id), [id])
        let drafts = try await care.prescriptions(of: nil, .draft)
        XCTAssertTrue(drafts.isEmpty)
        let whole = try await care.prescription(id)
        XCTAssertEqual(whole.diagnosis, "ជំងឺលើសឈាម")
        XCTAssertEqual(whole.startDate, Self.day)
        XCTAssertEqual(whole.status, .active)
        XCTAssertEqual(whole.medications.map(\.state), [.scheduled])
        let names = try await care.medications().map(\.name)
        XCTAssertEqual(names, ["Amlodipine"])
        let asNeeded = try await care.medications(of: patient, .prn)
        XCTAssertTrue(asNeeded.isEmpty)
        let versions = try await care.versions(of: id)
        XCTAssertEqual(versions.map(\.isCurrent), [true])
        let snapshot = try await care.snapshot(of: id, version: 1)
        XCTAssertEqual(snapshot.map(\.state), [.snapshot])
        await fails(Problem.noVersion) { try await care.snapshot(of: id, version: 9) }
        await fails(Problem.noPrescription) { try await care.prescription(UUID()) }
        let refused = try await care.refusedVersions()
        XCTAssertTrue(refused.isEmpty)
        try await replica.close()
    }

    func testPrescriptionsAreEditedPausedResumedAndEnded() async throws {
        let replica = try await ready()
        let care = replica.care
        let id = try await prescribe(care)
        var sheet = Prescription(patient: patient, patientName: "សុខ ដារ៉ា")
        sheet.startDate = Self.day
        var medicine = Medicine("Losartan")
        medicine.daytimeDosage = #"{"amount":1}"#
        sheet.medicines = [medicine]
        let version = try await care.edit(id, to: sheet, reason: "cough")
        XCTAssertEqual(version, 2)
        await fails(Problem.reason) { [sheet] in try await care.edit(id, to: sheet, reason: "") }
        let versions = try await care.versions(of: id)
        XCTAssertEqual(versions.map(\.isCurrent), [false, true])
        sheet.baseVersion = 1
        let overtaken = await fails(Problem.overtaken) { [sheet] in
            try await care.edit(id, to: sheet, reason: "cough")
        }
        XCTAssertEqual(overtaken?.first, 2)
        sheet.baseVersion = try await care.prescription(id).version
        let third = try await care.edit(id, to: sheet, reason: "cough")
        XCTAssertEqual(third, 3)
        try await care.pause(id)
        await fails(Problem.status) { try await care.pause(id) }
        try await care.resume(id)
        try await care.end(id)
        await fails(Problem.status) { try await care.activate(id) }
        sheet.medicines = []
        await fails(Problem.noMedications) { [sheet] in try await care.create(sheet) }
        try await replica.close()
    }

    func testAnEndedPrescriptionIsTakenUpAgain() async throws {
        let replica = try await ready()
        let care = replica.care
        let id = try await prescribe(care)
        await fails(Problem.status) { try await care.retake(id) }
        try await care.end(id)
        let end = try XCTUnwrap(LocalDate("2030-01-01"))
        let again = try await care.retake(id, from: Self.day, until: end, reason: "back")
        let made = try await care.prescription(again)
        XCTAssertEqual(made.status, .draft)
        XCTAssertEqual(made.startDate, Self.day)
        XCTAssertEqual(made.endDate, end)
        XCTAssertEqual(made.medications.map(\.name), ["Amlodipine"])
        let kinds = try await care.audit(limit: 1).entries.map(\.kind)
        XCTAssertEqual(kinds, ["PRESCRIPTION_RETAKE"])
        await fails(Problem.endDate) { try await care.retake(id, from: end, until: Self.day) }
        try await replica.close()
    }

    func testWhoLooksAtARecordIsNotedOnceADay() async throws {
        let replica = try await ready()
        let care = replica.care
        let own = try await care.noteAccess(to: patient)
        XCTAssertFalse(own)
        await fails(Problem.noPatient) { try await care.noteAccess(to: UUID()) }
        let other = UUID()
        try await replica.write { tx in try tx.insert("users", ["id": other, "role": "PATIENT"]) }
        let first = try await care.noteAccess(to: other)
        let second = try await care.noteAccess(to: other)
        XCTAssertTrue(first)
        XCTAssertFalse(second)
        let kinds = try await care.audit(limit: 1).entries.map(\.kind)
        XCTAssertEqual(kinds, ["DATA_ACCESS"])
        try await replica.close()
    }

    func testOneMedicationIsRead() async throws {
        let replica = try await ready()
        _ = try await prescribe(replica.care)
        let all = try await replica.care.medications()
        let listed = try XCTUnwrap(all.first)
        let read = try await replica.care.medication(listed.id)
        XCTAssertEqual(read.nameKhmer, "អាំឡូឌីពីន 💊")
        XCTAssertEqual(read.state, .scheduled)
        await fails(Problem.noMedication) { try await replica.care.medication(UUID()) }
        try await replica.close()
    }

    func testARegimenIsPlannedWithoutAReplica() async throws {
        var regimen = Regimen(zone: "Asia/Phnom_Penh", startDate: Self.day)
        regimen.slots = [.morning, .night]
        regimen.beforeMeal = .night
        let doses = try XCTUnwrap(regimen.plan(from: Self.day, days: 2))
        XCTAssertEqual(doses.count, 4)
        XCTAssertEqual(doses.prefix(2).map(\.scheduled), [Self.at("07:30"), Self.at("17:30")])
        XCTAssertEqual(doses[1].slot, "NIGHT")
        XCTAssertEqual(doses[1].period, .night)
        XCTAssertEqual(doses[1].reminderTime, "17:30")
        regimen.zone = "Mars/Olympus"
        await fails(ErrorCode.notFound) { [regimen] in try regimen.plan(from: Self.day, days: 1) }
        regimen.zone = "Asia/Phnom_Penh"
        await fails(ErrorCode.range) { [regimen] in try regimen.plan(from: Self.day, days: 401) }
        regimen.slots = []
        regimen.beforeMeal = []
        regimen.frequency = "whenever the moon allows"
        XCTAssertNil(try regimen.plan(from: Self.day, days: 2))
    }

    func testMealTimesAreReadAsTheSettingsReadThem() {
        XCTAssertEqual(Settings.mealTime("6-7AM"), 6 * 60 + 30)
        XCTAssertEqual(Settings.mealTime("07:30PM"), 19 * 60 + 30)
        XCTAssertNil(Settings.mealTime("noonish"))
    }

    func testEveryNoticeHasATitle() {
        for notice in Words.Notice.allCases {
            XCTAssertFalse(Words(.khmer).title(notice).isEmpty, "\(notice)")
        }
        XCTAssertEqual(Words.Notice.allCases.count, 7)
    }

    func testAMedicineTakenAsNeededIsRecordedAtOnce() async throws {
        let replica = try await ready()
        let care = replica.care
        var sheet = Prescription(patient: patient, patientName: "សុខ ដារ៉ា")
        var medicine = Medicine("Paracetamol")
        medicine.isPRN = true
        sheet.medicines = [medicine]
        let prescription = try await care.create(sheet, reason: "pain")
        let draft = try await care.prescription(prescription)
        XCTAssertNil(draft.beginsOn)
        try await care.activate(prescription)
        let active = try await care.prescription(prescription)
        XCTAssertNil(active.startDate) // nobody named one
        XCTAssertEqual(active.beginsOn, Self.day)
        let medications = try await care.medications()
        let dose = try await care.takeAsNeeded(XCTUnwrap(medications.first).id)
        let doses = try await care.doses(on: Self.day)
        XCTAssertEqual(doses.map(\.id), [dose])
        try await replica.close()
    }

    func testSettingsAreReadAndSetAndChecked() async throws {
        let replica = try await ready()
        let care = replica.care
        let before = try await care.settings()
        XCTAssertEqual(before.timeZone, "Asia/Phnom_Penh")
        XCTAssertEqual(before.graceMinutes, 30)
        XCTAssertEqual(before.morningMeal, 7 * 60)
        try await care.set(language: .english)
        try await care.set(theme: .dark)
        try await care.set(graceMinutes: 60)
        try await care.set(timeZone: "Europe/Berlin")
        try await care.setMeals(morning: "6-7AM", afternoon: nil, night: "19:15")
        let after = try await care.settings()
        XCTAssertEqual(after.language, .english)
        XCTAssertEqual(after.theme, .dark)
        XCTAssertEqual(after.graceMinutes, 60)
        XCTAssertEqual(after.timeZone, "Europe/Berlin")
        XCTAssertEqual([after.morningMeal, after.nightMeal], [6 * 60 + 30, 19 * 60 + 15])
        await fails(Problem.grace) { try await care.set(graceMinutes: 25) }
        await fails(Problem.zone) { try await care.set(timeZone: "Nowhere/At_All") }
        await fails(Problem.mealTime) { try await care.setMeals(morning: "late", afternoon: nil, night: nil) }
        try await replica.close()
    }

    func testTimesForWhatIsTakenAsNeededAreSetAndRemindedOf() async throws {
        let replica = try await ready()
        let care = replica.care
        var sheet = Prescription(patient: patient, patientName: "x")
        sheet.startDate = Self.day
        var medicine = Medicine("Paracetamol")
        medicine.isPRN = true
        sheet.medicines = [medicine]
        try await care.activate(care.create(sheet))
        let asNeeded = try await care.medications(of: nil, .prn)
        let id = try XCTUnwrap(asNeeded.first).id
        func times() async throws -> String? {
            try await care.medication(id).prnTimes
        }
        var now = try await times()
        XCTAssertNil(now)
        let none = try await care.reminders().cursor

        try await care.setPRNTimes(id, minutes: [9 * 60, 21 * 60 + 30])
        now = try await times()
        XCTAssertEqual(now, #"["09:00","21:30"]"#)
        let told = try await care.reminders(since: none).changed
        XCTAssertEqual(told.prefix(2).map(\.scheduled), [Self.at("09:00"), Self.at("21:30")])
        XCTAssertEqual(told.first?.isPRN, true)
        XCTAssertEqual(told.first?.medication, id)
        XCTAssertEqual(told.first?.rings, [Self.at("09:00")])

        let beyond = await fails(Problem.prnTime) { try await care.setPRNTimes(id, minutes: [0, 24 * 60]) }
        XCTAssertEqual(beyond?.first, 1)
        await fails(Problem.noMedication) { try await care.setPRNTimes(UUID(), minutes: [60]) }
        _ = try await prescribe(care)
        let scheduled = try await care.medications(of: nil, .scheduled)
        let daily = try XCTUnwrap(scheduled.first).id
        await fails(Problem.notPrn) { try await care.setPRNTimes(daily, minutes: [60]) }
        now = try await times()
        XCTAssertEqual(now, #"["09:00","21:30"]"#)
        try await care.setPRNTimes(id, minutes: [])
        now = try await times()
        XCTAssertNil(now)
        try await replica.close()
    }

    func testMissedDosesRemindersAndAdherenceAreTold() async throws {
        let replica = try await ready()
        let care = replica.care
        _ = try await prescribe(care)
        try await care.generateSchedule()
        let first = try await care.reminders()
        XCTAssertEqual(first.changed.count, 60)
        XCTAssertTrue(first.isAll)
        let rings = first.changed[0].rings
        XCTAssertEqual(rings.count, 4)
        XCTAssertEqual(rings[1].timeIntervalSince(rings[0]), 600)
        XCTAssertNotNil(first.changed[0].medicineName)
        XCTAssertEqual(first.changed[0].dosage?.contains("amount"), true)
        let none = try await care.reminders(since: first.cursor)
        XCTAssertTrue(none.changed.isEmpty)
        XCTAssertFalse(none.isAll)
        let foreign = try await care.reminders(since: .max)
        XCTAssertTrue(foreign.isAll)
        XCTAssertEqual(foreign.changed.count, 60)
        XCTAssertEqual(foreign.cursor, first.cursor)

        now.now = Self.at("07:30")
        let doses = try await care.doses(on: Self.day)
        try await care.take(doses[0].id)
        let next = try await care.reminders(since: first.cursor).changed
        XCTAssertEqual(next.map(\.isCancelled), [true])
        XCTAssertEqual(next.map(\.medicineName), [nil])

        now.now = Self.at("20:00")
        let report = try await care.inferMissed(limit: 100)
        XCTAssertEqual(report.missed, 1)
        XCTAssertFalse(report.hasMore)
        let sums = try await care.adherence(AdherenceQuery(by: .day)).sums
        XCTAssertEqual(sums.map(\.date), [Self.day])
        XCTAssertEqual(sums.map(\.taken), [1])
        XCTAssertEqual(sums.map(\.missed), [1])
        try await care.rebuildAdherence()
        let all = try await care.adherence()
        XCTAssertEqual(all.sums.map(\.scheduled), [2])
        try await replica.close()
    }

    func testAlertsQuotaAndTheAuditLogAreRead() async throws {
        let replica = try await ready()
        let care = replica.care
        _ = try await prescribe(care)
        try await care.generateSchedule()
        now.now = Self.at("09:00")
        while try await care.inferAlerts() {}
        let page = try await care.alerts(unreadOnly: true, limit: 10)
        XCTAssertEqual(page.map(\.type), [.missedDose])
        let dose = try await care.doses(on: Self.day)[0]
        XCTAssertEqual(page[0].about, dose.id)
        let behind = try await care.alerts(unreadOnly: true, limit: 10, behind: page[0])
        XCTAssertTrue(behind.isEmpty)
        let unread = try await care.unreadAlerts()
        XCTAssertEqual(unread, 1)
        try await care.markRead(page[0].id)
        let left = try await care.unreadAlerts()
        XCTAssertEqual(left, 0)
        try await care.markAllRead()
        await fails(Problem.noAlert) { try await care.markRead(UUID()) }

        let quota = try await care.quota()
        XCTAssertEqual(quota.tier, .freemium)
        XCTAssertGreaterThan(quota.addedBytes, 0)
        XCTAssertEqual(quota.usedBytes, quota.countedBytes + quota.addedBytes)

        let newest = try await care.audit(limit: 1)
        XCTAssertEqual(newest.entries.map(\.kind), ["PRESCRIPTION_CONFIRM"])
        XCTAssertEqual(newest.entries[0].actor, patient)
        XCTAssertFalse(newest.entries[0].sentence.isEmpty)
        XCTAssertTrue(newest.hasMore)
        let next = try await care.audit(limit: 1, words: Words(.khmer), behind: newest)
        XCTAssertEqual(next.entries.map(\.kind), ["PRESCRIPTION_CREATE"])
        XCTAssertTrue(next.entries[0].sentence.unicodeScalars.contains { 0x1780..<0x1800 ~= $0.value })
        XCTAssertFalse(next.hasMore)
        try await replica.close()
    }

    func testProblemsAndNoticesAreSaidInBothLanguages() async throws {
        let replica = try await ready()
        let error = await fails(Problem.grace) { try await replica.care.set(graceMinutes: 25) }
        let english = Words(.english)
        let khmer = Words(.khmer, nativeDigits: true)
        let problem = try XCTUnwrap(error)
        XCTAssertFalse(english.problem(problem).isEmpty)
        XCTAssertTrue(khmer.problem(problem).unicodeScalars.contains { 0x1780..<0x1800 ~= $0.value })
        XCTAssertTrue(english.date(Self.day, weekday: true).contains("May 4, 2026"))
        XCTAssertTrue(english.time(7 * 60 + 5).contains("7:05"))
        XCTAssertFalse(english.span(minutes: 90).isEmpty)
        var about = Words.About()
        about.person = "សុខ 💊"
        about.medicine = "Amlodipine"
        about.minute = 450
        XCTAssertTrue(try khmer.text(.missed, about).contains("សុខ 💊"))
        XCTAssertFalse(khmer.title(.missed).contains("សុខ"))
        try await replica.close()
    }

    func testZonesThatThrowFailTheCallWithTheirCause() async throws {
        var options = try options("zones")
        options.ports.zoneOffset = { _, _ in throw Own(number: 5) }
        let broken = try await Replica(options)
        try await insertUser(broken)
        let error = await fails(ErrorCode.io) {
            _ = try await self.prescribe(broken.care)
            try await broken.care.generateSchedule()
        }
        XCTAssertEqual(error?.underlying as? Own, Own(number: 5))
        let other = await fails(Problem.grace) { try await broken.care.set(graceMinutes: 25) }
        XCTAssertNil(other?.underlying)
        try await broken.close()
    }

    func testAHandleThatIsClosedSaysSo() async throws {
        let replica = try await ready()
        let care = replica.care
        try await replica.close()
        await fails(ErrorCode.misuse) { try await care.settings() }
        let again = try await Replica(options())
        let grace = try await again.care.settings().graceMinutes
        XCTAssertEqual(grace, 30)
        try await again.close()
    }

    func testALiveListOfDosesIsShownAnewAfterEachAct() async throws {
        let replica = try await ready()
        let care = replica.care
        _ = try await prescribe(care)
        try await care.generateSchedule()
        now.now = Self.at("07:30")
        var live = replica.watch(["dose_events"], calling: { try await care.doses(on: Self.day) }).makeAsyncIterator()
        let before = try await live.next()
        XCTAssertEqual(before?.map(\.status), [.due, .due])
        try await care.take(XCTUnwrap(before?.first).id)
        let after = try await live.next()
        XCTAssertEqual(after?.map(\.status), [.takenOnTime, .due])
        let shown = Shared(0)
        let task = Task {
            for try await _ in replica.watch(["dose_events"], calling: { try await care.unreadAlerts() }) {
                shown.change { $0 += 1 }
            }
        }
        try await until("shown") { shown.now == 1 }
        task.cancel()
        try await task.value
        try await replica.close()
        let gone = try await live.next()
        XCTAssertNil(gone)
    }
}
