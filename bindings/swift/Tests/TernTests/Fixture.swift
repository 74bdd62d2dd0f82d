import Foundation
import XCTest

@testable import Tern

/// What the tests share: a folder of their own, the schema document, people, and how a failure is looked at.
class ReplicaTestCase: XCTestCase, @unchecked Sendable {
    static let patient = UUID(uuidString: "0A1B0000-0000-4000-8000-00000000000A")!
    static let neighbour = UUID(uuidString: "0A1B0000-0000-4000-8000-00000000000B")!
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    /// Where CMake has built ternd and tern; a sanitized library (TERN_BUILD) goes without programs of its own.
    static let build = ["TERN_PROGRAMS", "TERN_BUILD"].lazy.compactMap { ProcessInfo.processInfo.environment[$0] }.first
        .map { URL(fileURLWithPath: $0) } ?? root.appendingPathComponent("build/dev")

    var patient: UUID {
        Self.patient
    }

    private(set) var folder = URL(fileURLWithPath: "/")

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tern-swift-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(at: folder)
    }

    func options(_ name: String = "replica") throws -> Replica.Options {
        let schema = try Data(contentsOf: Self.root.appendingPathComponent("schemas/dastern.json"))
        return Replica.Options(path: folder.appendingPathComponent(name + ".db").path, schema: schema, user: Self.patient)
    }

    func open(_ name: String = "replica") async throws -> Replica {
        try await Replica(options(name))
    }

    func insertUser(_ replica: Replica, _ id: UUID = ReplicaTestCase.patient) async throws {
        try await replica.write { tx in
            try tx.insert("users", ["id": id, "role": "PATIENT", "full_name": "Sok Dara"])
        }
    }

    func rename(_ replica: Replica, _ name: String) async throws {
        try await replica.write { tx in try tx.update("users", Self.patient, ["full_name": name]) }
    }

    func name(_ replica: Replica) async throws -> String? {
        try await replica.value(String?.self, "SELECT full_name FROM users WHERE id = ?", patient) ?? nil
    }

    @discardableResult
    func fails<T>(_ code: ErrorCode, file: StaticString = #filePath, line: UInt = #line,
        _ body: () async throws -> T) async -> TernError? {
        let error = await failure(body)
        XCTAssertEqual(error?.code, code, String(describing: error), file: file, line: line)
        return error
    }

    @discardableResult
    func fails<T>(_ problem: Problem, file: StaticString = #filePath, line: UInt = #line,
        _ body: () async throws -> T) async -> TernError? {
        let error = await failure(body)
        XCTAssertEqual(error?.problem, problem, String(describing: error), file: file, line: line)
        return error
    }

    private func failure<T>(_ body: () async throws -> T) async -> TernError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? TernError ?? TernError(.ok, "another error: \(error)")
        }
    }
}

extension SyncOptions {
    /// A sync that neither waits nor tries again.
    static var once: SyncOptions {
        var options = SyncOptions()
        options.maxAttempts = 1
        options.waitLimit = 0
        return options
    }
}

/// A mistake of the app's own.
struct Own: Error, Equatable {
    let number: Int
}

/// A value that tasks share.
final class Shared<T: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: T

    init(_ value: T) {
        self.value = value
    }

    var now: T {
        get { change { $0 } }
        set { change { $0 = newValue } }
    }

    func change<R>(_ body: (inout T) -> R) -> R {
        lock.lock()
        defer { lock.unlock() }
        return body(&value)
    }
}

/// Waits until something is so; fails after a minute.
func until(_ what: String, file: StaticString = #filePath, line: UInt = #line,
    _ isSo: () async throws -> Bool) async throws {
    for _ in 0..<6000 {
        if try await isSo() {
            return
        }
        try await Task.sleep(nanoseconds: 10_000_000)
    }
    XCTFail("it never was so: " + what, file: file, line: line)
}
