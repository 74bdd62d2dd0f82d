import Foundation

/// Where cells come from: a row, or the current one of a cursor.
protocol Cells {
    var columnNames: [String] { get }
    func column(_ name: String) -> Int?
    func value(at column: Int) throws -> Value
}

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

private func decode<T: Decodable>(_ type: T.Type, from value: Value, column: String, path: [any CodingKey]) throws -> T {
    if let convertible = type as? any ValueConvertible.Type {
        guard let result = convertible.init(value: value) as? T else {
            throw TernError(.type, "column \(column) holds no \(type)")
        }
        return result
    }
    do {
        return try T(from: CellDecoder(value: value, column: column, codingPath: path))
    } catch is WantsJSON {
        guard case .text(let text) = value else {
            throw TernError(.type, "column \(column) holds no JSON")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw TernError(.type, "column \(column) holds JSON of another shape", underlying: error)
        }
    }
}

struct RowDecoder: Decoder {
    let cells: any Cells
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    func container<Key>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Keyed(cells: cells))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw TernError.misuse("a row is no list")
    }

    /// A single value is the only column.
    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        guard cells.columnNames.count == 1 else {
            throw TernError.misuse("a row of \(cells.columnNames.count) columns is no single value")
        }
        return CellDecoder(value: try cells.value(at: 0), column: cells.columnNames[0], codingPath: [])
    }

    private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let cells: any Cells
        let codingPath: [any CodingKey] = []

        var allKeys: [Key] {
            cells.columnNames.compactMap { Key(stringValue: $0) }
        }

        private func find(_ key: Key) -> Int? {
            cells.column(key.stringValue) ?? cells.column(snakeCase(key.stringValue))
        }

        func contains(_ key: Key) -> Bool {
            find(key) != nil
        }

        private func value(_ key: Key) throws -> Value {
            guard let column = find(key) else {
                throw TernError(.unknownColumn, "there is no column \(snakeCase(key.stringValue))")
            }
            return try cells.value(at: column)
        }

        func decodeNil(forKey key: Key) throws -> Bool {
            try value(key) == .null
        }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            try Tern.decode(type, from: value(key), column: snakeCase(key.stringValue), path: [key])
        }

        func nestedContainer<Nested>(keyedBy: Nested.Type, forKey: Key) throws -> KeyedDecodingContainer<Nested> {
            throw TernError.misuse("a row holds no containers")
        }

        func nestedUnkeyedContainer(forKey: Key) throws -> any UnkeyedDecodingContainer {
            throw TernError.misuse("a row holds no containers")
        }

        func superDecoder() throws -> any Decoder {
            RowDecoder(cells: cells)
        }

        func superDecoder(forKey: Key) throws -> any Decoder {
            RowDecoder(cells: cells)
        }
    }
}

private struct CellDecoder: Decoder, SingleValueDecodingContainer {
    let value: Value
    let column: String
    let codingPath: [any CodingKey]
    let userInfo: [CodingUserInfoKey: Any] = [:]

    func container<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw WantsJSON()
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw WantsJSON()
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        self
    }

    func decodeNil() -> Bool {
        value == .null
    }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        guard type is any ValueConvertible.Type else {
            throw WantsJSON()
        }
        return try Tern.decode(type, from: value, column: column, path: codingPath)
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
