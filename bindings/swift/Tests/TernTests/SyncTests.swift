import Foundation
import XCTest

@testable import Tern

/// Syncs with a real ternd over HTTPS, and what may go wrong with them.
final class SyncTests: ReplicaTestCase, @unchecked Sendable {
    private var server: Server!
    private var token = ""

    override func setUpWithError() throws {
        try super.setUpWithError()
        server = try Server(folder)
        token = try server.token(patient)
    }

    override func tearDownWithError() throws {
        server.stop()
        try super.tearDownWithError()
    }

    private func phone() async throws -> Replica {
        let replica = try await open("phone")
        try await insertUser(replica)
        return replica
    }

    private func source() -> TokenSource {
        { [token] refused in refused ? nil : token }
    }

    @discardableResult
    private func sync(_ replica: Replica) async throws -> SyncProgress {
        try await replica.sync(over: server.transport(), token: source())
    }

    func testWhatOneDeviceWritesAnotherReads() async throws {
        let phone = try await phone()
        try await rename(phone, "សុខ ដារ៉ា 💊")
        let progress = try await sync(phone)
        XCTAssertEqual(progress.sent, 2)
        XCTAssertEqual(progress.pending, 0)
        let tablet = try await open("tablet")
        let rows = try await sync(tablet).rows
        XCTAssertGreaterThanOrEqual(rows, 1)
        let read = try await name(tablet)
        XCTAssertEqual(read, "សុខ ដារ៉ា 💊")
        let status = try await tablet.status()
        XCTAssertNotNil(status.lastSync)
        XCTAssertNotNil(status.serverOffset)
        let reach = try await tablet.reach(of: "users")
        XCTAssertEqual(reach, .whole)
        try await tablet.close()
        try await phone.close()
    }

    func testAnOfflineDayIsSentWhenTheServerIsBackAndConflictsAreReinstated() async throws {
        let phone = try await phone()
        try await sync(phone)
        let tablet = try await open("tablet")
        try await sync(tablet)
        server.stop()
        try await rename(phone, "Sok of the phone")
        try await rename(tablet, "Sok of the tablet")
        let error = await fails(.network) {
            try await phone.sync(over: self.server.transport(), options: .once, token: self.source())
        }
        XCTAssertEqual(error?.isRetryable, true)
        let last = try await phone.status().lastError
        XCTAssertEqual(last, .network)
        try server.start()
        try await sync(phone)
        try await sync(tablet)
        try await sync(phone)
        let onPhone = try await name(phone)
        let onTablet = try await name(tablet)
        XCTAssertEqual(onPhone, onTablet)
        let lost = onPhone == "Sok of the phone" ? "Sok of the tablet" : "Sok of the phone"
        let audit = try await phone.value(UUID.self, "SELECT id FROM sync_audit")
        try await phone.reinstate(XCTUnwrap(audit))
        let back = try await name(phone)
        XCTAssertEqual(back, lost)
        try await sync(phone)
        try await sync(tablet)
        let everywhere = try await name(tablet)
        XCTAssertEqual(everywhere, lost)
        try await tablet.close()
        try await phone.close()
    }

    func testARejectedTransactionIsQuarantinedRetriedAndDiscarded() async throws {
        let phone = try await phone()
        try await sync(phone)
        var other = try options("other")
        other.user = Self.neighbour
        let neighbours = try await Replica(other)
        try await insertUser(neighbours, Self.neighbour)
        try await neighbours.write { tx in try tx.update("users", Self.neighbour, ["phone_number": "012"]) }
        let theirs = try server.token(Self.neighbour)
        try await neighbours.sync(over: server.transport()) { _ in theirs }
        try await neighbours.close()

        try await phone.write { tx in try tx.update("users", Self.patient, ["phone_number": "012"]) }
        try await sync(phone)
        let parked = try await phone.outbox(.quarantined)
        XCTAssertEqual(parked.map(\.reason), [.unique])
        let again = try await phone.retry(XCTUnwrap(parked.first).ordinal)
        XCTAssertGreaterThan(again, try XCTUnwrap(parked.first).ordinal)
        let waiting = try await phone.status().pending
        XCTAssertEqual(waiting, 1)
        try await sync(phone)
        let still = try await phone.outbox(.quarantined)
        XCTAssertEqual(still.map(\.reason), [.unique])
        try await phone.discard(XCTUnwrap(still.first).ordinal)
        let none = try await phone.outbox(.quarantined)
        XCTAssertTrue(none.isEmpty)
        try await sync(phone)
        let status = try await phone.status()
        XCTAssertEqual(status.pending + status.quarantined, 0)
        try await phone.close()
    }

    func testALiveQueryOfATabletSeesWhatThePhoneSent() async throws {
        let phone = try await phone()
        try await sync(phone)
        let tablet = try await open("tablet")
        var live = tablet.watch(["users"]) { snapshot in
            try snapshot.query("SELECT full_name FROM users").first { try $0.get(0, as: String.self) }
        }.makeAsyncIterator()
        let before = try await live.next()
        XCTAssertEqual(before, .some(nil))
        try await sync(tablet)
        let after = try await live.next()
        XCTAssertEqual(after, "Sok Dara")
        try await tablet.close()
        try await phone.close()
    }

    func testProgressIsASequenceThatEndsWithTheResult() async throws {
        let phone = try await phone()
        var last: SyncProgress?
        for try await progress in phone.progress(ofSyncOver: try server.transport(), token: source()) {
            _ = try await phone.status()
            last = progress
        }
        XCTAssertEqual(last?.sent, 1)
        XCTAssertEqual(last?.pending, 0)
        try await phone.close()
    }

    /// Never answers; ends when cancelled.
    private final class Silence: HTTPTransport {
        let isAsked = Shared(false)
        let isCancelled = Shared(false)

        func exchange(_ request: HTTPRequest) async throws -> HTTPAnswer {
            isAsked.now = true
            do {
                try await Task.sleep(nanoseconds: 600_000_000_000)
            } catch {
                isCancelled.now = true
                throw error
            }
            throw Own(number: 2)
        }
    }

    func testCancellingReachesTheEngineAndTheNetwork() async throws {
        let phone = try await phone()
        let silence = Silence()
        let task = Task { try await phone.sync(over: silence, token: self.source()) }
        try await until("asked") { silence.isAsked.now }
        await fails(.busy) { try await self.sync(phone) }
        try await rename(phone, "written meanwhile")
        task.cancel()
        await fails(.cancelled) { try await task.value }
        XCTAssertTrue(silence.isCancelled.now)

        let before = Task {
            while !Task.isCancelled {
                await Task.yield()
            }
            return try await self.sync(phone)
        }
        before.cancel()
        await fails(.cancelled) { try await before.value }
        let sent = try await sync(phone).sent
        XCTAssertEqual(sent, 2)
        try await phone.close()
    }

    func testASyncThatIsCancelledWhileItAsksForATokenSaysCancelled() async throws {
        let phone = try await phone()
        let sources: [@Sendable () async throws -> Void] = [
            { try await Task.sleep(nanoseconds: 600_000_000_000) },
            {
                try? await Task.sleep(nanoseconds: 600_000_000_000)
                throw URLError(.cancelled)
            },
        ]
        for wait in sources {
            let isAsked = Shared(false)
            let task = Task { [token] in
                try await phone.sync(over: self.server.transport()) { _ in
                    isAsked.now = true
                    try await wait()
                    return token
                }
            }
            try await until("asked") { isAsked.now }
            task.cancel()
            let error = await fails(.cancelled) { try await task.value }
            XCTAssertNotNil(error?.underlying)
        }
        try await phone.close()
    }

    func testLeavingTheLoopOverProgressCancelsTheSync() async throws {
        let phone = try await phone()
        let asked = Shared(0)
        let transport = Answering { _ in
            asked.change { $0 += 1 }
            return HTTPAnswer(status: 503, body: Data(), retryAfter: "0")
        }
        for try await _ in phone.progress(ofSyncOver: transport, token: source()) {
            break
        }
        try await until("over") { (try? await self.sync(phone)) != nil }
        XCTAssertLessThan(asked.now, 5)
        try await phone.close()
    }

    func testClosingCancelsASyncAndWaitsForIt() async throws {
        let phone = try await phone()
        let silence = Silence()
        let task = Task { try await phone.sync(over: silence, token: self.source()) }
        try await until("asked") { silence.isAsked.now }
        try await phone.close()
        await fails(.cancelled) { try await task.value }
        await fails(.misuse) { try await self.sync(phone) }
    }

    func testAReplicaIsNotClosedFromInsideItsSync() async throws {
        let phone = try await phone()
        let seen = Shared<ErrorCode?>(nil)
        try await phone.sync(over: server.transport()) { [token] _ in
            let error = await self.fails(.misuse) { try await phone.close() }
            seen.now = error?.code
            return token
        }
        XCTAssertEqual(seen.now, .misuse)
        try await phone.close()
    }

    func testARefusedTokenIsRenewedOnceAndElseEndsTheSync() async throws {
        let phone = try await phone()
        let asked = Shared<[Bool]>([])
        let progress = try await phone.sync(over: server.transport()) { [token] refused in
            asked.change { $0.append(refused) }
            return refused ? token : "bad.token.here"
        }
        XCTAssertEqual(asked.now, [false, true])
        XCTAssertEqual(progress.sent, 1)
        try await rename(phone, "x")
        let error = await fails(.unauthorized) {
            try await phone.sync(over: self.server.transport()) { refused in refused ? nil : "bad.token.here" }
        }
        XCTAssertEqual(error?.description.contains("bad.token"), false)
        do {
            try await phone.sync(over: server.transport()) { _ in throw Own(number: 3) }
            XCTFail("it passed")
        } catch {
            XCTAssertEqual(error as? Own, Own(number: 3))
        }
        let pending = try await phone.status().pending
        XCTAssertEqual(pending, 1)
        try await phone.close()
    }

    func testTheTokenOfAnotherUserIsRefusedAndWhatWaitsGoesUpUnderTheRightOne() async throws {
        let phone = try await phone()
        let theirs = try server.token(Self.neighbour)
        _ = await fails(.wrongUser) {
            try await phone.sync(over: self.server.transport()) { refused in refused ? nil : theirs }
        }
        let pending = try await phone.status().pending
        XCTAssertEqual(pending, 1)
        let sent = try await sync(phone).sent
        XCTAssertEqual(sent, 1)
        try await phone.close()
    }

    func testAServerThatIsNotTrustedGetsNothing() async throws {
        let phone = try await phone()
        await fails(.tls) { try CurlTransport("http://localhost:1") }
        await fails(.tls) { try URLSessionTransport(URL(string: "http://localhost:1")!) }
        await fails(.tls) {
            try await phone.sync(over: self.server.transport(authority: "other-ca"), options: .once, token: self.source())
        }
        await fails(.tls) {
            try await phone.sync(over: CurlTransport(self.server.url), options: .once, token: self.source())
        }
        let pin = Data(repeating: 1, count: 32).base64EncodedString()
        await fails(.tlsPin) {
            let pinned = try CurlTransport(self.server.url, authorities: self.server.file("ca.pem").path, pin: pin)
            return try await phone.sync(over: pinned, options: .once, token: self.source())
        }
        let pending = try await phone.status().pending
        XCTAssertEqual(pending, 1)
        try await phone.close()
    }

    private struct Answering: HTTPTransport {
        let answer: @Sendable (HTTPRequest) async throws -> HTTPAnswer

        init(_ answer: @escaping @Sendable (HTTPRequest) async throws -> HTTPAnswer) {
            self.answer = answer
        }

        func exchange(_ request: HTTPRequest) async throws -> HTTPAnswer {
            try await answer(request)
        }
    }

    func testFailuresOfATransportAreToldByWhatTheyAre() async throws {
        let phone = try await phone()
        let cases: [(any Error, ErrorCode)] = [
            (URLError(.timedOut), .timeout), (URLError(.notConnectedToInternet), .network),
            (URLError(.serverCertificateUntrusted), .tls), (TernError(.tlsPin, "the key"), .tlsPin),
        ]
        for (thrown, code) in cases {
            let error = await fails(code) {
                try await phone.sync(over: Answering { _ in throw thrown }, options: .once, token: self.source())
            }
            XCTAssertEqual(error?.underlying is URLError, thrown is URLError)
        }
        do {
            try await phone.sync(over: Answering { _ in throw Own(number: 4) }, options: .once, token: source())
            XCTFail("it passed")
        } catch {
            XCTAssertEqual(error as? Own, Own(number: 4))
        }
        await fails(.protocol) {
            try await phone.sync(over: Answering { _ in HTTPAnswer(status: 200, body: Data("<html>".utf8)) },
                options: .once, token: self.source())
        }
        try await phone.close()
    }

    func testWhereSomethingElseOwnsTheRetriesTheSyncDoesNotWait() async throws {
        let phone = try await phone()
        let error = await fails(.unavailable) {
            var options = SyncOptions()
            options.waitLimit = 0
            return try await phone.sync(over: Answering { _ in
                HTTPAnswer(status: 503, body: Data(), retryAfter: "3600")
            }, options: options, token: self.source())
        }
        XCTAssertEqual(error?.isRetryable, true)
        try await phone.close()
    }

    func testAnExchangeOfOneReplicaIsCancelledWithoutThatOfAnother() async throws {
        let phone = try await phone()
        let tablet = try await open("tablet")
        let shared = try server.transport()
        let cancelled = Task {
            try await phone.sync(over: shared, token: self.source())
        }
        cancelled.cancel()
        let progress = try await tablet.sync(over: shared, token: source())
        XCTAssertEqual(progress.pending, 0)
        await fails(.cancelled) { try await cancelled.value }
        try await sync(phone)
        try await tablet.close()
        try await phone.close()
    }

    func testAnExchangeThatIsNeverAnsweredIsCutByCancelling() async throws {
        let phone = try await phone()
        let mute = try Mute()
        let task = Task {
            try await phone.sync(over: CurlTransport("https://localhost:\(mute.port)"), options: .once, token: self.source())
        }
        let heard = try await mute.hear()
        task.cancel()
        await fails(.cancelled) { try await task.value }
        XCTAssertTrue(mute.isCut(heard))
        let pending = try await phone.status().pending
        XCTAssertEqual(pending, 1)
        let sent = try await sync(phone).sent
        XCTAssertEqual(sent, 1)
        try await phone.close()
    }

    func testRetryAfterIsSecondsOrADate() {
        XCTAssertEqual(HTTPAnswer(status: 503, body: Data(), retryAfter: " 7 ").retryAfter, 7)
        XCTAssertEqual(HTTPAnswer(status: 503, body: Data(), retryAfter: "Wed, 21 Oct 2015 07:28:00 GMT").retryAfter, 0)
        XCTAssertNil(HTTPAnswer(status: 503, body: Data(), retryAfter: "soon").retryAfter)
    }
}

/// A server that takes a connection, and never says a word.
private final class Mute: @unchecked Sendable {
    private let socket: Int32
    let port: Int

    init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = socket
        let failed = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) != 0 || listen(listener, 4) != 0 || getsockname(listener, $0, &size) != 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        if failed {
            throw Own(number: errno == 0 ? 1 : Int(errno))
        }
    }

    deinit {
        close(socket)
    }

    /// The next connection, off the threads that tasks run on.
    func hear() async throws -> Int32 {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                let heard = accept(self.socket, nil, nil)
                continuation.resume(with: heard < 0 ? .failure(Own(number: Int(errno))) : .success(heard))
            }
        }
    }

    /// Whether the other side ends it within 20 seconds.
    func isCut(_ connection: Int32) -> Bool {
        defer { close(connection) }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var rest = [UInt8](repeating: 0, count: 4096)
        var count = 1
        while count > 0 {
            count = read(connection, &rest, rest.count)
        }
        return count == 0 || errno == ECONNRESET
    }
}
