import Foundation
import XCTest

@testable import Tern

/// The app's clock, randomness, log and zones: what they give counts, and what they do breaks nothing.
final class PortsTests: ReplicaTestCase, @unchecked Sendable {
    func testTheAppsClockAndRandomnessAreUsed() async throws {
        let asked = Shared(0)
        let then = Date(microseconds: 1_777_863_721_000_001)
        var options = try options()
        options.ports.clock = Ports.Clock(wallMicroseconds: { then.microseconds ?? 0 }, monotonicMicroseconds: { 1 },
            bootID: { Self.neighbour })
        options.ports.random = { count in
            asked.change { $0 += 1 }
            return Data(repeating: 7, count: count)
        }
        let replica = try await Replica(options)
        try await insertUser(replica)
        let created = try await replica.value(Date.self, "SELECT created_at FROM users")
        XCTAssertEqual(created, then)
        let device = try await replica.device()
        XCTAssertEqual(device.uuid.15, 7)
        XCTAssertGreaterThan(asked.now, 0)
        try await replica.close()
    }

    func testRandomnessThatIsNotToBeHadFailsTheCall() async throws {
        var broken = try options("broken")
        broken.ports.random = { _ in nil }
        await fails(.internal) { [broken] in try await Replica(broken) }
        broken.ports.random = { Data(repeating: 7, count: $0 - 1) }
        await fails(.internal) { [broken] in try await Replica(broken) }
    }

    /// A transaction within reach of a port, by way of what Swift 5 lets pass.
    private final class Reach: @unchecked Sendable {
        var tx: Transaction?
    }

    func testAPortThatCallsTheLibraryIsRefusedAndNothingHangs() async throws {
        let replica = Shared<Replica?>(nil)
        let (reach, reached) = (Reach(), Shared<Set<String>>([]))
        let (refused, late) = (Shared<Set<String>>([]), Shared(0))
        let day = LocalDate(year: 2026, month: 1, day: 1)
        var regimen = Regimen(zone: "Asia/Phnom_Penh", startDate: day)
        regimen.slots = .morning
        let planned = regimen
        /// Asks within a port, by a call that waits for nothing and by tasks that the port waits for.
        @Sendable func ask(_ port: String) {
            guard let replica = replica.now, refused.now.contains(port) == false else {
                return
            }
            XCTAssertThrowsError(try replica.changes(of: "users")) { XCTAssertEqual(($0 as? TernError)?.code, .misuse) }
            if let tx = reach.tx {
                for use in [{ try tx.execute("SELECT 1") }, { _ = try tx.query("SELECT 1") }, { try tx.delete("users", Self.patient) }] {
                    XCTAssertThrowsError(try use()) { XCTAssertEqual(($0 as? TernError)?.code, .misuse) }
                }
                reached.change { _ = $0.insert(port) }
            }
            XCTAssertNoThrow(try planned.plan(from: day, days: 1)) // needs no replica, and asks for zones within this port
            let calls: [@Sendable () async throws -> Void] = [
                { _ = try await replica.status() }, { try await replica.write { _ in } }, { try await replica.close() },
                { try await replica.read { _ in } }, { _ = try await replica.care.settings() },
                { _ = try await Replica(path: "nowhere.db") },
            ]
            for call in calls {
                let answered = DispatchSemaphore(value: 0)
                Task {
                    await self.fails(.misuse) { try await call() }
                    answered.signal()
                }
                XCTAssertEqual(answered.wait(timeout: .now() + 30), .success, port)
            }
            Task { // begun here and not waited for: it runs when the port has long returned
                try await Task.sleep(nanoseconds: 300_000_000)
                _ = try await replica.status()
                late.change { $0 += 1 }
            }
            refused.change { _ = $0.insert(port) }
        }
        var options = try options()
        options.ports.random = { count in
            ask("random")
            return Data((0..<count).map { _ in UInt8.random(in: .min ... .max) })
        }
        options.ports.clock = Ports.Clock(
            wallMicroseconds: {
                ask("wall")
                return Date().microseconds ?? 0
            },
            monotonicMicroseconds: {
                ask("monotonic")
                return 1
            }, bootID: { Self.neighbour })
        options.ports.zoneOffset = { _, _ in
            ask("zone")
            return 7 * 3600
        }
        replica.now = try await Replica(options)
        for _ in 0..<200 where !refused.now.contains("random") {
            try await replica.now?.write { tx in
                reach.tx = tx
                defer { reach.tx = nil }
                try tx.insert("users", ["role": "DOCTOR"])
            }
        }
        XCTAssertTrue(reached.now.contains("wall"), "\(reached.now)")
        try await insertUser(replica.now!)
        try await replica.now?.care.set(timeZone: "Asia/Tokyo")
        XCTAssertTrue(refused.now.isSuperset(of: ["random", "wall", "monotonic", "zone"]), "\(refused.now)")
        try await until("answered") { late.now == refused.now.count }
        try await replica.now?.close()
        replica.now = nil
    }

    func testFoundationsZonesAreTheIanaOnes() throws {
        let zones = Ports().zoneOffset
        let then = Date(microseconds: 1_777_863_721_000_001)
        XCTAssertEqual(try zones("Asia/Phnom_Penh", then), 7 * 3600)
        XCTAssertEqual(try zones("Europe/Berlin", then), 7200)
        XCTAssertEqual(try zones("Europe/Berlin", Date(timeIntervalSince1970: 1_767_484_800)), 3600)
        XCTAssertEqual(try zones("UTC", then), 0)
        for name in ["", "Nowhere/At_All", "GMT+7", "UTC+07:00", "+07:00", "asia/phnom_penh", "PST", "GMT+0700"] {
            XCTAssertNil(try zones(name, then), name)
        }
    }

    func testPortsOfTheAppAreUsedAndReleasedAtTheEnd() async throws {
        final class Token: Sendable {}
        weak var kept: Token?
        let lines = Shared(0)
        do {
            let token = Token()
            kept = token
            var options = try options()
            options.ports.clock = Ports.Clock(
                wallMicroseconds: { withExtendedLifetime(token) { 1_777_866_300_000_000 } },
                monotonicMicroseconds: { 5_000_000 }, bootID: { Self.neighbour })
            options.ports.log = { _, line in lines.change { $0 += line.isEmpty ? 0 : 1 } }
            options.ports.random = { Data(repeating: 7, count: $0) }
            let replica = try await Replica(options)
            try await insertUser(replica)
            let time = try await replica.value(Date.self, "SELECT created_at FROM users")
            XCTAssertEqual(time?.timeIntervalSince1970 ?? 0, 1_777_866_300, accuracy: 1)
            try await replica.close()
        }
        try await until("released") { kept == nil }
    }

    /// Counts those that live.
    private final class Counted: Sendable {
        let living: Shared<Int>

        init(_ living: Shared<Int>) {
            self.living = living
            living.change { $0 += 1 }
        }

        deinit {
            living.change { $0 -= 1 }
        }
    }

    /// Options whose ports hold a `Counted` each, and count their calls.
    private func counted(_ name: String, _ living: Shared<Int>, _ calls: Shared<Int>) throws -> Replica.Options {
        var options = try options(name)
        let own = (0..<4).map { _ in Counted(living) }
        options.ports.clock = Ports.Clock(
            wallMicroseconds: { [one = own[0]] in
                calls.change { $0 += 1 }
                return withExtendedLifetime(one) { 1_777_866_300_000_000 }
            }, monotonicMicroseconds: { 5_000_000 }, bootID: { Self.neighbour })
        options.ports.random = { [one = own[1]] count in
            calls.change { $0 += 1 }
            return withExtendedLifetime(one) { Data(repeating: 7, count: count) }
        }
        options.ports.log = { [one = own[2]] _, _ in withExtendedLifetime(one) { calls.change { $0 += 1 } } }
        options.ports.zoneOffset = { [one = own[3]] _, _ in
            calls.change { $0 += 1 }
            return withExtendedLifetime(one) { 7 * 3600 }
        }
        return options
    }

    func testPortsAreReleasedOnceAfterTheirLastCallHoweverTheReplicaEnds() async throws {
        let (living, calls) = (Shared(0), Shared(0))
        // Closed, after a medication call that was given the zones, while tasks still ask.
        do {
            let replica = try await Replica(counted("closed", living, calls))
            try await insertUser(replica)
            _ = try await replica.care.doses(on: LocalDate(year: 2026, month: 5, day: 4))
            XCTAssertGreaterThanOrEqual(living.now, 4)
            let busy = Task {
                while true {
                    try await self.rename(replica, "again")
                }
            }
            try await replica.close()
            let atClose = calls.now
            await fails(.misuse) { try await busy.value }
            XCTAssertEqual(calls.now, atClose)
        }
        try await until("released") { living.now == 0 }
        // Never opened.
        for _ in 0..<3 {
            do {
                var options = try counted("broken", living, calls)
                options.schema = Data("{".utf8)
                await fails(.schema) { [options] in try await Replica(options) }
            }
            try await until("released") { living.now == 0 }
        }
        // Forgotten.
        do {
            let replica = try await Replica(counted("forgotten", living, calls))
            try await insertUser(replica)
        }
        try await until("released") { living.now == 0 }
    }
}
