import Foundation
import XCTest

@testable import Tern

/// What the library calls of the app's with no lock held: it may read and write, and wait for others that do. (Clocks, randomness
/// and zones: `PortsTests`.)
final class UpcallTests: ReplicaTestCase, @unchecked Sendable {
    private let phone = Shared<Replica?>(nil)
    private let called = Shared(0)

    private func begin(_ ports: Ports = Ports()) async throws {
        var options = try options()
        options.ports = ports
        let replica = try await Replica(options)
        try await insertUser(replica)
        phone.now = replica
    }

    private func close() async throws {
        try await phone.now?.close()
        phone.now = nil
        XCTAssertGreaterThan(called.now, 0)
    }

    private func use() async throws {
        guard let replica = phone.now else {
            return XCTFail("there is no replica")
        }
        try await rename(replica, "used")
        let name = try await name(replica)
        XCTAssertEqual(name, "used")
        let status = try await replica.status()
        XCTAssertGreaterThan(status.pending, 0)
        _ = try await replica.care.doses(on: LocalDate(year: 2026, month: 5, day: 4))
        called.change { $0 += 1 }
    }

    /// As `use`, waited for by a thread.
    private func useAndWait() {
        let answered = DispatchSemaphore(value: 0)
        Task {
            do {
                try await self.use()
            } catch {
                XCTFail("\(error)")
            }
            answered.signal()
        }
        XCTAssertEqual(answered.wait(timeout: .now() + 60), .success, "it hangs")
    }

    private struct NoAnswer: HTTPTransport {
        var before: @Sendable () async throws -> Void = {}

        func exchange(_ request: HTTPRequest) async throws -> HTTPAnswer {
            try await before()
            return HTTPAnswer(status: 200, body: Data("<html>".utf8), contentType: "text/html")
        }
    }

    func testTheLogMayCallTheReplicaAndEndsWithItsOwnCalls() async throws {
        let (lines, tablet) = (Shared<[String]>([]), Shared<Replica?>(nil))
        var ports = Ports()
        ports.log = { _, line in
            lines.change { $0.append(line) }
            self.useAndWait()
            let answered = DispatchSemaphore(value: 0)
            Task { // of which there would be a line
                await self.fails(.protocol) {
                    try await tablet.now?.sync(over: NoAnswer(), options: .once) { _ in "token" }
                }
                answered.signal()
            }
            XCTAssertEqual(answered.wait(timeout: .now() + 60), .success, "it hangs")
        }
        try await begin(ports)
        var other = try options("tablet")
        other.ports = ports
        tablet.now = try await Replica(other)
        await fails(.protocol) { try await self.phone.now?.sync(over: NoAnswer(), options: .once) { _ in "token" } }
        XCTAssertEqual(lines.now.count, 1)
        XCTAssertTrue(lines.now.first?.hasPrefix("sync: the answer is no good") ?? false, "\(lines.now)")
        try await tablet.now?.close()
        try await close()
    }

    func testProgressTransportAndTokensMayCallTheReplica() async throws {
        try await begin()
        await fails(.protocol) {
            for try await _ in self.phone.now!.progress(
                ofSyncOver: NoAnswer { try await self.use() }, options: .once,
                token: { _ in
                    try await self.use()
                    return "token"
                }) {
                try await self.use()
            }
        }
        XCTAssertGreaterThanOrEqual(called.now, 3)
        try await close()
    }

    func testATransportThatIsCancelledMayCallTheReplica() async throws {
        try await begin()
        let begun = Shared(false)
        let task = Task {
            try await self.phone.now?.sync(over: NoAnswer {
                begun.now = true
                await withTaskCancellationHandler {
                    try? await Task.sleep(nanoseconds: 600_000_000_000)
                } onCancel: { // in which nobody may wait, under the runtime's own lock
                    Task { try await self.use() }
                }
                while self.called.now == 0 {
                    await Task.yield()
                }
                throw URLError(.cancelled)
            }, options: .once) { _ in "token" }
        }
        try await until("begun") { begun.now }
        task.cancel()
        await fails(.cancelled) { try await task.value }
        try await close()
    }

    /// By way of what Swift 5 lets pass: the compiler refuses to hand these to another thread.
    private final class Thief: @unchecked Sendable {
        var tx: Transaction?
        var cursor: Cursor?
        var snapshot: Snapshot?
    }

    /// What a thread of its own makes of them.
    private func elsewhere(_ body: @escaping @Sendable () throws -> Void) -> ErrorCode? {
        let (code, done) = (Shared<ErrorCode?>(nil), DispatchSemaphore(value: 0))
        Thread {
            do {
                try body()
            } catch {
                code.now = (error as? TernError)?.code
            }
            done.signal()
        }.start()
        done.wait()
        return code.now
    }

    func testATransactionBelongsToItsThreadAndItsBody() async throws {
        try await begin()
        called.now = 1
        let replica = phone.now!
        let thief = Thief()
        try await replica.write { tx in
            thief.tx = tx
            thief.cursor = try tx.query("SELECT id FROM users")
            XCTAssertTrue(try thief.cursor!.next())
            let uses: [@Sendable () throws -> Void] = [
                { try thief.tx!.execute("SELECT 1") }, { _ = try thief.tx!.query("SELECT 1") },
                { try thief.tx!.insert("users", ["role": "DOCTOR"]) }, { try thief.tx!.delete("users", Self.patient) },
                { try thief.tx!.update("users", Self.patient, ["full_name": "stolen"]) },
                { try thief.tx!.undelete("users", Self.patient) }, { try thief.tx!.follow("x", table: "users", by: "id") },
                { _ = try thief.cursor!.next() }, { _ = try thief.cursor!.get(0, as: UUID.self) },
                { _ = try thief.cursor!.row() }, { _ = try thief.cursor!.map { try $0.row() } },
            ]
            for (number, use) in uses.enumerated() {
                XCTAssertEqual(self.elsewhere(use), .misuse, "\(number)")
            }
            XCTAssertNil(self.elsewhere {
                thief.cursor!.close()
                XCTAssertEqual(thief.cursor!.columns, [])
            })
            XCTAssertEqual(try thief.cursor!.get(0, as: UUID.self), Self.patient) // it stands as it stood
            XCTAssertEqual(thief.cursor!.columns, ["id"])
            try tx.update("users", Self.patient, ["full_name": "own"])
        }
        try await replica.read { snapshot in
            thief.snapshot = snapshot
            XCTAssertEqual(self.elsewhere { _ = try thief.snapshot!.query("SELECT 1") }, .misuse)
        }
        let name = try await name(replica)
        XCTAssertEqual(name, "own")
        await fails(.misuse) { try thief.tx!.delete("users", Self.patient) }
        try await close()
    }

    func testMoreCellsThanATableHasColumnsAreRefusedAsThat() async throws {
        try await begin()
        called.now = 1
        await fails(.unknownColumn) { try await self.phone.now?.write { tx in
            try tx.insert("users", Dictionary(uniqueKeysWithValues: (0..<129).map { number in ("c\(number)", number) }))
        } }
        try await close()
    }
}
