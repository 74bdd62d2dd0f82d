import Foundation
internal import CTern

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Gives the bearer token; `refused` says that the last one was. Nil: there is none to be had.
public typealias TokenSource = @Sendable (_ refused: Bool) async throws -> String?

public struct SyncOptions: Sendable {
    /// 0: what the library takes.
    public var pageRows: UInt32 = 0
    public var pushBytes: UInt32 = 0
    public var stepRows: UInt32 = 0
    /// Consecutive failures before the sync gives up; 0: 5.
    public var maxAttempts: UInt32 = 0
    /// How many seconds it may wait in all before it asks a failing server again. 0 leaves retries to the caller, as in
    /// the background.
    public var waitLimit: TimeInterval = 60

    public init() {}
}

public struct SyncProgress: Sendable, Hashable {
    /// Transactions acknowledged by this sync, and those still to send.
    public let sent: Int
    public let pending: Int
    /// Downloaded.
    public let rows: Int
    public let scopesDone: Int
    public let roundTrips: Int

    init(_ progress: tern_sync_progress) {
        sent = Int(progress.sent_txs)
        pending = Int(progress.pending_txs)
        rows = Int(progress.rows)
        scopesDone = Int(progress.scopes_done)
        roundTrips = Int(progress.round_trips)
    }
}

/// One sync, run once: the steps on the replica's queue, and the network between them in tasks that can be cancelled.
final class SyncSession: @unchecked Sendable {
    private enum Step: Sendable {
        case work
        case send(HTTPRequest)
        case token
        case wait(Int64)
        case done(ErrorCode)

        init(_ step: tern_sync_step) throws {
            switch step.action {
            case TERN_SYNC_SEND:
                guard let request = step.request else {
                    throw TernError(.internal, "a step without its request")
                }
                self = .send(HTTPRequest(request.pointee))
            case TERN_SYNC_TOKEN: self = .token
            case TERN_SYNC_WAIT: self = .wait(step.wait_ms)
            case TERN_SYNC_DONE: self = .done(ErrorCode(step.result))
            default: self = .work
            }
        }
    }

    private let core: Core
    private let transport: any HTTPTransport
    private let options: SyncOptions
    private let token: TokenSource
    private let lock = NSLock()
    private var handle: OpaquePointer?
    private var isCancelled = false
    private var stop: (@Sendable () -> Void)?

    // Of the one task that runs it.
    private var waitLeft: Int64
    private var lastFailure: TernError?

    init(_ core: Core, _ transport: any HTTPTransport, _ options: SyncOptions, _ token: @escaping TokenSource) {
        self.core = core
        self.transport = transport
        self.options = options
        self.token = token
        waitLeft = Int64(milliseconds: options.waitLimit)
    }

    private func locked<T>(_ body: () throws -> T) rethrows -> T {
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }

    /// Reaches the engine and what runs outside of it. Any thread.
    func cancel() {
        let stop = locked {
            isCancelled = true
            if let handle {
                tern_sync_cancel(handle)
            }
            return self.stop
        }
        stop?()
    }

    func run(_ tell: @Sendable (SyncProgress) -> Void) async throws -> SyncProgress {
        try core.enter()
        core.add(self)
        defer {
            core.remove(self)
            core.leave()
        }
        return try await Core.$syncing.withValue(Core.syncing.union([ObjectIdentifier(core)])) {
            try await withTaskCancellationHandler {
                try await open()
                let result: Result<SyncProgress, any Error>
                do {
                    result = .success(try await loop(tell))
                } catch {
                    result = .failure(error)
                }
                await close()
                core.changed()
                return try result.get()
            } onCancel: {
                cancel()
            }
        }
    }

    private func open() async throws {
        try await core.performInside { [self] replica in
            var given = tern_sync_options()
            given.size = MemoryLayout<tern_sync_options>.size
            given.page_rows = options.pageRows
            given.push_bytes = options.pushBytes
            given.step_rows = options.stepRows
            given.max_attempts = options.maxAttempts
            var opened: OpaquePointer?
            try attempt { tern_sync_open(replica, &given, &opened, $0) }
            locked {
                handle = opened
                if isCancelled {
                    tern_sync_cancel(opened)
                }
            }
        }
    }

    private func close() async {
        try? await core.performInside { [self] _ in
            let gone = locked {
                defer { handle = nil }
                return handle
            }
            tern_sync_close(gone)
        }
    }

    private func call<T: Sendable>(_ body: @escaping @Sendable (OpaquePointer) throws -> T) async throws -> T {
        try await core.performInside { [self] _ in
            guard let handle = locked({ handle }) else {
                throw TernError(.internal, "no session")
            }
            return try body(handle)
        }
    }

    private func loop(_ tell: @Sendable (SyncProgress) -> Void) async throws -> SyncProgress {
        if let first = try await ask(refused: false) {
            try await set(token: first)
        }
        while true {
            let step = try await call { handle in
                var step = tern_sync_step()
                try attempt { tern_sync_next(handle, &step, $0) }
                return try Step(step)
            }
            switch step {
            case .work: break
            case .send(let request): try await carry(request)
            case .token: try await renew()
            case .wait(let milliseconds): try await pause(milliseconds)
            case .done(let code):
                if code != .ok {
                    throw await ending(code, "the sync ended")
                }
                return try await progress()
            }
            core.changed()
            tell(try await progress())
        }
    }

    private func progress() async throws -> SyncProgress {
        try await call { handle in
            var progress = tern_sync_progress()
            try attempt { tern_sync_read_progress(handle, &progress, $0) }
            return SyncProgress(progress)
        }
    }

    /// Runs what is not the library's so that a cancellation of the sync reaches it.
    private func outside<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let task = Task(operation: body)
        let isLate = locked {
            stop = { task.cancel() }
            return isCancelled
        }
        if isLate {
            task.cancel()
        }
        defer { locked { stop = nil } }
        return try await task.value
    }

    private func carry(_ request: HTTPRequest) async throws {
        let answer: HTTPAnswer
        do {
            answer = try await outside { [transport] in try await transport.exchange(request) }
        } catch {
            return try await fail(try known(error))
        }
        try await call { handle in try answer.lend { lent in try attempt { tern_sync_answered(handle, lent, $0) } } }
    }

    /// A failure of the network by what it is; a mistake of the app's own is thrown on, and ends the sync.
    private func known(_ error: any Error) throws -> TernError {
        if locked({ isCancelled }) || error is CancellationError {
            return TernError(.cancelled, "the sync was cancelled", underlying: error)
        }
        if let error = error as? TernError {
            return error
        }
        if let error = error as? URLError {
            return TernError(error)
        }
        throw error
    }

    private func fail(_ why: TernError) async throws {
        lastFailure = why
        try await call { handle in try attempt { tern_sync_failed(handle, why.code.status, $0) } }
    }

    private func set(token: String) async throws {
        try await call { handle in try lendName(token) { token in try attempt { tern_sync_set_token(handle, token, $0) } } }
    }

    /// A token source that throws because the sync was cancelled says no more than that.
    private func ask(refused: Bool) async throws -> String? {
        do {
            return try await outside { [token] in try await token(refused) }
        } catch where locked({ isCancelled }) {
            throw TernError(.cancelled, "the sync was cancelled", underlying: error)
        }
    }

    private func renew() async throws {
        if let next = try await ask(refused: true) {
            try await set(token: next)
        } else {
            try await fail(TernError(.unauthorized, "there is no other token"))
        }
    }

    /// Where no time is left to wait, the sync ends with what it would have waited for.
    private func pause(_ milliseconds: Int64) async throws {
        guard milliseconds > 0 else {
            return
        }
        if milliseconds > waitLeft {
            throw await ending(lastFailure?.code ?? .unavailable, "the server is to be asked again later")
        }
        waitLeft -= milliseconds
        _ = try? await outside { try await Task.sleep(nanoseconds: UInt64(milliseconds) * 1_000_000) }
    }

    private func ending(_ code: ErrorCode, _ start: String) async -> TernError {
        let reason = try? await call { handle in
            var error = tern_error()
            tern_sync_read_reason(handle, code.status, &error)
            return text(of: error.message)
        }
        let sentence = reason.map { $0.isEmpty ? start : start + ": " + $0 } ?? start
        let cause = lastFailure.flatMap { $0.code == code ? $0.underlying : nil }
        return TernError(code, sentence, underlying: cause)
    }
}
