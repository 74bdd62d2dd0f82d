import Foundation
internal import CTern

/// The replica: one SQLite file that holds one user's records, what waits to be sent, and where syncing stands.
///
/// Any task may use it; writes wait for each other, reads wait for nobody. No call but a sync touches the network. Bodies of
/// transactions and reads run on threads of the replica's own. One process holds a file at a time.
public actor Replica {
    public struct Options: Sendable {
        public var path: String
        /// The schema document, JSON; nil: an existing file is opened with its own.
        public var schema: Data?
        /// Whose replica it is; nil: an existing file is opened as it is.
        public var user: UUID?
        /// Fails with NOT_FOUND rather than create.
        public var mustExist = false
        /// How many seconds opening waits for who else holds the file, and a write for another connection of it.
        public var busyTimeout: TimeInterval = 5
        public var ports = Ports()

        public init(path: String, schema: Data? = nil, user: UUID? = nil) {
            self.path = path
            self.schema = schema
            self.user = user
        }
    }

    nonisolated let core: Core

    /// Opens, and creates or upgrades as the schema document asks.
    public init(_ options: Options) async throws {
        core = try await Core.open(options)
    }

    public init(path: String, schema: Data? = nil, user: UUID? = nil) async throws {
        try await self.init(Options(path: path, schema: schema, user: user))
    }

    /// Closes: stops syncs, ends live queries and waits for the calls of others to end. Again does nothing. From inside one of
    /// its syncs (a token source, say) it fails with MISUSE. A replica that is let go without it closes itself later.
    public func close() async throws {
        try await core.close()
    }

    /// The version of the C library, such as "0.1.0".
    public static var version: String {
        String(cString: tern_version())
    }

    /* ---- Whose it is, and how it stands ---- */

    public func user() async throws -> UUID {
        try await core.perform { replica in
            var id = tern_id()
            tern_replica_user(replica, &id)
            return id.id
        }
    }

    /// This installation's id; it changes when the server finds that a clone of the file is alive.
    public func device() async throws -> UUID {
        try await core.perform { replica in
            var id = tern_id()
            tern_replica_device(replica, &id)
            return id.id
        }
    }

    public func status() async throws -> ReplicaStatus {
        try await core.perform { replica in
            var status = tern_replica_status()
            status.size = MemoryLayout<tern_replica_status>.size
            try attempt { tern_replica_read_status(replica, &status, $0) }
            return ReplicaStatus(status)
        }
    }

    /// How often rows of a table changed since the file was opened, by commits and syncs.
    public nonisolated func changes(of table: String) throws -> UInt64 {
        try core.changes(table)
    }

    public func reach(of table: String) async throws -> Reach {
        try await core.perform { replica in
            var since: Int64 = 0
            try lendName(table) { table in try attempt { tern_replica_read_reach(replica, table, &since, $0) } }
            return since == .min ? .whole : since == .max ? .unknown : .since(Date(microseconds: since))
        }
    }

    /* ---- Writing ---- */

    /// Runs a transaction. What its body throws rolls it back, and is thrown on.
    @discardableResult
    public func write<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        try await core.transact(isInferred: false, body).0
    }

    /// A transaction of guesses: they yield to all that a person recorded. Gives how many units yielded.
    @discardableResult
    public func infer(_ body: @escaping @Sendable (Transaction) throws -> Void) async throws -> Int {
        try await core.transact(isInferred: true, body).kept
    }

    /// One statement as a transaction of its own.
    public func execute(_ sql: String, _ list: (any ValueConvertible)?...) async throws {
        let values = try bound(list)
        try await write { tx in try tx.execute(sql, values: values) }
    }

    /* ---- Reading ---- */

    /// Runs several reads on one state of the replica.
    public func read<T: Sendable>(_ body: @escaping @Sendable (Snapshot) throws -> T) async throws -> T {
        try await core.read(body)
    }

    /// All rows of a query. Of many rows take them one by one: `read` and a cursor.
    public func query(_ sql: String, _ list: (any ValueConvertible)?...) async throws -> [Row] {
        let values = try bound(list)
        return try await core.read { snapshot in try snapshot.query(sql, values: values).map { try $0.row() } }
    }

    /// All rows of a query as values of the app's; see `Row.decode`.
    public func query<T: Decodable & Sendable>(_ type: T.Type, _ sql: String, _ list: (any ValueConvertible)?...)
        async throws -> [T] {
        let values = try bound(list)
        return try await core.read { snapshot in try snapshot.query(sql, values: values).map { try $0.decode(type) } }
    }

    /// The first column of the first row; nil where there is no row.
    public func value<T: ValueConvertible>(_ type: T.Type, _ sql: String, _ list: (any ValueConvertible)?...)
        async throws -> T? {
        let values = try bound(list)
        return try await core.read { snapshot in try snapshot.query(sql, values: values).first { try $0.get(0) } }
    }

    /// Reads now, and again whenever rows of the tables have changed: `for try await result in replica.watch(...)`.
    public nonisolated func watch<T: Sendable>(_ tables: Set<String>,
        _ body: @escaping @Sendable (Snapshot) throws -> T) -> LiveQuery<T> {
        LiveQuery(core: core, tables: tables.sorted()) { [core] in try await core.read(body) }
    }

    /// As `watch`, of a call: `replica.watch(["dose_events"], calling: { try await replica.care.doses(on: today) })`.
    public nonisolated func watch<T: Sendable>(_ tables: Set<String>,
        calling body: @escaping @Sendable () async throws -> T) -> LiveQuery<T> {
        LiveQuery(core: core, tables: tables.sorted(), body: body)
    }

    /* ---- Syncing ---- */

    /// Uploads what waits and downloads what is new. Local reads and writes go on meanwhile. Cancelling the task ends it at
    /// its next step with CANCELLED; what has been done stays done. Of two syncs of one file the second is BUSY.
    @discardableResult
    public func sync(over transport: any HTTPTransport, options: SyncOptions = SyncOptions(),
        token: @escaping TokenSource) async throws -> SyncProgress {
        try await SyncSession(core, transport, options, token).run { _ in }
    }

    /// A sync whose progress is told, the last one being its result. Leaving the loop cancels it.
    public nonisolated func progress(ofSyncOver transport: any HTTPTransport, options: SyncOptions = SyncOptions(),
        token: @escaping TokenSource) -> AsyncThrowingStream<SyncProgress, any Error> {
        let core = core
        return AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let task = Task {
                do {
                    let last = try await SyncSession(core, transport, options, token).run { continuation.yield($0) }
                    continuation.yield(last)
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /* ---- The outbox ---- */

    /// The entries of the outbox in the states named; of all without any.
    public func outbox(_ states: OutboxEntry.State...) async throws -> [OutboxEntry] {
        let set = states.reduce(UInt32(0)) { $0 | 1 << $1.rawValue }
        return try await core.perform { replica in
            try collect { context, error in
                tern_outbox_visit(replica, set, { Collector<OutboxEntry>.add($0, $1) { OutboxEntry($0) } }, context, error)
            }
        }
    }

    /// What an entry changes, for a person to read.
    public func changes(ofEntry ordinal: UInt64) async throws -> [OutboxChange] {
        try await core.perform { replica in
            try collect { context, error in
                tern_outbox_changes(replica, ordinal, { Collector<OutboxChange>.add($0, $1) { OutboxChange($0) } }, context, error)
            }
        }
    }

    /// Sends a quarantined entry again, with what depends on it; gives the ordinal of the entry that is sent.
    @discardableResult
    public func retry(_ ordinal: UInt64) async throws -> UInt64 {
        try await core.change { replica in
            var sent: UInt64 = 0
            try attempt { tern_quarantine_retry(replica, ordinal, &sent, $0) }
            return sent
        }
    }

    /// Gives a quarantined or locked entry up, with what depends on it.
    public func discard(_ ordinal: UInt64) async throws {
        try await core.change { replica in try attempt { tern_quarantine_discard(replica, ordinal, $0) } }
    }

    /// Brings the losing value of a row of sync_audit back, as a change made now by this user. Where a person's act has
    /// brought it back already, `.exists`, and nothing is queued.
    public func reinstate(_ audit: UUID) async throws {
        try await core.change { replica in
            try lendID(audit) { audit in try attempt { tern_audit_reinstate(replica, audit, $0) } }
        }
    }

    /// The medication calls of a replica of the schema document "dastern".
    public nonisolated var care: Care {
        Care(core: core)
    }
}

/// How far back a replica holds the rows of a table.
public enum Reach: Sendable, Hashable {
    case whole
    case since(Date)
    /// No sync has ended well.
    case unknown
}
