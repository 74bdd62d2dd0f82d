import Foundation
import XCTest

@testable import Tern

/// URLSession against plain HTTP of the loopback, which only the package's own tests may ask for.
final class URLSessionTests: ReplicaTestCase, @unchecked Sendable {
    private static let script = """
        import gzip, http.server, time

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path == "/base/slow":
                    time.sleep(30)
                told = "|".join([self.path] + [str(self.headers.get(name)) for name in
                    ("Content-Type", "Content-Encoding", "Authorization", "Cookie")] + [body.decode()]).encode()
                status = {"/base/moved": 302, "/base/busy": 503}.get(self.path, 200)
                if self.path == "/base/long":
                    told = b"x" * 100000
                coded = "gzip" in self.headers.get("Accept-Encoding", "") and self.path == "/base/coded"
                answer = gzip.compress(told) if coded else told
                self.send_response(status)
                self.send_header("Content-Type", "application/problem+json; charset=utf-8")
                self.send_header("Content-Length", str(len(answer)))
                self.send_header("Set-Cookie", "a=b")
                if coded:
                    self.send_header("Content-Encoding", "gzip")
                if status == 302:
                    self.send_header("Location", "/base/elsewhere")
                if status == 503:
                    self.send_header("Retry-After", "7")
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """

    private let process = Process()
    private var transport: URLSessionTransport!

    override func setUpWithError() throws {
        try super.setUpWithError()
        let out = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.script]
        process.standardOutput = out
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = String(decoding: out.fileHandleForReading.availableData, as: UTF8.self)
        let port = try XCTUnwrap(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
        transport = URLSessionTransport(unchecked: try XCTUnwrap(URL(string: "http://127.0.0.1:\(port)/base/")))
    }

    override func tearDownWithError() throws {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try super.tearDownWithError()
    }

    private func request(_ path: String, limit: Int = 1 << 20, timeout: TimeInterval = 20) -> HTTPRequest {
        HTTPRequest(path: path, contentType: "text/plain", bodyCoding: "identity", token: "abc", body: Data("សុខ".utf8),
            answerLimit: limit, timeout: timeout)
    }

    /// URLSession of Linux, on a busy machine, at times never begins an exchange, which then ends by its own deadline: once
    /// more then.
    private func exchange(_ path: String) async throws -> HTTPAnswer {
        for _ in 0..<8 {
            do {
                return try await transport.exchange(request(path, timeout: 10))
            } catch let error as TernError where error.code == .timeout {
            }
        }
        return try await transport.exchange(request(path))
    }

    func testARequestArrivesWholeAndItsAnswerIsDecoded() async throws {
        for path in ["/plain", "/coded", "/plain"] {
            let answer = try await exchange(path)
            XCTAssertEqual(String(decoding: answer.body, as: UTF8.self), "/base\(path)|text/plain|identity|Bearer abc|None|សុខ")
            XCTAssertEqual(answer.status, 200)
            XCTAssertFalse(answer.isCoded)
            XCTAssertTrue(answer.isProblem)
        }
    }

    func testRedirectsAreNotFollowedAndAnyStatusIsAnAnswer() async throws {
        let moved = try await exchange("/moved")
        XCTAssertEqual(moved.status, 302)
        let busy = try await exchange("/busy")
        XCTAssertEqual(busy.status, 503)
        XCTAssertEqual(busy.retryAfter, 7)
    }

    func testFailuresAreToldByWhatTheyAre() async throws {
        _ = try await exchange("/plain")
        await fails(.tooLarge) { try await self.transport.exchange(self.request("/long", limit: 1000)) }
        await fails(.timeout) { try await self.transport.exchange(self.request("/slow", timeout: 0.3)) }
        let task = Task { try await self.transport.exchange(self.request("/slow")) }
        try await Task.sleep(nanoseconds: 100_000_000)
        task.cancel()
        await fails(.cancelled) { try await task.value }
        let before = Task {
            while !Task.isCancelled {
                await Task.yield()
            }
            return try await self.transport.exchange(self.request("/plain"))
        }
        before.cancel()
        await fails(.cancelled) { try await before.value }
        let nobody = URLSessionTransport(unchecked: URL(string: "http://127.0.0.1:1")!)
        await fails(.network) { try await nobody.exchange(self.request("/plain")) }
    }
}
