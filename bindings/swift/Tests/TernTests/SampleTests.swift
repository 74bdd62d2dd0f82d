import Foundation
import XCTest

@testable import Tern

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

    /// A medicine that is due about now, where the patient lives.
    private func prescribe() async throws {
        let phone = try await open("one")
        try await insertUser(phone)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try XCTUnwrap(TimeZone(identifier: "Asia/Phnom_Penh"))
        let now = calendar.dateComponents([.hour, .minute], from: Date())
        let minute = (now.hour ?? 0) * 60 + (now.minute ?? 0)
        let due = minute < 5 ? minute + 2 : minute - 2
        var sheet = Prescription(patient: patient, patientName: "សុខ ដារ៉ា")
        var medicine = Medicine("Amlodipine")
        medicine.timing = String(format: "%02d:%02d", due / 60, due % 60)
        medicine.frequency = "once a day"
        sheet.medicines = [medicine]
        try await phone.care.activate(phone.care.create(sheet))
        try await phone.care.generateSchedule()
        try await phone.close()
    }

    func testADoseTakenOfflineIsSyncedAndAConflictIsReinstated() async throws {
        try await prescribe()
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
