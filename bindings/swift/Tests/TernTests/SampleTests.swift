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
        child.executableURL = Bundle(for: SampleTests.self).bundleURL.deletingLastPathComponent()
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

    /// A medicine whose every hour is a dose: one of them is due whenever this runs.
    private func prescribe() async throws {
        let phone = try await open("one")
        try await insertUser(phone)
        var sheet = Prescription(patient: patient, patientName: "Sok Dara")
        var medicine = Medicine("Amlodipine")
        medicine.timing = (0..<24).map { String(format: "%02d:00; %02d:30", $0, $0) }.joined(separator: "; ")
        sheet.medicines = [medicine]
        try await phone.care.activate(phone.care.create(sheet))
        try await phone.care.generateSchedule()
        try await phone.close()
    }

    func testADoseTakenOfflineIsSyncedAndAConflictIsReinstated() async throws {
        try await prescribe()
        let first = try say("one", "sync", "today")
        XCTAssertTrue(first[0].hasPrefix("sent "), first[0])
        XCTAssertEqual(first.last, "0 to be sent")
        _ = try say("two", "sync")
        let due = try XCTUnwrap(first.first { $0.hasSuffix(" due") }?.split(separator: ".").first)

        // Both act before either syncs.
        server.stop()
        XCTAssertEqual(try say("one", "skip \(due)", "today").last, "1 to be sent")
        XCTAssertEqual(try say("two", "skip \(due)"), ["skipped"])
        try server.start()
        _ = try say("one", "sync")
        _ = try say("two", "sync")
        let conflicts = try say("one", "sync", "conflicts")
        XCTAssertEqual(conflicts.count, 1 + conflicts.filter { $0.hasPrefix("lost ") }.count)
        XCTAssertEqual(try say("one", "take 99999"), [try XCTUnwrap(say("two", "take 99999").first)])
        XCTAssertEqual(try say("two", "nonsense"), ["no such command"])
    }
}
