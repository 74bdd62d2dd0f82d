import Foundation
import XCTest

@testable import Tern
@testable import tern_day

/// The sample, run as its reader would: two phones of one patient, a dose taken offline, a conflict, the value brought back.
final class SampleTests: ReplicaTestCase, @unchecked Sendable {
    private var server: Server!

    override func setUpWithError() throws {
        try super.setUpWithError()
        server = try Server(folder)
        try Data(server.token(patient).utf8).write(to: server.file("token.jwt"))
    }

    override func tearDownWithError() throws {
        server.stop()
        try super.tearDownWithError()
    }

    private func say(_ phone: String, _ lines: String...) throws -> [String] {
        let child = Process()
        let (input, output) = (Pipe(), Pipe())
        child.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("tern-day")
        child.arguments = [
            folder.appendingPathComponent(phone + ".db").path, Self.root.appendingPathComponent("schemas/dastern.json").path,
            patient.uuidString, server.url, server.file("ca.pem").path, server.file("token.jwt").path,
        ]
        child.standardInput = input
        child.standardOutput = output
        try child.run()
        input.fileHandleForWriting.write(Data((lines.joined(separator: "\n") + "\nquit\n").utf8))
        let said = output.fileHandleForReading.readDataToEndOfFile()
        child.waitUntilExit()
        XCTAssertEqual(child.terminationStatus, 0)
        return String(decoding: said, as: UTF8.self).split(separator: "\n").dropFirst().map(String.init)
    }

    /// Where it is noon by now, so that no midnight parts the acts of a test.
    private func noonZone() throws -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try XCTUnwrap(TimeZone(identifier: "Etc/GMT"))
        let ahead = 12 - calendar.component(.hour, from: Date())
        return ahead == 0 ? "Etc/GMT" : String(format: "Etc/GMT%+d", -ahead) // its signs are the other way about
    }

    /// A medicine that is due about now, where the patient lives.
    private func prescribe(_ phone: Replica) async throws {
        let zone = try noonZone()
        try await insertUser(phone)
        try await phone.care.set(timeZone: zone)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try XCTUnwrap(TimeZone(identifier: zone))
        let now = calendar.dateComponents([.hour, .minute], from: Date())
        let due = (now.hour ?? 0) * 60 + (now.minute ?? 0) - 2
        var sheet = Prescription(patient: patient, patientName: "សុខ ដារ៉ា")
        var medicine = Medicine("Amlodipine")
        medicine.timing = String(format: "%02d:%02d", due / 60, due % 60)
        medicine.frequency = "once a day"
        sheet.medicines = [medicine]
        try await phone.care.activate(phone.care.create(sheet))
        try await phone.care.generateSchedule()
    }

    private func model(_ replica: Replica) throws -> DayModel {
        let token = try server.token(patient)
        return DayModel(replica: replica, transport: try server.transport()) { refused in refused ? nil : token }
    }

    func testADayIsTakenOfflineSyncedAndItsConflictReinstated() async throws {
        let phone = try await open("phone")
        let tablet = try await open("tablet")
        let (onPhone, onTablet) = (try model(phone), try model(tablet))
        try await prescribe(phone)
        _ = try await onPhone.sync()
        _ = try await onTablet.sync()
        let shown = Shared<[DoseStatus]>([])
        let watching = Task {
            for try await doses in onTablet.watch() {
                shown.change { $0 += doses.first.map { [$0.status] } ?? [] }
            }
        }
        try await until("shown") { shown.now == [.due] }
        let day = try await onTablet.today()
        let dose = try XCTUnwrap(day.first)

        server.stop()
        await fails(.network) { try await onPhone.sync() }
        let taken = try await onPhone.take(dose.id)
        XCTAssertEqual(taken, .takenOnTime)
        try await onTablet.skip(dose.id, reason: "ចង្អោរ")
        try await until("skipped") { shown.now.last == .skipped }
        var waiting = try await onPhone.waiting()
        XCTAssertEqual(waiting, 1)
        // What was recorded while the network was gone says so.
        let offline = [try await onPhone.today()[0].wasOffline, try await onTablet.today()[0].wasOffline]
        XCTAssertEqual(offline, [true, false])
        try server.start()

        for model in [onPhone, onTablet, onPhone] {
            _ = try await model.sync()
        }
        waiting = try await onPhone.waiting() + onTablet.waiting()
        XCTAssertEqual(waiting, 0)
        // The two acts are a few milliseconds apart, less than what the devices know of the server's clock.
        let kept = try await onPhone.today()[0].status
        let lost = kept == .skipped ? DoseStatus.takenOnTime : .skipped
        let onOther = try await onTablet.today()[0].status
        XCTAssertEqual(onOther, kept)
        let conflicts = try await onTablet.conflicts()
        XCTAssertEqual(conflicts.count, 1)
        let words = [DoseStatus.skipped: "SKIPPED", .takenOnTime: "TAKEN_ON_TIME"]
        XCTAssertTrue(conflicts[0].lostValues.contains(try XCTUnwrap(words[lost])), conflicts[0].lostValues)
        XCTAssertTrue(conflicts[0].keptValues.contains(try XCTUnwrap(words[kept])), conflicts[0].keptValues)
        try await onTablet.reinstate(conflicts[0])
        let back = try await onTablet.today()[0].status
        XCTAssertEqual(back, lost)
        _ = try await onTablet.sync()
        _ = try await onPhone.sync()
        let everywhere = try await onPhone.today()[0].status
        XCTAssertEqual(everywhere, lost)
        try await until("shown at last") { shown.now.last == lost }
        watching.cancel()
        try await watching.value
        try await phone.close()
        try await tablet.close()
    }

    func testTheProgramShowsTakesAndSyncs() async throws {
        let phone = try await open("one")
        try await prescribe(phone)
        try await phone.close()
        let first = try say("one", "today", "sync", "today")
        XCTAssertTrue(first[0].hasSuffix("Amlodipine due"), first[0])
        XCTAssertTrue(first.contains { $0.hasPrefix("sent ") })
        XCTAssertEqual(first.last, "0 to be sent")
        _ = try say("two", "sync")

        // Both act before either syncs.
        server.stop()
        XCTAssertEqual(try say("one", "take 1", "today").first, "takenOnTime")
        XCTAssertEqual(try say("two", "skip 1", "take 9", "nonsense").first, "skipped")
        XCTAssertEqual(try say("two", "nonsense"), ["no such command"])
        try server.start()
        for phone in ["one", "two", "one"] {
            _ = try say(phone, "sync")
        }
        func status(_ phone: String) throws -> String? {
            try say(phone, "today").first?.split(separator: " ").last.map(String.init)
        }
        let kept = try status("one")
        XCTAssertEqual(try status("two"), kept)
        let conflicts = try say("two", "conflicts")
        XCTAssertEqual(conflicts.count, 1)
        XCTAssertTrue(conflicts.first?.hasPrefix("lost ") ?? false)
        let lost = kept == "skipped" ? "takenOnTime" : "skipped"
        XCTAssertEqual(try say("two", "reinstate 1", "sync").first, "reinstated")
        XCTAssertEqual(try status("two"), lost)
        _ = try say("one", "sync")
        XCTAssertEqual(try status("one"), lost)
    }
}
