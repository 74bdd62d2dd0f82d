import Foundation
internal import CTern

/// One cell, as the replica keeps it.
public enum Value: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob(Data)
}

/// What can stand in a cell. Nothing is bent: a value that is not of the type asked for is a failure (TYPE).
///
/// uuid `UUID`; timestamptz `Date`, in microseconds; decimal `Decimal`; date `LocalDate`; bytes `Data`; bool `Bool`; integers,
/// `Double` and `String` as they are. An optional is null where it is nil.
public protocol ValueConvertible: Sendable {
    /// Fails where no column could hold it, as an infinite decimal.
    func toValue() throws -> Value
    /// Nil where the value is not of this type.
    init?(value: Value)
}

extension Value: ValueConvertible {
    public func toValue() -> Value {
        self
    }

    @inlinable
    public init?(value: Value) {
        self = value
    }
}

extension Optional: ValueConvertible where Wrapped: ValueConvertible {
    public func toValue() throws -> Value {
        try self?.toValue() ?? .null
    }

    @inlinable
    public init?(value: Value) {
        if case .null = value {
            self = .none
        } else if let wrapped = Wrapped(value: value) {
            self = .some(wrapped)
        } else {
            return nil
        }
    }
}

extension ValueConvertible where Self: FixedWidthInteger {
    public func toValue() throws -> Value {
        guard let number = Int64(exactly: self) else {
            throw TernError(.range, "a number is too large for a column")
        }
        return .integer(number)
    }

    @inlinable
    public init?(value: Value) {
        guard case .integer(let number) = value, let own = Self(exactly: number) else {
            return nil
        }
        self = own
    }
}

extension Int: ValueConvertible {}
extension Int64: ValueConvertible {}
extension Int32: ValueConvertible {}
extension Int16: ValueConvertible {}
extension Int8: ValueConvertible {}
extension UInt: ValueConvertible {}
extension UInt64: ValueConvertible {}
extension UInt32: ValueConvertible {}
extension UInt16: ValueConvertible {}
extension UInt8: ValueConvertible {}

extension Bool: ValueConvertible {
    public func toValue() -> Value {
        .integer(self ? 1 : 0)
    }

    @inlinable
    public init?(value: Value) {
        guard case .integer(let number) = value, number == 0 || number == 1 else {
            return nil
        }
        self = number == 1
    }
}

extension Double: ValueConvertible {
    public func toValue() -> Value {
        .real(self)
    }

    /// A real, or an integer as one.
    @inlinable
    public init?(value: Value) {
        switch value {
        case .real(let number): self = number
        case .integer(let number): self = Double(number)
        default: return nil
        }
    }
}

extension String: ValueConvertible {
    public func toValue() -> Value {
        .text(self)
    }

    @inlinable
    public init?(value: Value) {
        guard case .text(let text) = value else {
            return nil
        }
        self = text
    }
}

extension Data: ValueConvertible {
    public func toValue() -> Value {
        .blob(self)
    }

    @inlinable
    public init?(value: Value) {
        guard case .blob(let data) = value else {
            return nil
        }
        self = data
    }
}

extension UUID: ValueConvertible {
    public func toValue() -> Value {
        .blob(withUnsafeBytes(of: uuid) { Data($0) })
    }

    @inlinable
    public init?(value: Value) {
        guard case .blob(let data) = value, data.count == 16 else {
            return nil
        }
        self = data.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}

/// Dates are kept in microseconds. A `Date` holds them exactly for 272 years on either side of 2001.
extension Date: ValueConvertible {
    @usableFromInline static var referenceSeconds: Int64 {
        978_307_200
    }

    @inlinable
    public init(microseconds: Int64) {
        let (seconds, part) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        self.init(timeIntervalSinceReferenceDate: Double(seconds - Date.referenceSeconds) + Double(part) / 1e6)
    }

    /// Since 1970, rounded to the nearest; nil outside of what 64 bits can say.
    public var microseconds: Int64? {
        let whole = timeIntervalSinceReferenceDate.rounded(.down)
        let part = ((timeIntervalSinceReferenceDate - whole) * 1e6).rounded()
        guard let seconds = Int64(exactly: whole), let rest = Int64(exactly: part) else {
            return nil
        }
        let (since, overflow) = seconds.addingReportingOverflow(Date.referenceSeconds)
        let (product, tooLarge) = since.multipliedReportingOverflow(by: 1_000_000)
        let (sum, beyond) = product.addingReportingOverflow(rest)
        return overflow || tooLarge || beyond ? nil : sum
    }

    public func toValue() throws -> Value {
        .integer(try toMicroseconds())
    }

    func toMicroseconds() throws -> Int64 {
        guard let microseconds else {
            throw TernError(.range, "a date is too far away")
        }
        return microseconds
    }

    @inlinable
    public init?(value: Value) {
        guard case .integer(let microseconds) = value else {
            return nil
        }
        self.init(microseconds: microseconds)
    }
}

/// A decimal of up to 38 digits; one with more is not read, since it would be rounded.
extension Decimal: ValueConvertible {
    public func toValue() throws -> Value {
        guard isFinite else {
            throw TernError(.range, "a decimal is not a number")
        }
        return .text(description)
    }

    public init?(value: Value) {
        guard case .text(let text) = value, let digits = Decimal.digits(of: text),
            let number = Decimal(string: text, locale: Locale(identifier: "en_US_POSIX")),
            Decimal.digits(of: number.description) == digits
        else {
            return nil
        }
        self = number
    }

    /// A plain number without what does not change its value; nil where it is none.
    private static func digits(of text: String) -> String? {
        let parts = text.drop { $0 == "-" }.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard text.prefix(2) != "--", parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { 48...57 ~= $0 } }) else {
            return nil
        }
        var fraction = parts.count == 2 ? parts[1] : ""
        while fraction.last == "0" {
            fraction.removeLast()
        }
        let plain = parts[0].drop { $0 == "0" } + "." + fraction
        return (text.hasPrefix("-") && plain != "." ? "-" : "") + plain
    }
}

/// A decimal with as many digits behind its point as its column has: `Decimal` itself does not keep the zeros at its end.
public struct ScaledDecimal: Sendable, Hashable, ValueConvertible {
    public let decimal: Decimal
    public let scale: Int

    public init(_ decimal: Decimal, scale: Int) {
        self.decimal = decimal
        self.scale = scale
    }

    /// FORMAT where the decimal has more digits than the scale: none is dropped.
    public func toValue() throws -> Value {
        guard case .text(let text) = try decimal.toValue() else {
            return .null
        }
        let parts = text.split(separator: ".", maxSplits: 1)
        let fraction = parts.count == 2 ? String(parts[1]) : ""
        guard scale >= 0, fraction.utf8.count <= scale else {
            throw TernError(.format, "a decimal has more than \(scale) digits behind its point")
        }
        return .text(scale == 0 ? text : parts[0] + "." + fraction + String(repeating: "0", count: scale - fraction.utf8.count))
    }

    public init?(value: Value) {
        guard case .text(let text) = value, let decimal = Decimal(value: value) else {
            return nil
        }
        self.init(decimal, scale: text.split(separator: ".", maxSplits: 1).dropFirst().first?.utf8.count ?? 0)
    }
}

extension Decimal {
    /// For a column of a scale: `tx.insert("weights", ["kilograms": weight.scaled(2)])`.
    public func scaled(_ digits: Int) -> ScaledDecimal {
        ScaledDecimal(self, scale: digits)
    }
}

/// A day of the calendar, wherever: the column type date.
public struct LocalDate: Sendable, Hashable, Comparable, Codable, CustomStringConvertible, LosslessStringConvertible {
    public let year: Int
    public let month: Int
    public let day: Int

    /// Whether the day exists is for the library to say.
    public init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// YYYY-MM-DD.
    public init?(_ description: String) {
        let parts = description.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], let year = UInt16(parts[0]), let month = UInt8(parts[1]),
            let day = UInt8(parts[2]), description.utf8.allSatisfy({ $0 != 43 })
        else {
            return nil
        }
        self.init(year: Int(year), month: Int(month), day: Int(day))
    }

    /// The day that it is at a moment in a time zone.
    public init(_ moment: Date = Date(), in zone: TimeZone = .current) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let parts = calendar.dateComponents([.year, .month, .day], from: moment)
        self.init(year: parts.year ?? 1, month: parts.month ?? 1, day: parts.day ?? 1)
    }

    public init(from decoder: any Decoder) throws {
        let text = try String(from: decoder)
        guard let date = LocalDate(text) else {
            throw TernError(.type, "a text is no date")
        }
        self = date
    }

    public func encode(to encoder: any Encoder) throws {
        try description.encode(to: encoder)
    }

    public var description: String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    public static func < (one: LocalDate, other: LocalDate) -> Bool {
        (one.year, one.month, one.day) < (other.year, other.month, other.day)
    }
}

extension LocalDate: ValueConvertible {
    public func toValue() -> Value {
        .text(description)
    }

    public init?(value: Value) {
        guard case .text(let text) = value else {
            return nil
        }
        self.init(text)
    }
}

/* ---- To and from C ---- */

/// Text of the library's, or of the file; NOT_UTF8 where it is none, for nothing is replaced silently.
func text(_ bytes: UnsafeRawBufferPointer) throws -> String {
    var decoded = String(decoding: bytes, as: UTF8.self) // what is no UTF-8 comes out changed
    let isSame = decoded.withUTF8 { $0.count == bytes.count && ($0.isEmpty || memcmp($0.baseAddress!, bytes.baseAddress!, $0.count) == 0) }
    guard isSame else {
        throw TernError(.notUtf8, "a text is no UTF-8")
    }
    return decoded
}

extension Value {
    /// Copies a borrowed one.
    init(_ value: tern_value) throws {
        let bytes = UnsafeRawBufferPointer(start: value.data, count: value.data == nil ? 0 : value.size)
        switch value.kind {
        case TERN_INTEGER: self = .integer(value.integer)
        case TERN_REAL: self = .real(value.real)
        case TERN_TEXT: self = .text(try Tern.text(bytes))
        case TERN_BLOB: self = .blob(Data(bytes))
        default: self = .null
        }
    }

    /// Lends it to a call.
    func lend<T>(_ body: (tern_value) throws -> T) rethrows -> T {
        switch self {
        case .null:
            return try body(tern_value_null())
        case .integer(let number):
            return try body(tern_value_integer(number))
        case .real(let number):
            return try body(tern_value_real(number))
        case .text(let text):
            var text = text
            return try text.withUTF8 { bytes in
                var value = tern_value_blob(bytes.baseAddress.map { UnsafeRawPointer($0) } ?? emptyBytes, bytes.count)
                value.kind = TERN_TEXT
                return try body(value)
            }
        case .blob(let data):
            return try data.withUnsafeBytes { bytes in
                try body(tern_value_blob(bytes.baseAddress ?? emptyBytes, bytes.count))
            }
        }
    }
}

/// What an empty text or blob points at, so that it is not null.
nonisolated(unsafe) let emptyBytes = UnsafeRawPointer(UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))

extension tern_id {
    init(_ id: UUID) {
        self.init(bytes: id.uuid)
    }

    var id: UUID {
        UUID(uuid: bytes)
    }

    /// Nil for the nil id, which says that there is none.
    var known: UUID? {
        id == UUID(tern_id()) ? nil : id
    }
}

extension UUID {
    init(_ id: tern_id) {
        self.init(uuid: id.bytes)
    }
}

/// A name for the library; a NUL cannot stand in one.
func lendName<T>(_ name: String, _ body: (UnsafePointer<CChar>) throws -> T) throws -> T {
    if name.utf8.contains(0) {
        throw TernError.misuse("a name holds a NUL")
    }
    return try name.withCString(body)
}

func lendText<T>(_ name: String?, _ body: (UnsafePointer<CChar>?) throws -> T) throws -> T {
    guard let name else {
        return try body(nil)
    }
    return try lendName(name) { try body($0) }
}

func lendID<T>(_ id: UUID?, _ body: (UnsafePointer<tern_id>?) throws -> T) rethrows -> T {
    guard let id else {
        return try body(nil)
    }
    return try withUnsafePointer(to: tern_id(id)) { try body($0) }
}
