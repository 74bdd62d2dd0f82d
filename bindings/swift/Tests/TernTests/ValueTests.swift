import Foundation
import XCTest

@testable import Tern

/// Values cross both ways as they are, or the call fails.
final class ValueTests: ReplicaTestCase, @unchecked Sendable {
    private static let texts = [
        "", "សុខ ដារ៉ា", "ជំងឺលើសឈាម 💊", "👩🏽‍⚕️🇰🇭", "a\0b\0", "\u{FEFF}bom", "e\u{301}\u{E9}", "\u{10FFFF}\u{FFFD}",
    ]

    func testTextsOfAnyScriptComeBackAsTheyWent() async throws {
        let replica = try await open()
        try await insertUser(replica)
        for text in Self.texts {
            let back = try await replica.query("SELECT ?, length(CAST(?1 AS BLOB))", text)[0]
            XCTAssertEqual(Array(try back.get(0, as: String.self).utf8), Array(text.utf8))
            XCTAssertEqual(try back.get(1, as: Int.self), text.utf8.count)
            if text.utf8.count < 200, !text.utf8.contains(0) {
                try await rename(replica, text)
                let name = try await name(replica)
                XCTAssertEqual(name.map { Array($0.utf8) }, Array(text.utf8))
            }
        }
        try await replica.close()
    }

    func testANameThatHoldsANulIsNoNameAndIsNotCutThere() async throws {
        let replica = try await open()
        await fails(.misuse) { try await replica.write { tx in try tx.insert("users\0x", ["role": "PATIENT"]) } }
        await fails(.misuse) { try await replica.write { tx in try tx.insert("users", ["role\0x": "PATIENT"]) } }
        await fails(.misuse) { try replica.changes(of: "users\0") }
        await fails(.misuse) { try await replica.reach(of: "dose_events\0") }
        let cut = folder.appendingPathComponent("a").path
        await fails(.misuse) { try await Replica(path: cut + "\0b", schema: self.options().schema, user: self.patient) }
        XCTAssertFalse(FileManager.default.fileExists(atPath: cut))
        await fails(.misuse) { try await replica.query("SELECT 1\0, 2") }
        try await replica.close()
    }

    func testSyncedTextsKeepKhmerAndEmojiAndFileNamesMayHoldThem() async throws {
        let replica = try await open("ឯកសារ 💊")
        try await insertUser(replica)
        try await rename(replica, "សុខ ដារ៉ា 💊")
        let name = try await name(replica)
        XCTAssertEqual(name, "សុខ ដារ៉ា 💊")
        try await replica.close()
        XCTAssertTrue(FileManager.default.fileExists(atPath: folder.appendingPathComponent("ឯកសារ 💊.db").path))
    }

    func testALongTextCrossesInBothDirections() async throws {
        let replica = try await open()
        let text = String(repeating: "ថ💊x", count: 100_000)
        try await replica.execute("CREATE TABLE notes(text TEXT)")
        try await replica.execute("INSERT INTO notes VALUES(?)", text)
        let back = try await replica.value(String.self, "SELECT text FROM notes")
        XCTAssertEqual(back.map { Array($0.utf8) }, Array(text.utf8))
        try await replica.close()
    }

    func testBytesThatAreNoTextAreToldAndNotReplaced() async throws {
        let replica = try await open()
        await fails(.notUtf8) { try await replica.query("SELECT CAST(x'ff' AS TEXT)") }
        await fails(.notUtf8) { try await replica.query("SELECT CAST(x'f09f92' AS TEXT)") }
        let raw = try await replica.value(Data.self, "SELECT x'f09f92'")
        XCTAssertEqual(raw, Data([0xF0, 0x9F, 0x92]))
        try await replica.close()
    }

    private func same<T: ValueConvertible & Equatable>(_ replica: Replica, _ values: T...) async throws {
        for value in values {
            let back = try await replica.value(T.self, "SELECT ?", value)
            XCTAssertEqual(back, value)
        }
    }

    func testEveryTypeComesBackAsItWent() async throws {
        let replica = try await open()
        try await same(replica, Int64.min, -1, 0, Int64.max)
        try await same(replica, Int8.min, Int8.max)
        try await same(replica, true, false)
        try await same(replica, 0.1, -Double.greatestFiniteMagnitude, .leastNonzeroMagnitude)
        try await same(replica, Data(), Data([0]), Data(repeating: 7, count: 100_000))
        try await same(replica, UUID(), Self.patient)
        try await same(replica, LocalDate(year: 2026, month: 5, day: 4), LocalDate("0001-12-31")!)
        try await same(replica, UUID?.none, UUID())
        try await same(replica, Decimal(string: "0.1")!, Decimal(string: "-12345678901234567890.123456789")!,
            Decimal.greatestFiniteMagnitude, 0, Decimal(string: "1e-30")!)
        try await replica.close()
    }

    func testTimesKeepTheirMicrosecondsAlsoBefore1970() async throws {
        let replica = try await open()
        for microseconds in [1_777_866_300_123_457, 1_777_866_300_999_999, 0, -1, 978_307_200_000_001, -5_000_000_000_000_003] {
            let date = Date(microseconds: Int64(microseconds))
            XCTAssertEqual(date.microseconds, Int64(microseconds))
            let kept = try await replica.value(Int64.self, "SELECT ?", date)
            XCTAssertEqual(kept, Int64(microseconds))
            let back = try await replica.value(Date.self, "SELECT ?", Int64(microseconds))
            XCTAssertEqual(back, date)
        }
        for far in [Date.distantPast, .distantFuture] {
            let back = try await replica.value(Date.self, "SELECT ?", far)
            XCTAssertEqual(back, far)
        }
        await fails(.range) { try await replica.query("SELECT ?", Date(timeIntervalSince1970: .infinity)) }
        await fails(.range) { try await replica.query("SELECT ?", Date(timeIntervalSince1970: 1e300)) }
        await fails(.range) { try await replica.query("SELECT ?", UInt64.max) }
        await fails(.range) { try await replica.query("SELECT ?", Decimal.nan) }
        try await replica.close()
    }

    func testAValueOfAnotherTypeIsToldAndNotBent() async throws {
        let replica = try await open()
        let wrong: [(String, any ValueConvertible.Type)] = [
            ("SELECT 'x'", Int.self), ("SELECT 300", Int8.self), ("SELECT 2", Bool.self), ("SELECT 1.5", Int.self),
            ("SELECT x'01'", UUID.self), ("SELECT 'x'", Data.self), ("SELECT 1", String.self), ("SELECT NULL", String.self),
            ("SELECT '1.5x'", Decimal.self), ("SELECT '1.'", Decimal.self), ("SELECT '--1'", Decimal.self),
            ("SELECT '1234567890123456789012345678901234567890123'", Decimal.self), ("SELECT '2026-5-4'", LocalDate.self),
            ("SELECT '+026-05-04'", LocalDate.self), ("SELECT 1", Data.self),
        ]
        for (sql, type) in wrong {
            await fails(.type) { try await self.ask(replica, sql, type) }
        }
        try await replica.close()
    }

    private func ask<T: ValueConvertible>(_ replica: Replica, _ sql: String, _ type: T.Type) async throws {
        _ = try await replica.value(type, sql)
    }

    func testColumnsAreFoundByNameAndByNumberOrNotAtAll() async throws {
        let replica = try await open()
        try await replica.read { snapshot in
            let cursor = try snapshot.query("SELECT 1 AS a, 2 AS b, 3 AS a, NULL AS c")
            XCTAssertEqual(cursor.columns, ["a", "b", "a", "c"])
            XCTAssertThrowsError(try cursor.get(0, as: Int.self)) { XCTAssertEqual(($0 as? TernError)?.code, .misuse) }
            XCTAssertTrue(try cursor.next())
            let kept = try cursor.row()
            XCTAssertEqual(kept.columns, cursor.columns)
            for row in [cursor, kept] as [any Cells] {
                XCTAssertEqual(try row.get("a", as: Int.self), 1)
                XCTAssertEqual(try row.get(2, as: Int.self), 3)
                XCTAssertEqual(try row.number(of: "b"), 1)
                XCTAssertEqual(try [row.isNull(0), row.isNull(3)], [false, true])
                for wrong in [{ try row.get(4) }, { try row.get(-1) }, { try row.get("d") }] as [() throws -> Int] {
                    XCTAssertThrowsError(try wrong()) { XCTAssertEqual(($0 as? TernError)?.code, .unknownColumn) }
                }
            }
        }
        try await replica.close()
    }

    func testAsManyValuesAsParametersAreNeeded() async throws {
        let replica = try await open()
        await fails(.misuse) { try await replica.query("SELECT ?") }
        await fails(.misuse) { try await replica.query("SELECT ?", 1, 2) }
        let one = try await replica.value(String.self, "SELECT ?", "x")
        XCTAssertEqual(one, "x")
        await fails(.misuse) { try await replica.query("SELECT ?") }
        let none = try await replica.value(String?.self, "SELECT ?", nil)
        XCTAssertEqual(none, .some(nil))
        try await replica.close()
    }

    func testDecimalsKeepTheirScaleAndAllTheirDigits() async throws {
        let replica = try await open()
        for text in ["0", "1.50", "-0.001", "12345678901234567890123456789.123456789"] {
            let decimal = try XCTUnwrap(Decimal(string: text))
            let scale = text.split(separator: ".").dropFirst().first?.utf8.count ?? 0
            let back = try await replica.value(String.self, "SELECT ?", decimal.scaled(scale))
            XCTAssertEqual(back, text)
            let number = try await replica.value(ScaledDecimal.self, "SELECT ?", text)
            XCTAssertEqual(number, decimal.scaled(scale))
        }
        let thousand = try await replica.value(String.self, "SELECT ?", Decimal(string: "1E+3"))
        XCTAssertEqual(thousand, "1000")
        try await replica.close()
    }

    func testNumbersOfDecimalsAreReadWhateverTheirZeros() async throws {
        let replica = try await open()
        for (text, number) in [("1.50", "1.5"), ("-0.0", "0"), ("007", "7"), ("100", "100")] {
            let back = try await replica.value(Decimal.self, "SELECT ?", text)
            XCTAssertEqual(back, Decimal(string: number))
        }
        try await replica.close()
    }

    private struct User: Codable, Equatable, Sendable {
        enum Role: String, Codable {
            case patient = "PATIENT"
            case doctor = "DOCTOR"
        }

        var id: UUID
        var role: Role
        var fullName: String?
        var createdAt: Date?
    }

    private struct Parts: Decodable, Equatable, Sendable {
        struct Dosage: Codable, Equatable {
            let amount: Int
        }

        let dosage: Dosage
        let times: [String]
        let price: Decimal
        let isOpen: Bool
        let missing: String?
    }

    func testRowsAreCodable() async throws {
        let replica = try await open()
        let user = User(id: Self.patient, role: .patient, fullName: "សុខ", createdAt: nil)
        let id = try await replica.write { tx in try tx.insert("users", user) }
        XCTAssertEqual(id, user.id)
        let back = try await replica.query(User.self, "SELECT id, role, full_name FROM users")
        XCTAssertEqual(back, [user])
        let stamped = try await replica.query(User.self, "SELECT * FROM users")
        XCTAssertNotNil(stamped[0].createdAt)
        let parts = try await replica.query(Parts.self,
            #"SELECT '{"amount":2}' AS dosage, '["08:00"]' AS times, '1.25' AS price, 1 AS is_open"#)
        XCTAssertEqual(parts, [Parts(dosage: .init(amount: 2), times: ["08:00"], price: 1.25, isOpen: true, missing: nil)])
        let plain = try await replica.query(Int.self, "SELECT 7")
        XCTAssertEqual(plain, [7])
        await fails(.type) { try await replica.query(User.self, "SELECT 'x' AS id, role FROM users") }
        await fails(.type) { try await replica.query(User.self, "SELECT id, 'NURSE' AS role FROM users") }
        await fails(.unknownColumn) { try await replica.query(User.self, "SELECT id FROM users") }
        await fails(.type) { try await replica.query(Parts.self, "SELECT '{' AS dosage") }
        await fails(.misuse) { try await replica.write { tx in try tx.insert("users", [1, 2]) } }
        let json = try cells(of: ["times": ["08:00"]])["times"]
        XCTAssertEqual(try json?.toValue(), .text(#"["08:00"]"#))
        try await replica.close()
    }

    /// As no compiler writes it: in another order than the columns, of a property only now and then, and of two keys.
    private struct Wilful: Decodable, Sendable {
        enum Keys: String, CodingKey {
            case second, first, third
        }

        enum Others: String, CodingKey {
            case fullName, first
        }

        let sum: Int
        let name: String?
        let last: Int?

        init(from decoder: any Decoder) throws {
            let row = try decoder.container(keyedBy: Keys.self)
            let first = try row.decode(Int.self, forKey: .first)
            sum = try first + (first % 2 == 0 ? row.decode(Int.self, forKey: .second) : 0)
            last = try row.contains(.third) ? row.decode(Int?.self, forKey: .third) : nil
            let others = try decoder.container(keyedBy: Others.self)
            name = try others.decodeNil(forKey: .fullName) ? nil : others.decode(String.self, forKey: .fullName)
            _ = try others.decode(Int.self, forKey: .first)
        }
    }

    func testRowsAreDecodedInWhateverOrderTheirPropertiesAreAskedFor() async throws {
        let replica = try await open()
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 6)"
            + " SELECT i * 10 AS second, i AS first, iif(i % 3 = 0, NULL, 'n' || i) AS full_name, nullif(i, 4) AS third FROM n"
        let rows = try await replica.query(Wilful.self, sql)
        XCTAssertEqual(rows.map(\.sum), [1, 22, 3, 44, 5, 66])
        XCTAssertEqual(rows.map(\.name), ["n1", "n2", nil, "n4", "n5", nil])
        XCTAssertEqual(rows.map(\.last), [1, 2, 3, nil, 5, 6])
        let kept = try await replica.query(sql).map { try $0.decode(Wilful.self).sum }
        XCTAssertEqual(kept, [1, 22, 3, 44, 5, 66])
        try await replica.close()
    }

    func testADecoderThatWasKeptIsToldThatItsRowsAreOver() async throws {
        final class Thief: Decodable, @unchecked Sendable {
            let decoder: any Decoder

            init(from decoder: any Decoder) throws {
                self.decoder = decoder
            }
        }
        let replica = try await open()
        let thief = try await replica.read { try $0.query("SELECT 1 AS first").first { try $0.decode(Thief.self) } }
        await fails(.misuse) { try XCTUnwrap(thief).decoder.singleValueContainer().decode(Int.self) }
        try await replica.close()
    }

    func testCodesHaveTheNamesOfTheLibrary() {
        XCTAssertEqual(ErrorCode.foreignKey.name, "FOREIGN_KEY")
        XCTAssertEqual(Problem.tooEarly.name, "TOO_EARLY")
        XCTAssertTrue(ErrorCode.network.isRetryable)
        XCTAssertFalse(ErrorCode.type.isRetryable)
        XCTAssertFalse(ErrorCode.allCases.contains { $0.name == "UNKNOWN" })
        XCTAssertFalse(Problem.allCases.contains { $0.name == "UNKNOWN" })
    }
}
