import Foundation

@testable import Tern

/// A ternd of a test's own, with throwaway certificates, on a free port of the loopback.
final class Server: @unchecked Sendable {
    private let folder: URL
    private var process = Process()
    private var port = 0
    /// Of the next start.
    var schema = ReplicaTestCase.root.appendingPathComponent("schemas/dastern.json")

    init(_ folder: URL) throws {
        self.folder = folder
        _ = try run(ReplicaTestCase.root.appendingPathComponent("tests/fixtures/tls/make-certificates").path, [folder.path])
        let key = (0..<32).map { _ in String(format: "%02x", UInt8.random(in: .min ... .max)) }.joined()
        try Data(key.utf8).write(to: file("token.key"))
        try start()
    }

    func file(_ name: String) -> URL {
        folder.appendingPathComponent(name)
    }

    private func run(_ command: String, _ arguments: [String]) throws -> String {
        let child = Process()
        let out = Pipe()
        child.executableURL = URL(fileURLWithPath: command)
        child.arguments = arguments
        child.standardOutput = out
        child.standardError = FileHandle.nullDevice
        try child.run()
        let said = out.fileHandleForReading.readDataToEndOfFile()
        child.waitUntilExit()
        guard child.terminationStatus == 0 else {
            throw Own(number: Int(child.terminationStatus))
        }
        return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func token(_ user: UUID, _ flags: String...) throws -> String {
        try run(ReplicaTestCase.build.appendingPathComponent("cli/tern").path,
            ["token", "--user", user.uuidString.lowercased(), "--key", file("token.key").path] + flags)
    }

    /// Also again after `stop`, on the same port and database.
    func start() throws {
        try? FileManager.default.removeItem(at: file("server.port"))
        process = Process()
        process.executableURL = ReplicaTestCase.build.appendingPathComponent("server/ternd")
        process.arguments = [
            "--database", file("server.db").path, "--schema", schema.path,
            "--certificate", file("server.pem").path, "--private-key", file("server.key").path,
            "--token-key", file("token.key").path, "--port", String(port), "--port-file", file("server.port").path,
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<2000 where process.isRunning {
            if let text = try? String(contentsOf: file("server.port"), encoding: .utf8),
                let number = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) {
                port = number
                return
            }
            usleep(10_000)
        }
        throw Own(number: 1)
    }

    /// Not by SIGTERM: a process begun from a thread of libdispatch inherits that it is blocked.
    func stop() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    var url: String {
        "https://localhost:\(port)"
    }

    func transport(authority: String = "ca") throws -> CurlTransport {
        try CurlTransport(url, authorities: file(authority + ".pem").path)
    }
}
