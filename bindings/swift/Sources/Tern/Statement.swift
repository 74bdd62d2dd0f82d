import Foundation
internal import CTern

/// One SQL statement, compiled. Like all of this file it is used by one thread at a time, that of the body which made it.
final class Statement {
    let handle: OpaquePointer
    let sql: String
    private(set) var names: [String]
    private(set) lazy var numbers = Statement.number(names)
    private let parameters: Int
    /// Whether the names are known to be those of this run: a table may have changed since the last one.
    private var isNamed = true

    init(_ handle: OpaquePointer, sql: String) throws {
        self.handle = handle
        self.sql = sql
        names = Statement.names(of: handle)
        var count: Int32 = 0
        while count < 32766, tern_statement_bind(handle, count + 1, tern_value_null(), nil) == TERN_OK {
            count += 1
        }
        parameters = Int(count)
    }

    func bind(_ values: [Value]) throws {
        guard values.count == parameters else {
            throw TernError.misuse("the statement has \(parameters) parameters, and \(values.count) values were given")
        }
        for (index, value) in values.enumerated() {
            try value.lend { lent in try attempt { tern_statement_bind(handle, Int32(index + 1), lent, $0) } }
        }
    }

    func step() throws -> Bool {
        var isRow = false
        try attempt { tern_statement_step(handle, &isRow, $0) }
        if !isNamed {
            isNamed = true
            let now = Statement.names(of: handle)
            if now != names {
                names = now
                numbers = Statement.number(now)
            }
        }
        return isRow
    }

    func reset() {
        tern_statement_reset(handle)
        isNamed = false
    }

    private static func names(of handle: OpaquePointer) -> [String] {
        (0..<tern_statement_columns(handle)).map {
            tern_statement_name(handle, $0).map { String(cString: $0) } ?? "" // none where memory has run out
        }
    }

    private static func number(_ names: [String]) -> [String: Int] {
        Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    deinit {
        tern_statement_free(handle)
    }
}

/// Compiled statements of one connection, kept for the next call with the same words.
final class StatementCache {
    private static let kept = 32
    private var statements: [Statement] = []

    func take(_ sql: String, prepare: (UnsafePointer<CChar>, Int, UnsafeMutablePointer<OpaquePointer?>,
        UnsafeMutablePointer<tern_error>) -> tern_status) throws -> Statement {
        if let index = statements.lastIndex(where: { $0.sql == sql }) {
            return statements.remove(at: index)
        }
        var handle: OpaquePointer?
        try sql.withCString { text in try attempt { prepare(text, sql.utf8.count, &handle, $0) } }
        guard let handle else {
            throw TernError(.internal, "no statement was made")
        }
        return try Statement(handle, sql: sql)
    }

    func give(_ statement: Statement) {
        statement.reset()
        statements.append(statement)
        if statements.count > StatementCache.kept {
            statements.removeFirst()
        }
    }

    func clear() {
        statements = []
    }
}

/// What a row's cells are read by, be it kept (`Row`) or the current one of a cursor (`Cursor`).
public protocol Cells {
    /// The names of the columns.
    var columns: [String] { get }
    /// The number of the column of a name, from 0; of several the first.
    func number(of column: String) throws -> Int
    func isNull(_ column: Int) throws -> Bool
    /// The cell of a column as it is kept.
    func value(at column: Int) throws -> Value
    /// Nil where the cell holds no 16 bytes.
    func id(at column: Int) throws -> UUID?
    /// The row as a value of the app's; its properties are the columns, as they are named or in snake case.
    func decode<T: Decodable>(_ type: T.Type) throws -> T
}

extension Cells {
    /// The cell of a column, by number from 0. Inlined, so that no value is made by way of generics: a row costs a third of
    /// it.
    @inlinable
    public func get<T: ValueConvertible>(_ column: Int, as type: T.Type = T.self) throws -> T {
        if T.self == UUID.self || T.self == UUID?.self, let id = try id(at: column) as? T { // without a `Data` between
            return id
        }
        guard let result = T(value: try value(at: column)) else {
            throw mismatch(column, type)
        }
        return result
    }

    @inlinable
    public func get<T: ValueConvertible>(_ name: String, as type: T.Type = T.self) throws -> T {
        try get(number(of: name))
    }

    @usableFromInline func mismatch(_ column: Int, _ type: Any.Type) -> TernError {
        TernError(.type, "column \(columns[column]) holds no \(type)")
    }
}

/// A row, read whole.
public struct Row: Sendable, Cells {
    public let columns: [String]
    let values: [Value]

    public func number(of column: String) throws -> Int {
        guard let number = columns.firstIndex(of: column) else {
            throw TernError(.unknownColumn, "there is no column \(column)")
        }
        return number
    }

    public func isNull(_ column: Int) throws -> Bool {
        try value(at: column) == .null
    }

    public func value(at column: Int) throws -> Value {
        guard values.indices.contains(column) else {
            throw TernError(.unknownColumn, "there is no column \(column)")
        }
        return values[column]
    }

    public func id(at column: Int) throws -> UUID? {
        UUID(value: try value(at: column))
    }

    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try T(from: RowDecoder(self))
    }
}

/// The rows of a query, one after the other: the cursor is the current row. It ends with the body that it was made in.
public final class Cursor: Cells {
    private let scope: Scope
    private var statement: Statement?
    private let cache: StatementCache
    private var hasRow = false
    /// Knows where the columns of the app's properties are; it holds the cursor in turn, until the rows end.
    private var decoder: RowDecoder?

    init(_ statement: Statement, values: [Value], cache: StatementCache, scope: Scope) throws {
        self.scope = scope
        self.cache = cache
        self.statement = statement
        do {
            try statement.bind(values)
        } catch {
            close()
            throw error
        }
        scope.add(self)
    }

    /// Goes to the next row; false after the last one.
    public func next() throws -> Bool {
        try scope.check()
        guard let statement else {
            return false
        }
        hasRow = false
        do {
            hasRow = try statement.step()
        } catch {
            close()
            throw error
        }
        if !hasRow {
            close()
        }
        return hasRow
    }

    /// Leaves the rows that are left; of another thread's cursor nothing, nor inside a port: it ends with its body.
    public func close() {
        guard scope.isOwn, !Upcall.isOfPort else {
            return
        }
        hasRow = false
        decoder = nil
        if let statement {
            self.statement = nil
            cache.give(statement)
            scope.remove(self)
        }
    }

    public var columns: [String] {
        scope.isOwn ? statement?.names ?? [] : []
    }

    private func current() throws -> Statement {
        try scope.checkBody()
        guard hasRow, let statement else {
            throw TernError.misuse("no row stands ready")
        }
        return statement
    }

    private func cell(_ column: Int) throws -> tern_value {
        let statement = try current()
        guard statement.names.indices.contains(column) else {
            throw TernError(.unknownColumn, "there is no column \(column)")
        }
        return tern_statement_value(statement.handle, Int32(column))
    }

    public func number(of column: String) throws -> Int {
        guard let number = try current().numbers[column] else {
            throw TernError(.unknownColumn, "there is no column \(column)")
        }
        return number
    }

    public func isNull(_ column: Int) throws -> Bool {
        try cell(column).kind == TERN_NULL
    }

    public func value(at column: Int) throws -> Value {
        try Value(cell(column))
    }

    public func id(at column: Int) throws -> UUID? {
        let value = try cell(column)
        guard value.kind == TERN_BLOB, value.size == 16 else {
            return nil
        }
        return UUID(uuid: value.data.loadUnaligned(as: uuid_t.self))
    }

    /// The current row, to be kept.
    public func row() throws -> Row {
        let names = try current().names
        return Row(columns: names, values: try names.indices.map { try value(at: $0) })
    }

    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        _ = try current()
        let decoder = decoder ?? RowDecoder(self)
        self.decoder = decoder
        return try T(from: decoder)
    }

    /// All rows that are left, each as the body makes it.
    public func map<T>(_ body: (Cursor) throws -> T) throws -> [T] {
        defer { close() }
        var all: [T] = []
        while try next() {
            all.append(try body(self))
        }
        return all
    }

    /// The next row as the body makes it; nil where there is none.
    public func first<T>(_ body: (Cursor) throws -> T) throws -> T? {
        defer { close() }
        return try next() ? try body(self) : nil
    }
}

/// How long what a body was given lives, until the body ends, and whose it is: the thread's that the body runs on. An app whose
/// code is not checked for concurrency may have taken it to another one, where nothing but the thread is looked at.
final class Scope {
    private let owner = pthread_self()
    private var isOpen = true
    private var cursors: [ObjectIdentifier: Cursor] = [:]

    var isOwn: Bool {
        pthread_equal(owner, pthread_self()) != 0
    }

    /// Before anything that runs in the library, which may be asking a port inside one of the body's statements.
    func check() throws {
        if Upcall.isOfPort {
            throw TernError.misuse("a port may not call the library")
        }
        try checkBody()
    }

    func checkBody() throws {
        if !isOwn {
            throw TernError.misuse("it is used by the thread of its body only")
        }
        if !isOpen {
            throw TernError.misuse("it is used after the body that it was given to")
        }
    }

    func add(_ cursor: Cursor) {
        cursors[ObjectIdentifier(cursor)] = cursor
    }

    func remove(_ cursor: Cursor) {
        cursors[ObjectIdentifier(cursor)] = nil
    }

    func end() {
        isOpen = false
        for cursor in cursors.values {
            cursor.close()
        }
    }
}

func bound(_ list: [(any ValueConvertible)?]) throws -> [Value] {
    try list.map { try $0?.toValue() ?? .null }
}

/// One state of the replica, as `Replica.read` hands it to its body.
public final class Snapshot {
    private let reader: Reader
    private let scope = Scope()

    init(_ reader: Reader) throws {
        self.reader = reader
        try attempt { tern_reader_begin(reader.handle, $0) }
    }

    func end() {
        scope.end()
        tern_reader_end(reader.handle)
    }

    public func query(_ sql: String, _ list: (any ValueConvertible)?...) throws -> Cursor {
        try query(sql, values: bound(list))
    }

    /// As above, of values that are in a list already.
    public func query(_ sql: String, values: [Value]) throws -> Cursor {
        try scope.check()
        let statement = try reader.statements.take(sql) { tern_reader_prepare(reader.handle, $0, $1, $2, $3) }
        return try Cursor(statement, values: values, cache: reader.statements, scope: scope)
    }
}

/// A connection for reading.
final class Reader {
    let handle: OpaquePointer
    let statements = StatementCache()

    init(_ replica: OpaquePointer) throws {
        var handle: OpaquePointer?
        try attempt { tern_reader_open(replica, &handle, $0) }
        guard let handle else {
            throw TernError(.internal, "no reader was made")
        }
        self.handle = handle
    }

    func close() {
        statements.clear()
        tern_reader_close(handle)
    }
}
