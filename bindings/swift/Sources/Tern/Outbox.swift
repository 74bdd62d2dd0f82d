import Foundation
internal import CTern

/// Gathers what a visitor of the library is shown; it lives as long as the call that visits.
final class Collector<T> {
    var all: [T] = []
    /// For sentences that are made while it is visited.
    var words = Words(.english)
    private var failure: (any Error)?

    /// What the visitor gives back: whether to go on.
    static func add<C>(_ context: UnsafeMutableRawPointer?, _ item: UnsafePointer<C>?, _ make: (C) throws -> T) -> Bool {
        visit(context) { collector in
            if let item {
                collector.all.append(try make(item.pointee))
            }
        }
    }

    static func visit(_ context: UnsafeMutableRawPointer?, _ body: (Collector<T>) throws -> Void) -> Bool {
        guard let context else {
            return false
        }
        let collector = Unmanaged<Collector<T>>.fromOpaque(context).takeUnretainedValue()
        do {
            try body(collector)
            return true
        } catch {
            collector.failure = error
            return false
        }
    }

    func gather(_ call: (UnsafeMutableRawPointer) throws -> Void) throws -> [T] {
        try withExtendedLifetime(self) { try call(Unmanaged.passUnretained(self).toOpaque()) }
        if let failure {
            throw failure
        }
        return all
    }
}

func collect<T>(_ visit: (UnsafeMutableRawPointer, UnsafeMutablePointer<tern_error>) -> tern_status) throws -> [T] {
    try Collector<T>().gather { context in try attempt { visit(context, $0) } }
}

func collectCare<T>(_ visit: (UnsafeMutableRawPointer, UnsafeMutablePointer<tern_care_error>) -> tern_status) throws -> [T] {
    try Collector<T>().gather { context in try attemptCare { visit(context, $0) } }
}

func moment(_ microseconds: Int64) -> Date? {
    microseconds == 0 ? nil : Date(microseconds: microseconds)
}

/// One transaction of the queue.
public struct OutboxEntry: Sendable {
    public enum State: UInt32, Sendable {
        case pending = 0
        case acknowledged = 1
        case quarantined = 2
        case locked = 3
        case discarded = 4
    }

    public let ordinal: UInt64
    public let transaction: UUID
    /// The author's.
    public let device: UUID
    public let state: State
    public let time: Date
    /// The server's, 0 before.
    public let number: UInt64
    public let size: Int
    /// Rows.
    public let changes: Int
    public let attempts: Int
    /// Why it is quarantined or locked.
    public let reason: ErrorCode
    public let detail: String
    /// The rejected entry that it depends on.
    public let waitsFor: UInt64?

    init(_ entry: tern_entry) {
        ordinal = entry.ordinal
        transaction = entry.tx.id
        device = entry.device.id
        state = State(rawValue: entry.state.rawValue) ?? .pending
        time = Date(microseconds: entry.time_us)
        number = entry.number
        size = entry.size_bytes
        changes = Int(entry.changes)
        attempts = Int(entry.attempts)
        reason = ErrorCode(entry.reason)
        detail = entry.detail.map { String(cString: $0) } ?? ""
        waitsFor = entry.waits_for == 0 ? nil : entry.waits_for
    }
}

/// One change of an entry as text.
public struct OutboxChange: Sendable {
    /// insert, update, undo, delete or undelete.
    public let operation: String
    public let table: String
    public let row: UUID
    /// Empty for an insert.
    public let unit: String
    /// JSON, column to value.
    public let values: String

    init(_ change: tern_entry_change) {
        operation = String(cString: change.operation)
        table = String(cString: change.table)
        row = change.row.id
        unit = change.unit.map { String(cString: $0) } ?? ""
        values = change.values.map { String(cString: $0) } ?? ""
    }
}

/// Where the replica stands.
public struct ReplicaStatus: Sendable {
    public let pending: Int
    public let acknowledged: Int
    public let quarantined: Int
    public let locked: Int
    /// Records held, and of these those that are being downloaded.
    public let scopes: Int
    public let partialScopes: Int
    /// When a sync last ended well.
    public let lastSync: Date?
    /// Of the last sync.
    public let lastError: ErrorCode
    /// The server's clock minus this one's, in seconds.
    public let serverOffset: TimeInterval?
    public let isClockSuspect: Bool
    /// Own stamps that the server moved.
    public let cappedStamps: Int
    public let schemaVersion: Int

    init(_ status: tern_replica_status) {
        pending = Int(status.pending)
        acknowledged = Int(status.acked)
        quarantined = Int(status.quarantined)
        locked = Int(status.locked)
        scopes = Int(status.scopes)
        partialScopes = Int(status.scopes_partial)
        lastSync = moment(status.last_sync_us)
        lastError = ErrorCode(status.last_error)
        serverOffset = status.server_offset_known ? TimeInterval(status.server_offset_us) / 1e6 : nil
        isClockSuspect = status.clock_suspect
        cappedStamps = Int(status.stamps_capped)
        schemaVersion = Int(status.schema_version)
    }
}
