import Foundation
internal import CTern

/// A transaction, as `Replica.write` hands it to its body: the unit of upload, shown whole or not at all on every device.
public final class Transaction {
    private let replica: OpaquePointer
    private let handle: OpaquePointer
    private let statements: StatementCache
    private let scope = Scope()

    init(_ replica: OpaquePointer, statements: StatementCache, isInferred: Bool) throws {
        var options = tern_tx_options(size: MemoryLayout<tern_tx_options>.size, inferred: isInferred)
        var handle: OpaquePointer?
        try attempt { tern_tx_begin(replica, &options, &handle, $0) }
        guard let handle else {
            throw TernError(.internal, "no transaction was begun")
        }
        self.replica = replica
        self.handle = handle
        self.statements = statements
    }

    /// How many units of an inferred transaction yielded to a recorded value.
    func commit() throws -> Int {
        var kept: UInt64 = 0
        scope.end()
        try attempt { tern_tx_commit(handle, &kept, $0) }
        return Int(kept)
    }

    func rollback() {
        scope.end()
        tern_tx_rollback(handle)
    }

    private func cursor(_ sql: String, _ values: [Value]) throws -> Cursor {
        try scope.check()
        let statement = try statements.take(sql) { tern_statement_prepare(replica, $0, $1, $2, $3) }
        return try Cursor(statement, values: values, cache: statements, scope: scope)
    }

    /// Runs a statement that gives no rows. On synced tables DELETE marks the row deleted.
    public func execute(_ sql: String, _ list: (any ValueConvertible)?...) throws {
        try execute(sql, values: bound(list))
    }

    /// As above, of values that are in a list already.
    public func execute(_ sql: String, values: [Value]) throws {
        let cursor = try cursor(sql, values)
        defer { cursor.close() }
        if !cursor.columns.isEmpty {
            throw TernError.misuse("the statement gives rows: query it")
        }
        while try cursor.next() {}
    }

    /// Rows as this transaction sees them; also of a write that returns rows.
    public func query(_ sql: String, _ list: (any ValueConvertible)?...) throws -> Cursor {
        try cursor(sql, bound(list))
    }

    /// Inserts a row; columns left out take their defaults. Its id is derived, or the cell "id", or minted.
    @discardableResult
    public func insert(_ table: String, _ cells: [String: (any ValueConvertible)?]) throws -> UUID {
        var id = tern_id()
        try lend(table, cells) { table, cells, count in
            try attempt { tern_row_insert(handle, table, cells, count, &id, $0) }
        }
        return id.id
    }

    @discardableResult
    public func insert(_ table: String, _ row: some Encodable) throws -> UUID {
        try insert(table, cells(of: row))
    }

    public func update(_ table: String, _ id: UUID, _ cells: [String: (any ValueConvertible)?]) throws {
        var id = tern_id(id)
        try lend(table, cells) { table, cells, count in
            try attempt { tern_row_update(handle, table, &id, cells, count, $0) }
        }
    }

    public func update(_ table: String, _ id: UUID, _ row: some Encodable) throws {
        try update(table, id, cells(of: row))
    }

    /// Takes a recorded act back: as `update`, and a person's word whatever the schema's rule calls the value.
    public func undo(_ table: String, _ id: UUID, _ cells: [String: (any ValueConvertible)?]) throws {
        var id = tern_id(id)
        try lend(table, cells) { table, cells, count in
            try attempt { tern_row_undo(handle, table, &id, cells, count, $0) }
        }
    }

    public func delete(_ table: String, _ id: UUID) throws {
        try scope.check()
        var id = tern_id(id)
        try lendName(table) { table in try attempt { tern_row_delete(handle, table, &id, $0) } }
    }

    public func undelete(_ table: String, _ id: UUID) throws {
        try scope.check()
        var id = tern_id(id)
        try lendName(table) { table in try attempt { tern_row_undelete(handle, table, &id, $0) } }
    }

    /// Follows a table for data that the app derives from it; see tern/follow.h.
    public func follow(_ name: String, table: String, by first: String, _ second: String? = nil) throws {
        try scope.check()
        try lendName(name) { name in
            try lendName(table) { table in
                try lendName(first) { first in
                    try lendText(second) { second in try attempt { tern_tx_follow(handle, name, table, first, second, $0) } }
                }
            }
        }
    }

    /// Lends the cells to a call: their texts and blobs live as long as it.
    private func lend(_ table: String, _ cells: [String: (any ValueConvertible)?],
        _ body: (UnsafePointer<CChar>, UnsafePointer<tern_cell>?, Int) throws -> Void) throws {
        try scope.check()
        let arena = Arena()
        let lent = try cells.map { name, value in
            tern_cell(column: try arena.keep(name), value: try arena.keep(try value?.toValue() ?? .null))
        }
        try lendName(table) { table in
            try lent.withUnsafeBufferPointer { try body(table, $0.baseAddress, $0.count) }
        }
        withExtendedLifetime(arena) {}
    }
}

/// Copies that live as long as a call that borrows them.
final class Arena {
    private var blocks: [UnsafeMutableRawBufferPointer] = []

    private func copy(_ bytes: some Collection<UInt8>) -> UnsafeMutableRawBufferPointer {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 1, alignment: 16)
        block.copyBytes(from: bytes)
        block[bytes.count] = 0
        blocks.append(block)
        return block
    }

    func keep(_ name: String) throws -> UnsafePointer<CChar> {
        if name.utf8.contains(0) {
            throw TernError.misuse("a name holds a NUL")
        }
        return UnsafePointer(copy(name.utf8).baseAddress!.assumingMemoryBound(to: CChar.self))
    }

    func keep(_ name: String?) throws -> UnsafePointer<CChar>? {
        try name.map { try keep($0) }
    }

    func keep(_ value: Value) throws -> tern_value {
        switch value {
        case .text(let text):
            let block = copy(text.utf8)
            var value = tern_value_blob(block.baseAddress, block.count - 1)
            value.kind = TERN_TEXT
            return value
        case .blob(let data):
            let block = copy(data)
            return tern_value_blob(block.baseAddress, block.count - 1)
        default:
            return value.lend { $0 }
        }
    }

    func keep<T>(_ list: [T]) -> UnsafePointer<T> {
        let block = UnsafeMutableRawBufferPointer.allocate(
            byteCount: MemoryLayout<T>.stride * list.count + 1, alignment: MemoryLayout<T>.alignment)
        blocks.append(block)
        let typed = block.baseAddress!.bindMemory(to: T.self, capacity: list.count)
        typed.initialize(from: list, count: list.count)
        return UnsafePointer(typed)
    }

    deinit {
        for block in blocks {
            block.deallocate()
        }
    }
}
