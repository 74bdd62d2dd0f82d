import Dispatch
import Foundation
internal import CTern

/// The C handles of a replica, which go together. All but `free` and the readers is used on the writer's queue alone.
private final class Handles: @unchecked Sendable {
    let replica: OpaquePointer
    let ports: Unmanaged<PortsContext>
    let statements = StatementCache()
    var care: OpaquePointer?
    var readers: [Reader] = []

    init(_ replica: OpaquePointer, ports: Unmanaged<PortsContext>) {
        self.replica = replica
        self.ports = ports
    }

    /// No call is under way.
    func free() {
        tern_care_close(care)
        statements.clear()
        readers.forEach { $0.close() }
        tern_replica_close(replica)
        ports.release() // the library has called them for the last time
    }
}

/// The native side of a replica. Its calls run on queues of their own, so that no thread of the cooperative pool ever waits
/// for the disk or for a lock; what writes, on one, in order.
///
/// Each call is counted: closing lets no new one in, stops the syncs and waits for the last to leave.
final class Core: @unchecked Sendable {
    @TaskLocal static var syncing: Set<ObjectIdentifier> = []

    private static let readersMost = 4

    private let handles: Handles
    private let writer = DispatchQueue(label: "tern.writer")
    private let readers = DispatchQueue(label: "tern.readers", attributes: .concurrent)

    private let lock = NSLock()
    private var inside = 0
    private var isShut = false
    private var isFinished = false
    private var drained: CheckedContinuation<Void, Never>?
    private var closers: [CheckedContinuation<Void, Never>] = []
    private var syncs: [ObjectIdentifier: SyncSession] = [:]
    private var bells: [Int: AsyncStream<Void>.Continuation] = [:]
    private var lastBell = 0
    private var reading = 0
    private var waiting: [@Sendable () -> Void] = []

    private init(_ handles: Handles) {
        self.handles = handles
    }

    deinit {
        if !isFinished {
            let handles = handles
            DispatchQueue.global(qos: .utility).async { handles.free() }
        }
    }

    private func locked<T>(_ body: () throws -> T) rethrows -> T {
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }

    static func open(_ options: Replica.Options) async throws -> Core {
        if Upcall.isOfPort {
            throw TernError.misuse("a port may not call the library")
        }
        let context = PortsContext(options.ports)
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global(qos: .userInitiated).async {
                continuation.resume(returning: Result { try openNow(options, context) })
            }
        }
        tell(context.takeLines())
        return try result.get()
    }

    /// Outside of calls, with nothing held.
    private static func tell(_ lines: (@Sendable () -> Void)?) {
        if !Upcall.isOfLog {
            lines?()
        }
    }

    private static func openNow(_ options: Replica.Options, _ context: PortsContext) throws -> Core {
        let ports = Unmanaged.passRetained(context)
        do {
            var handle: OpaquePointer?
            var filled = ports.takeUnretainedValue().filled(ports.toOpaque())
            let arena = Arena()
            var given = tern_replica_options()
            given.size = MemoryLayout<tern_replica_options>.size
            if let schema = options.schema {
                let document = try arena.keep(Value.blob(schema))
                given.schema = document.data?.assumingMemoryBound(to: CChar.self)
                given.schema_size = document.size
            }
            given.user = options.user.map { tern_id($0) } ?? tern_id()
            given.must_exist = options.mustExist
            given.busy_timeout_ms = Int64(milliseconds: options.busyTimeout)
            let path = try arena.keep(options.path)
            try withUnsafePointer(to: &filled) { filled in
                given.ports = filled
                try attempt { tern_replica_open(path, &given, &handle, $0) }
            }
            withExtendedLifetime(arena) {}
            guard let handle else {
                throw TernError(.internal, "no replica was opened")
            }
            return Core(Handles(handle, ports: ports))
        } catch {
            ports.release()
            throw error
        }
    }

    /* ---- Who is inside ---- */

    func enter() throws {
        if Upcall.isOfPort {
            throw TernError.misuse("a port may not call the library")
        }
        try locked {
            if isShut {
                throw TernError.misuse("the replica is closed")
            }
            inside += 1
        }
    }

    func leave() {
        let last = locked { () -> CheckedContinuation<Void, Never>? in
            inside -= 1
            guard isShut, inside == 0 else {
                return nil
            }
            defer { drained = nil }
            return drained
        }
        last?.resume()
    }

    var isClosed: Bool {
        locked { isShut }
    }

    func close() async throws {
        if Upcall.isOfPort {
            throw TernError.misuse("a port may not call the library")
        }
        if Core.syncing.contains(ObjectIdentifier(self)) {
            throw TernError.misuse("a replica cannot be closed from inside one of its syncs")
        }
        let (isFirst, running, ending) = locked {
            defer { isShut = true }
            return (!isShut, Array(syncs.values), Array(bells.values))
        }
        guard isFirst else {
            await withCheckedContinuation { continuation in
                let isOver = locked {
                    if !isFinished {
                        closers.append(continuation)
                    }
                    return isFinished
                }
                if isOver {
                    continuation.resume()
                }
            }
            return
        }
        running.forEach { $0.cancel() }
        ending.forEach { $0.finish() }
        await withCheckedContinuation { continuation in
            let isEmpty = locked {
                if inside > 0 {
                    drained = continuation
                }
                return inside == 0
            }
            if isEmpty {
                continuation.resume()
            }
        }
        await withCheckedContinuation { continuation in
            writer.async {
                self.handles.free()
                continuation.resume()
            }
        }
        let others = locked {
            isFinished = true
            defer { closers = [] }
            return closers
        }
        others.forEach { $0.resume() }
    }

    /* ---- Calls ---- */

    /// One call on the writer's queue.
    func perform<T: Sendable>(_ body: @escaping @Sendable (OpaquePointer) throws -> T) async throws -> T {
        try enter()
        return try await onWriter(body) { self.leave() }
    }

    /// Runs on the writer's queue, and then, off it, tells the log what came of it.
    private func onWriter<T: Sendable>(_ body: @escaping @Sendable (OpaquePointer) throws -> T,
        after: @escaping @Sendable () -> Void) async throws -> T {
        let (result, lines) = await withCheckedContinuation { continuation in
            writer.async {
                let result = Result { try body(self.handles.replica) }
                let lines = self.handles.ports.takeUnretainedValue().takeLines()
                after()
                continuation.resume(returning: (result, lines))
            }
        }
        Core.tell(lines)
        return try result.get()
    }

    /// As `perform`, and what watches is told afterwards.
    func change<T: Sendable>(_ body: @escaping @Sendable (OpaquePointer) throws -> T) async throws -> T {
        let result = try await perform(body)
        changed()
        return result
    }

    func transact<T: Sendable>(isInferred: Bool, _ body: @escaping @Sendable (Transaction) throws -> T) async throws
        -> (T, kept: Int) {
        try await change { replica in
            let tx = try Transaction(replica, statements: self.handles.statements, isInferred: isInferred)
            let result: T
            do {
                result = try body(tx)
            } catch {
                tx.rollback()
                throw error
            }
            return (result, kept: try tx.commit())
        }
    }

    /// A call of the medication library, whose handle is made with the first one.
    func care<T: Sendable>(_ body: @escaping @Sendable (OpaquePointer) throws -> T) async throws -> T {
        try await change { replica in
            if self.handles.care == nil {
                let ports = self.handles.ports
                var zones = ports.takeUnretainedValue().zones(ports.toOpaque())
                try withUnsafePointer(to: &zones) { zones in
                    var options = tern_care_options(size: MemoryLayout<tern_care_options>.size, zones: zones)
                    try attemptCare { tern_care_open(replica, &options, &self.handles.care, $0) }
                }
            }
            guard let care = self.handles.care else {
                throw TernError(.internal, "no handle was made")
            }
            return try self.handles.ports.takeUnretainedValue().withZones { try body(care) }
        }
    }

    /* ---- Reading ---- */

    /// Runs a body on one state of the replica, beside writers and up to three other bodies.
    func read<T: Sendable>(_ body: @escaping @Sendable (Snapshot) throws -> T) async throws -> T {
        try enter()
        return try await withCheckedThrowingContinuation { continuation in
            enqueue {
                let result = Result { try self.readNow(body) }
                self.leave()
                continuation.resume(with: result)
            }
        }
    }

    private func readNow<T>(_ body: (Snapshot) throws -> T) throws -> T {
        let kept = locked { handles.readers.popLast() }
        let reader = try kept ?? Reader(handles.replica)
        defer { locked { handles.readers.append(reader) } }
        let snapshot = try Snapshot(reader)
        defer { snapshot.end() }
        return try body(snapshot)
    }

    /// No thread waits for a reader to be free: the read does.
    private func enqueue(_ job: @escaping @Sendable () -> Void) {
        let isFree = locked {
            if reading == Core.readersMost {
                waiting.append(job)
                return false
            }
            reading += 1
            return true
        }
        if isFree {
            readers.async { self.work(job) }
        }
    }

    private func work(_ first: @escaping @Sendable () -> Void) {
        first()
        let next = locked { () -> (@Sendable () -> Void)? in
            if waiting.isEmpty {
                reading -= 1
                return nil
            }
            return waiting.removeFirst()
        }
        if let next {
            readers.async { self.work(next) }
        }
    }

    /* ---- What changes ---- */

    func changes(_ table: String) throws -> UInt64 {
        try enter()
        defer { leave() }
        var count: UInt64 = 0
        try lendName(table) { table in try attempt { tern_replica_changes(handles.replica, table, &count, $0) } }
        return count
    }

    /// After anything that may have changed rows, outside of transactions.
    func changed() {
        for bell in locked({ Array(bells.values) }) {
            bell.yield()
        }
    }

    /// Rings after changes, and ends with the replica.
    func bell() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = locked { () -> Int? in
            if isShut {
                return nil
            }
            lastBell += 1
            bells[lastBell] = continuation
            return lastBell
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            guard let self else {
                return
            }
            let gone = self.locked { self.bells.removeValue(forKey: number) }
            withExtendedLifetime(gone) {}
        }
        return stream
    }

    /* ---- Syncs ---- */

    func add(_ sync: SyncSession) {
        let isLate = locked {
            syncs[ObjectIdentifier(sync)] = sync
            return isShut
        }
        if isLate {
            sync.cancel()
        }
    }

    func remove(_ sync: SyncSession) {
        locked { syncs[ObjectIdentifier(sync)] = nil }
    }

    /// A call of a session, which holds a place inside for as long as it lasts: closing waits for it.
    func performInside<T: Sendable>(_ body: @escaping @Sendable (OpaquePointer) throws -> T) async throws -> T {
        try await onWriter(body) {}
    }
}

extension Int64 {
    init(milliseconds seconds: TimeInterval) {
        let rounded = (seconds * 1000).rounded()
        self = rounded.isNaN ? 0 : Int64(exactly: rounded) ?? (rounded < 0 ? .min : .max)
    }
}
