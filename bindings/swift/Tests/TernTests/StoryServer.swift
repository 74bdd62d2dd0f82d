import Foundation
import XCTest

@testable import Tern

/// The ternd of a story: its clock, its process, and requests that are handed in as they stand.
final class StoryServer: @unchecked Sendable {
    private let folder: URL
    private let schema: String
    private let users: [String]
    private var process = Process()
    private var port = 0
    private var told = ["epoch": "", "cursor": ""] // by the last answer to a request

    init(_ folder: URL, schema: String, users: [String]) {
        (self.folder, self.schema, self.users) = (folder, schema, users)
    }

    private func file(_ name: String) -> URL {
        folder.appendingPathComponent(name)
    }

    func set(clock: Int64) throws {
        try Data(String(clock).utf8).write(to: file("clock.next"))
        guard rename(file("clock.next").path, file("clock").path) == 0 else {
            throw Broken("the clock cannot be written")
        }
    }

    func start() throws {
        try start(users)
    }

    private func start(_ arguments: [String]) throws {
        try? FileManager.default.removeItem(at: file("port"))
        process = Process()
        process.executableURL = ReplicaTestCase.root.appendingPathComponent("tests/shared/server")
        process.arguments = [ReplicaTestCase.build.path, folder.path, schema] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<6000 where process.isRunning {
            if let text = try? String(contentsOf: file("port"), encoding: .utf8),
                let number = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) {
                port = number
                return
            }
            usleep(10_000)
        }
        throw Broken("ternd does not start")
    }

    /// Not by SIGTERM: a process begun from a thread of libdispatch inherits that it is blocked.
    func stop() {
        if process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }

    func token(_ user: String) throws -> String {
        try String(contentsOf: file(user + ".token"), encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func transport() throws -> CurlTransport {
        try CurlTransport("https://localhost:\(port)", authorities: file("ca.pem").path)
    }

    /// Stops, ends the record of a user by ternd's own command, and starts again.
    func erase(_ user: String) throws {
        stop()
        try start(["--erase", user])
    }

    /// Hands lines in with the token of a user; all parts must stand in the answer.
    func request(_ user: String, _ lines: [String], status: Int, parts: [String]) async throws {
        var body = lines.map { $0 + "\n" }.joined()
        for (word, text) in told {
            body = body.replacingOccurrences(of: "$\(word)$", with: text)
        }
        let request = try HTTPRequest(path: "/v1/sync", contentType: "application/vnd.tern.sync+ndjson; version=1",
            acceptCodings: "identity", token: token(user), body: Data(body.utf8))
        let answer = try await transport().exchange(request)
        let said = String(decoding: answer.body, as: UTF8.self)
        guard answer.status == status, parts.allSatisfy({ said.contains($0) }) else {
            throw Broken("\(body)is answered \(answer.status): \(said)wanted: \(status), \(parts)")
        }
        for word in told.keys {
            if let begin = said.range(of: "\"\(word)\":\"") {
                told[word] = String(said[begin.upperBound...].prefix { $0 != "\"" })
            }
        }
    }
}

/// What is wrong with a story.
struct Broken: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
