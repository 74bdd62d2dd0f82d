import Foundation
import XCTest

@testable import Tern

/// Transactions, reads, failures, the outbox, and the end of a replica.
final class ReplicaTests: ReplicaTestCase, @unchecked Sendable {
    func testATransactionIsShownWholeOrNotAtAll() async throws {
        let replica = try await open()
        do {
            try await replica.write { tx in
                try tx.insert("users", ["id": Self.patient, "role": "PATIENT"])
                throw Own(number: 7)
            }
            XCTFail("it passed")
        } catch {
            XCTAssertEqual(error as? Own, Own(number: 7))
        }
        let count = try await replica.value(Int.self, "SELECT count(*) FROM users")
        XCTAssertEqual(count, 0)
        try await insertUser(replica)
        let pending = try await replica.status().pending
        XCTAssertEqual(pending, 1)
        let (inside, isInside, mayLeave) = (Shared(0), Shared(false), Shared(false))
        async let written: Void = replica.write { tx in
            try tx.insert("users", ["role": "DOCTOR"])
            inside.now = try tx.query("SELECT count(*) FROM users").first { try $0.get(0) } ?? 0
            isInside.now = true
            while !mayLeave.now {
                usleep(1000)
            }
        }
        try await until("inside") { isInside.now }
        let outside = try await replica.value(Int.self, "SELECT count(*) FROM users")
        mayLeave.now = true
        try await written
        XCTAssertEqual([inside.now, outside], [2, 1])
        try await replica.close()
    }

    func testTheTypedRowCallsInsertChangeDeleteAndBringBack() async throws {
        let replica = try await open()
        try await insertUser(replica)
        await fails(.exists) { try await self.insertUser(replica) }
        await fails(.enum) { try await replica.write { tx in try tx.insert("users", ["role": "NURSE"]) } }
        await fails(.unknownColumn) { try await replica.write { tx in try tx.insert("users", ["colour": "red"]) } }
        await fails(.unknownTable) { try await replica.write { tx in try tx.delete("planets", UUID()) } }
        await fails(.notFound) { try await replica.write { tx in try tx.update("users", UUID(), ["full_name": "x"]) } }
        try await replica.write { tx in
            try tx.update("users", Self.patient, ["full_name": nil])
            try tx.undo("users", Self.patient, ["full_name": "again"])
            try tx.delete("users", Self.patient)
            try tx.undelete("users", Self.patient)
            let rows = try tx.query("SELECT full_name FROM users").map { try $0.get(0, as: String.self) }
            XCTAssertEqual(rows, ["again"])
        }
        try await replica.execute("UPDATE users SET full_name = ? WHERE id = ?", "by SQL", patient)
        let now = try await name(replica)
        XCTAssertEqual(now, "by SQL")
        await fails(.sql) { try await replica.query("UPDATE users SET full_name = 'x'") }
        await fails(.sql) { try await replica.execute("nonsense") }
        try await replica.close()
    }

    func testGuessesYieldAndAreCounted() async throws {
        let replica = try await open()
        try await insertUser(replica)
        try await rename(replica, "a word")
        let kept = try await replica.infer { tx in try tx.update("users", Self.patient, ["full_name": "a guess"]) }
        XCTAssertEqual(kept, 1)
        let stays = try await name(replica)
        XCTAssertEqual(stays, "a word")
        try await replica.close()
    }

    func testFollowingNotesTheKeysOfChangedRows() async throws {
        let replica = try await open()
        try await replica.write { tx in try tx.follow("mine", table: "users", by: "id") }
        try await replica.write { tx in try tx.follow("both", table: "users", by: "role", "id") }
        try await insertUser(replica)
        for name in ["mine", "both"] {
            let noted = try await replica.value(Int.self, "SELECT count(*) FROM tern_noted WHERE name = ?", name)
            XCTAssertEqual(noted, 1, name)
        }
        await fails(.unknownTable) { try await replica.write { tx in try tx.follow("mine", table: "nowhere", by: "id") } }
        await fails(.misuse) { try await replica.write { tx in try tx.follow("mi\0ne", table: "users", by: "id") } }
        try await replica.close()
    }

    func testAStatementThatGivesRowsIsQueriedAlsoWhereItWrites() async throws {
        let replica = try await open()
        await fails(.misuse) { try await replica.execute("SELECT 1") }
        let ids = try await replica.write { tx in
            try tx.query("INSERT INTO users(id, role) VALUES(tern_id(), 'DOCTOR'), (tern_id(), 'DOCTOR') RETURNING id")
                .map { try $0.get(0, as: UUID.self) }
        }
        XCTAssertEqual(Set(ids).count, 2)
        let count = try await replica.value(Int.self, "SELECT count(*) FROM users")
        XCTAssertEqual(count, 2)
        try await replica.close()
    }

    func testTheStatusOfANewReplicaIsThatOfANewReplica() async throws {
        let replica = try await open()
        let status = try await replica.status()
        XCTAssertEqual(status.pending + status.acknowledged + status.quarantined + status.locked + status.scopes, 0)
        XCTAssertNil(status.lastSync)
        XCTAssertNil(status.serverOffset)
        XCTAssertEqual(status.lastError, .ok)
        XCTAssertEqual(status.schemaVersion, 1)
        let reach = try await replica.reach(of: "dose_events")
        XCTAssertEqual(reach, .unknown)
        XCTAssertEqual(Replica.version.split(separator: ".").compactMap { Int($0) }.count, 3)
        try await replica.close()
    }

    func testClosingTwiceIsHarmlessAndCallsAfterwardsAreTold() async throws {
        let replica = try await open()
        try await insertUser(replica)
        let care = replica.care
        try await replica.close()
        try await replica.close()
        await fails(.misuse) { try await replica.status() }
        await fails(.misuse) { try await replica.write { _ in } }
        await fails(.misuse) { try await replica.query("SELECT 1") }
        await fails(.misuse) { try replica.changes(of: "users") }
        await fails(.misuse) { try await care.settings() }
        try FileManager.default.removeItem(at: folder.appendingPathComponent("replica.db")) // nobody holds it
        let again = try await open()
        let count = try await again.value(Int.self, "SELECT count(*) FROM users")
        XCTAssertEqual(count, 0)
        try await again.close()
    }

    /// A write that waits is no reason for the main actor to wait.
    @MainActor
    func testWhatMayWaitNeverHoldsTheMainActor() async throws {
        let replica = try await open()
        let isInside = Shared(false)
        let mayLeave = Shared(false)
        let writing = Task { @MainActor in
            try await replica.write { tx in
                isInside.now = true
                while !mayLeave.now {
                    usleep(1000)
                }
                try tx.insert("users", ["id": Self.patient, "role": "PATIENT"])
            }
        }
        while !isInside.now {
            try await Task.sleep(nanoseconds: 1_000_000)
        }
        let behind = Task { @MainActor in try await replica.status().pending }
        let count = try await replica.value(Int.self, "SELECT count(*) FROM users")
        XCTAssertEqual(count, 0)
        mayLeave.now = true
        try await writing.value
        let pending = try await behind.value
        XCTAssertEqual(pending, 1)
        try await replica.close()
    }

    func testWhatABodyWasGivenEndsWithIt() async throws {
        final class Thief: @unchecked Sendable {
            var tx: Transaction?
            var cursor: Cursor?
            var snapshot: Snapshot?
        }
        let thief = Thief()
        let replica = try await open()
        try await insertUser(replica)
        try await replica.write { tx in
            thief.tx = tx
            thief.cursor = try tx.query("SELECT id FROM users")
            XCTAssertTrue(try thief.cursor!.next())
        }
        try await replica.read { thief.snapshot = $0 }
        await fails(.misuse) { try thief.tx!.delete("users", Self.patient) }
        await fails(.misuse) { try thief.tx!.insert("users", ["role": "PATIENT"]) }
        await fails(.misuse) { try thief.tx!.query("SELECT 1") }
        await fails(.misuse) { try thief.cursor!.next() }
        await fails(.misuse) { try thief.cursor!.get(0, as: UUID.self) }
        await fails(.misuse) { try thief.snapshot!.query("SELECT 1") }
        try await replica.close()
        await fails(.misuse) { try thief.cursor!.get("id", as: UUID.self) }
    }

    func testASnapshotShowsOneStateWhateverIsWritten() async throws {
        let replica = try await open()
        try await insertUser(replica)
        let isReading = Shared(false)
        let wasWritten = Shared(false)
        async let seen = replica.read { snapshot in
            let before = try snapshot.query("SELECT full_name FROM users").first { try $0.get(0, as: String.self) }
            isReading.now = true
            while !wasWritten.now {
                usleep(1000)
            }
            let after = try snapshot.query("SELECT full_name FROM users").first { try $0.get(0, as: String.self) }
            return [before, after]
        }
        try await until("reading") { isReading.now }
        try await rename(replica, "meanwhile")
        wasWritten.now = true
        let both = try await seen
        XCTAssertEqual(both, ["Sok Dara", "Sok Dara"])
        let later = try await name(replica)
        XCTAssertEqual(later, "meanwhile")
        try await replica.close()
    }

    func testTheOutboxTellsWhatWaitsAndWhatItChanges() async throws {
        let replica = try await open()
        try await insertUser(replica)
        try await rename(replica, "សុខ")
        let entries = try await replica.outbox()
        XCTAssertEqual(entries.map(\.state), [.pending, .pending])
        XCTAssertEqual(entries.map(\.changes), [1, 1])
        let device = try await replica.device()
        XCTAssertEqual(entries[0].device, device)
        let user = try await replica.user()
        XCTAssertEqual(user, patient)
        let none = try await replica.outbox(.quarantined, .locked)
        XCTAssertTrue(none.isEmpty)
        let changes = try await replica.changes(ofEntry: entries[1].ordinal)
        XCTAssertEqual(changes.map(\.operation), ["update"])
        XCTAssertEqual(changes[0].row, patient)
        XCTAssertTrue(changes[0].values.contains("សុខ"))
        await fails(.notFound) { try await replica.changes(ofEntry: 99) }
        await fails(.misuse) { try await replica.retry(entries[0].ordinal) }
        await fails(.notFound) { try await replica.discard(99) }
        await fails(.notFound) { try await replica.reinstate(UUID()) }
        try await replica.close()
    }

    func testOpeningTellsWhoseItIsAndRefusesOthers() async throws {
        var missing = try options("missing")
        missing.mustExist = true
        await fails(.notFound) { [missing] in try await Replica(missing) }
        var broken = try options("broken")
        broken.schema = Data("{".utf8)
        let error = await fails(.schema) { [broken] in try await Replica(broken) }
        XCTAssertEqual(error?.isRetryable, false)
        await fails(.io) { try await self.open("nowhere/at all") }
        let replica = try await open()
        let device = try await replica.device()
        XCTAssertNotEqual(device, UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)))
        await fails(.busy) { try await self.open() }
        try await replica.close()
        var foreign = try options()
        foreign.user = Self.neighbour
        await fails(.wrongUser) { [foreign] in try await Replica(foreign) }
        let again = try await Replica(path: options().path)
        let user = try await again.user()
        XCTAssertEqual(user, patient)
        try await again.close()
        XCTAssertFalse(Replica.version.isEmpty)
    }

    func testClosingWaitsForTheCallsOfOthersAndIsToldToLaterOnes() async throws {
        let replica = try await open()
        let isInside = Shared(false)
        let mayLeave = Shared(false)
        async let written: Void = replica.write { tx in
            isInside.now = true
            while !mayLeave.now {
                usleep(1000)
            }
            try tx.insert("users", ["id": Self.patient, "role": "PATIENT", "full_name": "kept"])
        }
        try await until("inside") { isInside.now }
        async let first: Void = replica.close()
        async let second: Void = replica.close()
        try await until("shut") { replica.core.isClosed }
        await fails(.misuse) { try await replica.status() }
        await fails(.misuse) { try replica.changes(of: "users") }
        mayLeave.now = true
        try await written
        try await first
        try await second
        try await replica.close()
        await fails(.misuse) { try await replica.write { _ in } }
        await fails(.misuse) { try await replica.read { _ in } }
        let again = try await open()
        let kept = try await name(again)
        XCTAssertEqual(kept, "kept")
        try await again.close()
    }

    func testAReplicaThatWasForgottenIsClosed() async throws {
        _ = try await open()
        var again: Replica?
        try await until("closed") {
            again = try? await self.open()
            return again != nil
        }
        try await again?.close()
    }

    func testAReplicaThatWasForgottenWithALiveQueryIsClosed() async throws {
        do {
            let replica = try await open()
            var live: LiveQuery<Int?>.Iterator? = replica.watch(["users"]) { snapshot in
                try snapshot.query("SELECT count(*) FROM users").first { try $0.get(0) }
            }.makeAsyncIterator()
            let first = try await live?.next()
            XCTAssertEqual(first, 0)
            live = nil
        }
        var again: Replica?
        try await until("closed") {
            again = try? await self.open()
            return again != nil
        }
        try await again?.close()
    }

    func testManyTasksAtOneReplicaLoseNothing() async throws {
        let replica = try await open()
        try await insertUser(replica)
        try await replica.execute("CREATE TABLE counter(task INTEGER, step INTEGER)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for step in 0..<100 {
                        try await replica.write { tx in
                            try tx.execute("INSERT INTO counter VALUES (?, ?)", task, step)
                            try tx.update("users", Self.patient, ["full_name": "\(task) \(step)"])
                        }
                        let own = try await replica.value(Int.self, "SELECT count(*) FROM counter WHERE task = ?", task)
                        XCTAssertEqual(own, step + 1)
                        _ = try await replica.status()
                    }
                }
            }
            try await group.waitForAll()
        }
        let all = try await replica.value(Int.self, "SELECT count(*) FROM counter")
        XCTAssertEqual(all, 400)
        let pending = try await replica.status().pending
        XCTAssertEqual(pending, 401)
        try await replica.close()
    }

    func testClosingUnderManyTasksEndsEachWithMisuseAndNothingElse() async throws {
        let replica = try await open()
        try await insertUser(replica)
        let done = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<6 {
                group.addTask {
                    do {
                        for step in 0... {
                            if task % 2 == 0 {
                                try await self.rename(replica, "\(task) \(step)")
                            } else {
                                _ = try await replica.query("SELECT * FROM users")
                            }
                            done.change { $0 += 1 }
                        }
                    } catch let error as TernError where error.code == .misuse {
                    }
                }
            }
            try await until("work") { done.now > 50 }
            try await replica.close()
            try await group.waitForAll()
        }
    }

    private func residentKilobytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }

    func testAHundredThousandRowsPassThroughLittleMemory() async throws {
        let replica = try await open()
        let (sum, grown) = try await replica.read { snapshot in
            let cursor = try snapshot.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?1)"
                + " SELECT i, printf('%0*d', ?2, i) AS text FROM n", 100_000, 2000)
            var sum = 0
            var before = 0
            var most = 0
            while try cursor.next() {
                let row = try cursor.get(0, as: Int.self)
                sum += row
                XCTAssertEqual(try cursor.get("text", as: String.self).utf8.count, 2000)
                if row == 10_000 {
                    before = try self.residentKilobytes()
                } else if row > 10_000, row % 5000 == 0 {
                    most = max(most, try self.residentKilobytes())
                }
            }
            return (sum, most - before)
        }
        XCTAssertEqual(sum, 5_000_050_000)
        XCTAssertLessThan(grown, 32 * 1024) // the rows are 200 MB
        try await replica.close()
    }

    func testRowsThatFillNoBatchAndRowsThatFillManyComeWhole() async throws {
        let replica = try await open()
        for size in [0, 1, 48 * 1024 - 1, 48 * 1024, 500_000] {
            let sum = try await replica.read { snapshot in
                try snapshot.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 7)"
                    + " SELECT zeroblob(?) FROM n", size).map { try $0.get(0, as: Data.self).count }.reduce(0, +)
            }
            XCTAssertEqual(sum, 7 * size)
        }
        try await replica.close()
    }

    func testAFailureInTheMiddleOfRowsIsToldAndTheCursorEnds() async throws {
        let replica = try await open()
        try await replica.read { snapshot in
            let cursor = try snapshot.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999)"
                + " SELECT i, CASE WHEN i = 9000 THEN abs(-9223372036854775807 - 1) ELSE 0 END FROM n")
            var last = 0
            XCTAssertThrowsError(try { while try cursor.next() { last = try cursor.get(0) } }()) { error in
                XCTAssertEqual((error as? TernError)?.code, .sql)
            }
            XCTAssertEqual(last, 8999)
            XCTAssertFalse(try cursor.next())
        }
        try await replica.close()
    }

    func testCursorsThatWereForgottenAreTakenBack() async throws {
        let replica = try await open()
        try await insertUser(replica)
        func descriptors() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }
        let before = try descriptors()
        for _ in 0..<300 {
            try await replica.read { snapshot in
                for _ in 0..<3 {
                    let cursor = try snapshot.query(
                        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 99999) SELECT i FROM n")
                    XCTAssertTrue(try cursor.next())
                }
            }
        }
        XCTAssertLessThan(try descriptors(), before + 30)
        try await rename(replica, "nobody reads") // and no cursor holds the file's log
        try await replica.close()
    }

    func testAStatementThatIsKeptSeesColumnsThatCameLater() async throws {
        let replica = try await open()
        try await replica.execute("CREATE TABLE own(a INTEGER)")
        try await replica.execute("INSERT INTO own VALUES (1)")
        for _ in 0..<2 {
            let before = try await replica.query("SELECT * FROM own")
            XCTAssertEqual(before.first?.columns, ["a"])
        }
        try await replica.execute("ALTER TABLE own ADD COLUMN b INTEGER DEFAULT 2")
        let after = try await replica.query("SELECT * FROM own")
        XCTAssertEqual(after.first?.columns, ["a", "b"])
        XCTAssertEqual(try after.first?.get("b", as: Int.self), 2)
        try await replica.execute("ALTER TABLE own RENAME COLUMN b TO c")
        try await replica.execute("ALTER TABLE own DROP COLUMN a")
        let last = try await replica.query("SELECT * FROM own")
        XCTAssertEqual(last.first?.columns, ["c"])
        XCTAssertEqual(try last.first?.get("c", as: Int.self), 2)
        try await replica.close()
    }
}
