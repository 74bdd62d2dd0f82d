import Foundation
import XCTest

@testable import Tern

/// Apps and servers of two versions of the schema document, as docs/ios.md tells of them.
final class MigrationTests: ReplicaTestCase, @unchecked Sendable {
    private static let first = (try? String(contentsOf: root.appendingPathComponent("schemas/dastern.json"), encoding: .utf8)) ?? ""
    /// With one column more, in a unit of its own.
    private static let second = changed(first, [
        ("\"version\": 1,", "\"version\": 2,"),
        ("\"format\": \"time-zone\"\n        }", "\"format\": \"time-zone\"\n        },\n"
            + #"{"name": "nickname", "type": "text", "length": 50, "nullable": true, "since": 2}"#),
        (#""server_owned": true}"#, #""server_owned": true}, {"name": "nickname", "columns": ["nickname"]}"#),
    ])
    /// The same of a server that no longer serves the first.
    private static let secondAlone = changed(second, [("\"minimum_version\": 1,", "\"minimum_version\": 2,")])
    /// Takes a column away.
    private static let smaller = changed(first, [
        ("\"version\": 1,", "\"version\": 2,"),
        (#""columns": ["language", "theme","#, #""columns": ["language","#),
        (#"{"name": "theme", "type": "enum", "enum": "Theme", "default": "LIGHT"},"#, ""),
    ])

    private var server: Server!
    private var token = ""

    private static func changed(_ document: String, _ pairs: [(String, String)]) -> String {
        pairs.reduce(document) { text, pair in
            XCTAssertTrue(text.contains(pair.0), pair.0)
            return text.replacingOccurrences(of: pair.0, with: pair.1)
        }
    }

    override func setUpWithError() throws {
        try super.setUpWithError()
        server = try Server(folder)
        token = try server.token(patient)
    }

    override func tearDownWithError() throws {
        server.stop()
        try super.tearDownWithError()
    }

    private func app(_ name: String, _ document: String) async throws -> Replica {
        var options = try options(name)
        options.schema = Data(document.utf8)
        return try await Replica(options)
    }

    private func serve(_ document: String) throws {
        server.stop()
        server.schema = server.file("served.json")
        try Data(document.utf8).write(to: server.schema)
        try server.start()
    }

    @discardableResult
    private func sync(_ replica: Replica) async throws -> SyncProgress {
        try await replica.sync(over: server.transport(), options: .once) { [token] refused in refused ? nil : token }
    }

    private func set(_ replica: Replica, _ column: String, _ value: String) async throws {
        try await replica.write { tx in try tx.update("users", Self.patient, [column: value]) }
    }

    private func get(_ replica: Replica, _ column: String) async throws -> String? {
        try await replica.value(String?.self, "SELECT \(column) FROM users WHERE id = ?", patient) ?? nil
    }

    private func waiting(_ replica: Replica) async throws -> [UInt64] {
        try await replica.outbox(.pending).map(\.ordinal)
    }

    /// What an app of the first version has left behind: three transactions that no server has seen.
    private func leaveThree(_ name: String) async throws {
        let old = try await app(name, Self.first)
        try await insertUser(old)
        try await set(old, "full_name", "Dara")
        try await set(old, "theme", "DARK")
        try await old.close()
    }

    func testANewAppUpgradesTheFileAndItsRowsHaveTheNewColumns() async throws {
        try await leaveThree("phone")
        var phone = try await app("phone", Self.second)
        let version = try await phone.status().schemaVersion
        XCTAssertEqual(version, 2)
        let name = try await get(phone, "full_name")
        XCTAssertEqual(name, "Dara")
        let none = try await get(phone, "nickname")
        XCTAssertNil(none)
        try await set(phone, "nickname", "ដារ៉ា")
        try await phone.close()
        phone = try await app("phone", Self.second)
        let nickname = try await get(phone, "nickname")
        XCTAssertEqual(nickname, "ដារ៉ា")
        try await phone.close()
    }

    func testAFullOutboxIsKeptAtTheUpgradeAndSent() async throws {
        try await leaveThree("phone")
        try serve(Self.second)
        let phone = try await app("phone", Self.second)
        let kept = try await waiting(phone)
        XCTAssertEqual(kept, [1, 2, 3])
        let change = try await phone.changes(ofEntry: 2)
        XCTAssertEqual(change.first?.values.contains("Dara"), true)
        try await set(phone, "nickname", "ដារ៉ា")
        let progress = try await sync(phone)
        XCTAssertEqual([progress.sent, progress.pending], [4, 0])
        let parked = try await phone.outbox(.quarantined)
        XCTAssertTrue(parked.isEmpty)
        let tablet = try await app("tablet", Self.second)
        try await sync(tablet)
        let seen = [try await get(tablet, "full_name"), try await get(tablet, "theme"), try await get(tablet, "nickname")]
        XCTAssertEqual(seen, ["Dara", "DARK", "ដារ៉ា"])
        try await tablet.close()
        try await phone.close()
    }

    func testAnOldAppIsRefusedTheFileOfANewerOneWhichStaysAsItIs() async throws {
        try await leaveThree("phone")
        var phone = try await app("phone", Self.second)
        try await set(phone, "nickname", "ដារ៉ា")
        try await phone.close()
        let error = await fails(.schemaOlder) { try await self.app("phone", Self.first) }
        XCTAssertEqual(error?.isRetryable, false)
        // By its own document it opens, and what waits can be sent.
        try serve(Self.second)
        phone = try await Replica(path: options("phone").path)
        let version = try await phone.status().schemaVersion
        XCTAssertEqual(version, 2)
        let nickname = try await get(phone, "nickname")
        XCTAssertEqual(nickname, "ដារ៉ា")
        let sent = try await sync(phone).sent
        XCTAssertEqual(sent, 4)
        try await phone.close()
    }

    func testADocumentThatTakesSomethingAwayIsIncompatibleAndTheFileStaysAsItIs() async throws {
        try await leaveThree("phone")
        let error = await fails(.schemaIncompatible) { try await self.app("phone", Self.smaller) }
        XCTAssertEqual(error?.message.contains("users"), true, error?.message ?? "")
        let phone = try await app("phone", Self.first)
        let version = try await phone.status().schemaVersion
        XCTAssertEqual(version, 1)
        let theme = try await get(phone, "theme")
        XCTAssertEqual(theme, "DARK")
        let sent = try await sync(phone).sent
        XCTAssertEqual(sent, 3)
        try await phone.close()
    }

    func testANewAppWaitsForItsServerAndLosesNothing() async throws {
        try await leaveThree("phone")
        let phone = try await app("phone", Self.second)
        try await set(phone, "nickname", "ដារ៉ា")
        await fails(.protocol) { try await self.sync(phone) }
        let kept = try await waiting(phone)
        XCTAssertEqual(kept, [1, 2, 3, 4])
        try serve(Self.second)
        let sent = try await sync(phone).sent
        XCTAssertEqual(sent, 4)
        let parked = try await phone.outbox(.quarantined)
        XCTAssertTrue(parked.isEmpty)
        try await phone.close()
    }

    func testAnOldAppSyncsWithANewerServerUntilItsVersionIsServedNoLonger() async throws {
        try serve(Self.second)
        try await leaveThree("phone")
        var phone = try await app("phone", Self.first)
        let tablet = try await app("tablet", Self.second)
        let sent = try await sync(phone).sent
        XCTAssertEqual(sent, 3)
        try await sync(tablet)
        try await set(tablet, "nickname", "ដារ៉ា")
        try await sync(tablet)
        try await sync(phone)
        try await set(phone, "full_name", "Dara of the old app")
        try serve(Self.secondAlone)
        // What it has written is taken all the same; it gets nothing more.
        await fails(.upgradeRequired) { try await self.sync(phone) }
        let pending = try await phone.status().pending
        XCTAssertEqual(pending, 0)
        try await sync(tablet)
        let name = try await get(tablet, "full_name")
        XCTAssertEqual(name, "Dara of the old app")
        try await phone.close()
        phone = try await app("phone", Self.second)
        try await sync(phone)
        let nickname = try await get(phone, "nickname") // although the row itself has come before
        XCTAssertEqual(nickname, "ដារ៉ា")
        try await phone.close()
        try await tablet.close()
    }
}
