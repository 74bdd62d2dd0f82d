import Foundation

/// Columns are called as the property, or as that in snake case: `fullName` is full_name.
func snakeCase(_ name: String) -> String {
    var result = ""
    for character in name {
        if character.isUppercase {
            result += "_" + character.lowercased()
        } else {
            result.append(character)
        }
    }
    return result
}

/// Thrown where a value is a structure, which a json column holds as text.
private struct WantsJSON: Error {}

/// One for all rows of a cursor: where a property's column is has been found out with the first of them. The properties come
/// in the same order for each row, so what comes next is mostly known without looking for it.
final class RowDecoder: Decoder {
    private let cells: any Cells
    private let names: [String]
    private var found: [(key: String, column: Int?)] = []
    private var next = 0

    init(_ cells: any Cells) {
        self.cells = cells
        names = cells.columns
    }

    var codingPath: [any CodingKey] {
        []
    }

    var userInfo: [CodingUserInfoKey: Any] {
        [:]
    }

    func container<Key>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        next = 0
        return KeyedDecodingContainer(Keyed(row: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw TernError.misuse("a row is no list")
    }

    /// A single value is the only column.
    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        guard names.count == 1 else {
            throw TernError.misuse("a row of \(names.count) columns is no single value")
        }
        return CellDecoder(row: self, column: 0)
    }

    /// The column of a property; nil where there is none.
    private func find(_ key: String) -> Int? {
        if next < found.count, found[next].key == key {
            next += 1
            return found[next - 1].column
        }
        if next > 0, found[next - 1].key == key { // asked for once more
            return found[next - 1].column
        }
        if let known = found.firstIndex(where: { $0.key == key }) {
            next = known + 1
            return found[known].column
        }
        let column = names.firstIndex(of: key) ?? names.firstIndex(of: snakeCase(key))
        found.append((key, column))
        next = found.count
        return column
    }

    fileprivate func isNull(_ column: Int) throws -> Bool {
        try cells.isNull(column)
    }

    private func convert<T: ValueConvertible>(_ column: Int, _ type: T.Type) throws -> T {
        guard let result = T(value: try cells.value(at: column)) else {
            throw mismatch(column, type)
        }
        return result
    }

    private func mismatch(_ column: Int, _ type: Any.Type) -> TernError {
        TernError(.type, "column \(names[column]) holds no \(type)")
    }

    /// The types that most columns are of are told apart before the runtime is asked what a type conforms to, which takes
    /// longer than all else.
    fileprivate func decode<T: Decodable>(_ type: T.Type, at column: Int) throws -> T {
        if T.self == String.self {
            return try convert(column, String.self) as! T
        }
        if T.self == UUID.self {
            return try (cells.id(at: column) ?? convert(column, UUID.self)) as! T
        }
        if T.self == Date.self {
            return try convert(column, Date.self) as! T
        }
        if T.self == Int.self {
            return try convert(column, Int.self) as! T
        }
        if T.self == Bool.self {
            return try convert(column, Bool.self) as! T
        }
        if let convertible = type as? any ValueConvertible.Type {
            return try convert(column, convertible) as! T
        }
        return try decodeOther(type, at: column)
    }

    /// An enum of a text, say, or a structure.
    private func decodeOther<T: Decodable>(_ type: T.Type, at column: Int) throws -> T {
        do {
            return try T(from: CellDecoder(row: self, column: column))
        } catch let error as DecodingError { // an enum without this value
            throw TernError(.type, "column \(names[column]) holds no \(type)", underlying: error)
        } catch is WantsJSON {
            guard case .text(let text) = try cells.value(at: column) else {
                throw mismatch(column, type)
            }
            do {
                return try JSONDecoder().decode(type, from: Data(text.utf8))
            } catch {
                throw TernError(.type, "column \(names[column]) holds JSON of another shape", underlying: error)
            }
        }
    }

    private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let row: RowDecoder

        var codingPath: [any CodingKey] {
            []
        }

        var allKeys: [Key] {
            row.names.compactMap { Key(stringValue: $0) }
        }

        func contains(_ key: Key) -> Bool {
            row.find(key.stringValue) != nil
        }

        private func column(_ key: Key) throws -> Int {
            guard let column = row.find(key.stringValue) else {
                throw TernError(.unknownColumn, "there is no column \(snakeCase(key.stringValue))")
            }
            return column
        }

        func decodeNil(forKey key: Key) throws -> Bool {
            try row.isNull(column(key))
        }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            try row.decode(type, at: column(key))
        }

        func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
            try present(type, key)
        }

        /// Without these the library's own would be taken, which look three times for a column.
        func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
            try present(type, key)
        }

        func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
            try present(type, key)
        }

        func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
            try present(type, key)
        }

        func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
            try present(type, key)
        }

        private func present<T: Decodable>(_ type: T.Type, _ key: Key) throws -> T? {
            guard let column = row.find(key.stringValue), try !row.isNull(column) else {
                return nil
            }
            return try row.decode(type, at: column)
        }

        func nestedContainer<Nested>(keyedBy: Nested.Type, forKey: Key) throws -> KeyedDecodingContainer<Nested> {
            throw TernError.misuse("a row holds no containers")
        }

        func nestedUnkeyedContainer(forKey: Key) throws -> any UnkeyedDecodingContainer {
            throw TernError.misuse("a row holds no containers")
        }

        func superDecoder() -> any Decoder {
            row
        }

        func superDecoder(forKey: Key) -> any Decoder {
            row
        }
    }
}

private struct CellDecoder: Decoder, SingleValueDecodingContainer {
    let row: RowDecoder
    let column: Int

    var codingPath: [any CodingKey] {
        []
    }

    var userInfo: [CodingUserInfoKey: Any] {
        [:]
    }

    func container<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw WantsJSON()
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw WantsJSON()
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        self
    }

    /// What fails here fails again, and is told, where the value is read.
    func decodeNil() -> Bool {
        (try? row.isNull(column)) ?? false
    }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        guard type is any ValueConvertible.Type else {
            throw WantsJSON()
        }
        return try row.decode(type, at: column)
    }
}

/* ---- Writing ---- */

/// The cells of a value that is `Encodable`: each property a column of its name in snake case; what is nil is left out, and
/// what is a structure or a list becomes JSON.
public func cells(of row: some Encodable) throws -> [String: any ValueConvertible] {
    let sink = CellSink()
    try row.encode(to: RowEncoder(sink: sink))
    return sink.cells
}

private final class CellSink {
    var cells: [String: any ValueConvertible] = [:]
}

private struct RowEncoder: Encoder {
    let sink: CellSink
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    func container<Key>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(Keyed(sink: sink))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        Refusing()
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        Refusing()
    }

    private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let sink: CellSink
        let codingPath: [any CodingKey] = []

        mutating func encodeNil(forKey key: Key) {
            sink.cells[snakeCase(key.stringValue)] = Value.null
        }

        mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
            sink.cells[snakeCase(key.stringValue)] = try cell(value)
        }

        mutating func nestedContainer<Nested>(keyedBy: Nested.Type, forKey: Key) -> KeyedEncodingContainer<Nested> {
            KeyedEncodingContainer(RefusingKeyed<Nested>())
        }

        mutating func nestedUnkeyedContainer(forKey: Key) -> any UnkeyedEncodingContainer {
            Refusing()
        }

        mutating func superEncoder() -> any Encoder {
            RowEncoder(sink: sink)
        }

        mutating func superEncoder(forKey: Key) -> any Encoder {
            RowEncoder(sink: sink)
        }
    }
}

private func cell<T: Encodable>(_ value: T) throws -> any ValueConvertible {
    if let convertible = value as? any ValueConvertible {
        return convertible
    }
    if let raw = value as? any RawRepresentable, let convertible = raw.rawValue as? any ValueConvertible {
        return convertible
    }
    return String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
}

/// A row is made of named values; what writes anything else is told so.
private struct Refusing: UnkeyedEncodingContainer, SingleValueEncodingContainer {
    let codingPath: [any CodingKey] = []
    let count = 0

    private var refusal: TernError {
        .misuse("a row has named values")
    }

    mutating func encodeNil() throws {
        throw refusal
    }

    mutating func encode<T: Encodable>(_ value: T) throws {
        throw refusal
    }

    mutating func nestedContainer<Nested>(keyedBy: Nested.Type) -> KeyedEncodingContainer<Nested> {
        KeyedEncodingContainer(RefusingKeyed<Nested>())
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        self
    }

    mutating func superEncoder() -> any Encoder {
        RowEncoder(sink: CellSink())
    }
}

private struct RefusingKeyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let codingPath: [any CodingKey] = []

    mutating func encodeNil(forKey key: Key) throws {
        throw TernError.misuse("a row has named values")
    }

    mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        throw TernError.misuse("a row has named values")
    }

    mutating func nestedContainer<Nested>(keyedBy: Nested.Type, forKey: Key) -> KeyedEncodingContainer<Nested> {
        KeyedEncodingContainer(RefusingKeyed<Nested>())
    }

    mutating func nestedUnkeyedContainer(forKey: Key) -> any UnkeyedEncodingContainer {
        Refusing()
    }

    mutating func superEncoder() -> any Encoder {
        RowEncoder(sink: CellSink())
    }

    mutating func superEncoder(forKey: Key) -> any Encoder {
        RowEncoder(sink: CellSink())
    }
}
