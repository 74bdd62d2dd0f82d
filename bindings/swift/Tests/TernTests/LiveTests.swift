import Foundation
import XCTest

@testable import Tern

/// Live queries: the first result, one after each change, none after the end.
final class LiveTests: ReplicaTestCase, @unchecked Sendable {
    private func count(_ replica: Replica) -> LiveQuery<Int> {
        replica.watch(["users"]) { try Self.users($0) }
    }

    private static func users(_ snapshot: Snapshot) throws -> Int {
        try snapshot.query("SELECT count(*) FROM users").first { try $0.get(0) } ?? -1
    }

    private func insert(_ replica: Replica) async throws {
        try await replica.write { tx in try tx.insert("users", ["role": "DOCTOR"]) }
    }

    /// What a loop over a query has shown.
    private func show(_ query: LiveQuery<Int>) -> (Shared<[Int]>, Task<Void, any Error>) {
        let shown = Shared<[Int]>([])
        let task = Task {
            for try await now in query {
                shown.change { $0.append(now) }
            }
        }
        return (shown, task)
    }

    func testAResultComesAtFirstAndAfterEachChange() async throws {
        let replica = try await open()
        let (shown, task) = show(count(replica))
        try await until("first") { shown.now == [0] }
        try await insert(replica)
        try await until("second") { shown.now == [0, 1] }
        try await replica.execute("UPDATE users SET theme = 'DARK'")
        try await until("third") { shown.now == [0, 1, 1] }
        try await replica.execute("CREATE TABLE other(x)")
        try await replica.execute("INSERT INTO other VALUES(1)")
        try await Task.sleep(nanoseconds: 100_000_000)
        XCTAssertEqual(shown.now, [0, 1, 1])
        task.cancel()
        try await task.value
        try await insert(replica)
        XCTAssertEqual(shown.now, [0, 1, 1])
        try await replica.close()
    }

    func testManyChangesEndWithTheLastState() async throws {
        let replica = try await open()
        let (shown, task) = show(count(replica))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<50 {
                        try await self.insert(replica)
                    }
                }
            }
            try await group.waitForAll()
        }
        try await until("the last") { shown.now.last == 200 }
        XCTAssertEqual(shown.now, shown.now.sorted())
        task.cancel()
        try await task.value
        try await replica.close()
    }

    func testAFailedRunIsThrownAndEndsTheSequence() async throws {
        let replica = try await open()
        let isBroken = Shared(false)
        let query = replica.watch(["users"]) { snapshot in
            if isBroken.now {
                _ = try snapshot.query("SELECT nowhere")
            }
            return try Self.users(snapshot)
        }
        var live = query.makeAsyncIterator()
        let first = try await live.next()
        XCTAssertEqual(first, 0)
        isBroken.now = true
        try await insert(replica)
        await fails(.sql) { try await live.next() }
        // It is over, whatever changes; a new loop goes on from the state of then.
        isBroken.now = false
        try await insert(replica)
        let over = try await live.next()
        XCTAssertNil(over)
        var again = query.makeAsyncIterator()
        let state = try await again.next()
        XCTAssertEqual(state, 2)
        try await insert(replica)
        let next = try await again.next()
        XCTAssertEqual(next, 3)

        // What the app's own code throws comes as it is, and the loop's body is left.
        let loop = Task {
            for try await _ in replica.watch(["users"], calling: { throw Own(number: 8) }) as LiveQuery<Int> {
                XCTFail("it was shown")
            }
        }
        do {
            try await loop.value
            XCTFail("it passed")
        } catch {
            XCTAssertEqual(error as? Own, Own(number: 8))
        }
        try await replica.close()
    }

    func testAnUnknownTableIsToldAtOnceAndAClosedReplicaEndsIt() async throws {
        let replica = try await open()
        var nowhere = replica.watch(["nowhere", "users"]) { try Self.users($0) }.makeAsyncIterator()
        await fails(.unknownTable) { try await nowhere.next() }
        let over = try await nowhere.next()
        XCTAssertNil(over)
        let (shown, task) = show(count(replica))
        try await until("shown") { shown.now == [0] }
        try await replica.close()
        try await task.value
        XCTAssertEqual(shown.now, [0])
        var late = count(replica).makeAsyncIterator()
        let none = try await late.next()
        XCTAssertNil(none)
    }

    func testALoopMayCallTheReplicaAndItsTasksEndEndsIt() async throws {
        let replica = try await open()
        let last = Shared(0)
        let task = Task {
            for try await now in self.count(replica) {
                last.now = now
                if now < 3 {
                    try await self.insert(replica)
                }
            }
        }
        try await until("three") { last.now == 3 }
        task.cancel()
        try await insert(replica)
        try await task.value
        XCTAssertEqual(last.now, 3)
        try await replica.close()
    }
}
