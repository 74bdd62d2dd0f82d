import Foundation
import XCTest

@testable import Tern

/// The stories that C and Java play, too, end with the same replicas, byte by byte; tests/shared/README.md says what their
/// words mean.
final class SharedTests: ReplicaTestCase, @unchecked Sendable {
    private func load(_ name: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(contentsOf: Self.root.appendingPathComponent("tests/shared/" + name)))
    }

    private func play(_ file: String) async throws {
        let hashes = try XCTUnwrap(load("hashes.json") as? [String: [String: String]])
        let stories = try XCTUnwrap(load(file) as? [[String: Any]])
        XCTAssertFalse(stories.isEmpty)
        for json in stories {
            let name = try XCTUnwrap(json["story"] as? String)
            let own = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
            let story = try Story(json, own)
            defer { story.server.stop() }
            let texts = try await story.tell()
            if let kept = ProcessInfo.processInfo.environment["TERN_DUMPS"] { // a folder to look at what differs
                for (what, text) in texts {
                    try Data(text.utf8).write(to: URL(fileURLWithPath: kept).appendingPathComponent("\(name).\(what)"))
                }
            }
            XCTAssertEqual(try texts.mapValues { try Story.hash($0) }, hashes[name], name)
        }
    }

    func testTheStoriesEndWithTheReplicasThatAllLanguagesHave() async throws {
        try await play("stories.json")
    }

    func testADecimalHasTheDigitsOfItsColumn() throws {
        XCTAssertEqual(try Decimal(string: "-1.5")?.scaled(3).toValue(), .text("-1.500"))
        XCTAssertEqual(try Decimal(7).scaled(2).toValue(), .text("7.00"))
        XCTAssertEqual(try Decimal(7).scaled(0).toValue(), .text("7"))
        XCTAssertEqual(ScaledDecimal(value: .text("0.500000")), Decimal(string: "0.5")?.scaled(6))
        XCTAssertNil(ScaledDecimal(value: .text("0.5x")))
        XCTAssertThrowsError(try Decimal(string: "1.25")?.scaled(1).toValue()) { error in
            XCTAssertEqual((error as? TernError)?.code, .format)
        }
    }

    func testTheConformanceVectorsEndWithTheReplicasThatAllLanguagesHave() async throws {
        try await play("vectors.json")
    }
}

private typealias Step = [String: Any]

/// splitmix64, its numbers from the least byte on; each call begins a new one.
private struct Numbers {
    var state: UInt64

    mutating func fill(_ count: Int) -> Data {
        var bytes = Data(capacity: count)
        var number: UInt64 = 0
        for place in 0..<count {
            if place % 8 == 0 {
                state &+= 0x9e37_79b9_7f4a_7c15
                number = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
                number = (number ^ (number >> 27)) &* 0x94d0_49bb_1331_11eb
                number ^= number >> 31
            }
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * (place % 8))))
        }
        return bytes
    }
}

/// Plays one story.
private final class Story: @unchecked Sendable {
    private final class Device: @unchecked Sendable {
        let name: String
        let user: String
        let replica: Replica
        let skew: Shared<Int64>
        let boot: Shared<UInt8>
        let hasSynced = Shared(false)

        init(_ name: String, _ user: String, _ replica: Replica, _ skew: Shared<Int64>, _ boot: Shared<UInt8>) {
            (self.name, self.user, self.replica, self.skew, self.boot) = (name, user, replica, skew, boot)
        }

        /// In the boot of a sync no clock misleads the library: it came up anew with this one.
        func set(skew wanted: Int64) {
            if hasSynced.now && wanted != skew.now {
                boot.now += 1
                hasSynced.now = false
            }
            skew.now = wanted
        }
    }

    private let json: [String: Any]
    private let folder: URL
    private let now = Shared<Int64>(0)
    private let names = Shared<[String: UUID]>([:])
    private var devices: [Device] = []
    private var told = ""
    let server: StoryServer

    init(_ json: [String: Any], _ folder: URL) throws {
        self.json = json
        self.folder = folder
        server = try StoryServer(folder, schema: XCTUnwrap(json["schema"] as? String), users: json["users"] as? [String] ?? [])
    }

    /// What each replica holds, and what the steps gave, by name.
    func tell() async throws -> [String: String] {
        let steps = json["steps"] as? [Step] ?? []
        try setClock(text(steps[0], "at"))
        try server.start()
        for step in steps {
            try await play(step)
        }
        var texts: [String: String] = [:]
        for device in devices {
            texts[device.name] = try await dump(device.replica)
            try await device.replica.close()
        }
        texts["told"] = told
        return texts
    }

    /* ---- The world ---- */

    private func text(_ step: Step, _ name: String) throws -> String {
        guard let text = step[name] as? String else {
            throw Broken("\(step) has no \(name)")
        }
        return text
    }

    private static func micros(_ text: String) throws -> Int64 {
        let parts = text.split(separator: ".")
        guard let date = ISO8601DateFormatter().date(from: parts[0] + "Z"), let whole = date.microseconds else {
            throw Broken("no time: \(text)")
        }
        return whole + (parts.count == 2 ? Int64((parts[1] + "000000").prefix(6)) ?? 0 : 0)
    }

    private func setClock(_ at: String) throws {
        now.now = try Story.micros(at)
        try server.set(clock: now.now)
    }

    private func open(_ step: Step) async throws {
        let name = try text(step, "on")
        let user = try text(step, "user")
        let numbers = Shared(Numbers(state: UInt64(step["seed"] as? Int ?? 0)))
        let skew = Shared<Int64>(0)
        let boot = Shared<UInt8>(7)
        let now = now
        let schema = try Data(contentsOf: ReplicaTestCase.root.appendingPathComponent(text(json, "schema")))
        var options = Replica.Options(path: folder.appendingPathComponent(name + ".db").path, schema: schema,
            user: UUID(uuidString: user))
        options.ports.random = { count in numbers.change { $0.fill(count) } }
        options.ports.clock = Ports.Clock(wallMicroseconds: { now.now + skew.now }, monotonicMicroseconds: { now.now },
            bootID: {
                let byte = boot.now
                return UUID(uuid: (byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte))
            })
        devices.append(Device(name, user, try await Replica(options), skew, boot))
    }

    /* ---- Values ---- */

    private static func unhex(_ hex: String) -> Data {
        let digits = Array(hex)
        return Data(stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) })
    }

    private func id(_ json: Any?) throws -> UUID {
        let object = json as? [String: String] ?? [:]
        guard let id = object["named"].flatMap({ names.now[$0] }) ?? object["id"].flatMap({ UUID(uuidString: $0) }) else {
            throw Broken("no id: \(String(describing: json))")
        }
        return id
    }

    private func value(_ json: Any) throws -> (any ValueConvertible)? {
        if let object = json as? [String: String], let (kind, text) = object.first {
            switch kind {
            case "time": return Date(microseconds: try Story.micros(text))
            case "decimal": return ScaledDecimal(value: .text(text))
            case "date": return LocalDate(text)
            case "bytes": return Story.unhex(text)
            case "text": return String(decoding: Story.unhex(text), as: UTF8.self)
            default: return try id(json)
            }
        }
        if let text = json as? String {
            return text
        }
        guard let number = json as? NSNumber else {
            return nil
        }
        if String(cString: number.objCType) == "c" { // true or false
            return number.boolValue
        }
        if String(cString: number.objCType) == "d" {
            return number.doubleValue
        }
        return number.int64Value
    }

    private func values(_ json: Any?) throws -> [Value] {
        try (json as? [Any] ?? []).map { try value($0)?.toValue() ?? .null }
    }

    private func cells(_ json: Any?) throws -> [String: (any ValueConvertible)?] {
        try (json as? [String: Any] ?? [:]).mapValues { try value($0) }
    }

    /* ---- Steps ---- */

    private func play(_ step: Step) async throws {
        let what = try text(step, "do")
        if step["at"] != nil {
            try setClock(text(step, "at"))
        }
        if try await playServer(step, what) {
            return
        }
        if what == "open" {
            try await open(step)
        }
        let name = try text(step, "on")
        guard let device = devices.first(where: { $0.name == name }) else {
            throw Broken("\(name) is not open")
        }
        if step["clock"] != nil {
            device.set(skew: try Story.micros(text(step, "clock")) - now.now)
        }
        var found = "OK"
        var message = ""
        do {
            if what != "open" {
                var isKnown = try await playBasic(device, step, what)
                if !isKnown {
                    isKnown = try await playAct(device.replica.care, step, what)
                }
                if !isKnown {
                    isKnown = try await playReport(device.replica.care, step, what)
                }
                if !isKnown {
                    throw Broken("there is no step \(what)")
                }
            }
        } catch let error as TernError {
            found = error.problem == .none ? error.code.name : error.problem.name
            message = error.message
        }
        if what == "sync" {
            device.hasSynced.now = true
        }
        guard found == step["fails"] as? String ?? "OK" else {
            throw Broken("\(step) ends with \(found): \(message)")
        }
    }

    private func playServer(_ step: Step, _ what: String) async throws -> Bool {
        switch what {
        case "request":
            try await server.request(text(step, "user"), step["lines"] as? [String] ?? [], status: step["status"] as? Int ?? 0,
                parts: step["answer"] as? [String] ?? [])
        case "erase":
            try server.erase(text(step, "user"))
        default:
            return false
        }
        return true
    }

    private func playBasic(_ device: Device, _ step: Step, _ what: String) async throws -> Bool {
        let replica = device.replica
        switch what {
        case "write":
            try await write(replica, step)
        case "sync":
            let token = try server.token(device.user)
            let done = try await replica.sync(over: server.transport(), options: .once) { refused in refused ? nil : token }
            told += "sync \(done.sent) \(done.pending) \(done.rows)\n"
        case "expect":
            try await expect(device, step)
        case "name":
            let id = try await firstID(replica, step)
            names.change { $0[step["as"] as? String ?? ""] = id }
        case "reinstate":
            try await replica.reinstate(firstID(replica, step))
        default:
            return false
        }
        return true
    }

    /// Values that name rows of the same transaction can be made in it alone.
    private func run(_ tx: Transaction, _ change: Step) throws {
        if let sql = change["sql"] as? String {
            try tx.execute(sql, values: values(change["values"]))
        } else if let table = change["insert"] as? String {
            let id = try tx.insert(table, cells(change["cells"]))
            names.change { $0[change["as"] as? String ?? ""] = id }
        } else if let table = change["update"] as? String {
            try tx.update(table, id(change["row"]), cells(change["cells"]))
        } else if let table = change["undo"] as? String {
            try tx.undo(table, id(change["row"]), cells(change["cells"]))
        } else if let table = change["delete"] as? String {
            try tx.delete(table, id(change["row"]))
        } else if let table = change["undelete"] as? String {
            try tx.undelete(table, id(change["row"]))
        } else {
            throw Broken("there is no change \(change)")
        }
    }

    private struct Changes: @unchecked Sendable {
        let list: [Step]
    }

    private func write(_ replica: Replica, _ step: Step) async throws {
        let changes = Changes(list: step["changes"] as? [Step] ?? [])
        if step["inferred"] as? Bool == true {
            let kept = try await replica.infer { tx in
                for change in changes.list {
                    try self.run(tx, change)
                }
            }
            told += "inferred \(kept)\n"
        } else {
            try await replica.write { tx in
                for change in changes.list {
                    try self.run(tx, change)
                }
            }
        }
    }

    /// A cell read as the type of what is wanted, and as what it is stored as.
    private func isSame(_ row: Row, _ column: Int, _ wanted: (any ValueConvertible)?) throws -> Bool {
        func read<T: ValueConvertible>(_ type: T) throws -> Value {
            try row.get(column, as: T.self).toValue()
        }
        guard let wanted else {
            return try row.get(column, as: Value.self) == .null
        }
        return try read(wanted) == wanted.toValue()
    }

    private func expect(_ device: Device, _ step: Step) async throws {
        let sql = try text(step, "sql")
        let bound = try values(step["values"])
        let rows = try await device.replica.read { snapshot in try snapshot.query(sql, values: bound).map { try $0.row() } }
        let wanted = try (step["rows"] as? [[Any]] ?? []).map { try $0.map { try value($0) } }
        let isAsWanted = try rows.count == wanted.count && zip(rows, wanted).allSatisfy { row, wanted in
            try row.columns.count == wanted.count && wanted.indices.allSatisfy { try isSame(row, $0, wanted[$0]) }
        }
        guard isAsWanted else {
            throw Broken("\(device.name): \(sql)\nfound: \(rows)\nwanted: \(wanted)")
        }
    }

    private func firstID(_ replica: Replica, _ step: Step) async throws -> UUID {
        let sql = try text(step, "sql")
        let bound = try values(step["values"])
        let id = try await replica.read { snapshot in try snapshot.query(sql, values: bound).first { try $0.get(0, as: UUID.self) } }
        guard let id else {
            throw Broken("\(sql) gives no id")
        }
        return id
    }

    /* ---- The medication day ---- */

    private func sheet(_ step: Step) throws -> Prescription {
        var sheet = try Prescription(patient: id(step["patient"]), patientName: text(step, "patient_name"))
        sheet.diagnosis = step["diagnosis"] as? String
        sheet.startDate = try LocalDate(text(step, "start"))
        sheet.medicines = try (step["medicines"] as? [Step] ?? []).map { from in
            var medicine = try Medicine(text(from, "name"))
            medicine.id = try from["id"].map { try id($0) }
            medicine.nameKhmer = from["name_khmer"] as? String
            medicine.morningDosage = from["morning"] as? String
            medicine.daytimeDosage = from["daytime"] as? String
            medicine.nightDosage = from["night"] as? String
            medicine.isPRN = from["prn"] as? Bool == true
            return medicine
        }
        return sheet
    }

    private func playAct(_ care: Care, _ step: Step, _ what: String) async throws -> Bool {
        let taken = try (step["taken"] as? String).map { Date(microseconds: try Story.micros($0)) }
        let (insist, offline) = (step["insist"] as? Bool == true, step["offline"] as? Bool == true)
        let reason = step["reason"] as? String
        let name = step["as"] as? String ?? ""
        switch what {
        case "prescribe":
            let made = try await care.create(sheet(step), reason: reason)
            names.change { $0[name] = made }
        case "edit":
            told += "version \(try await care.edit(id(step["prescription"]), to: sheet(step), reason: reason ?? ""))\n"
        case "activate": try await care.activate(id(step["prescription"]))
        case "pause": try await care.pause(id(step["prescription"]))
        case "resume": try await care.resume(id(step["prescription"]))
        case "end": try await care.end(id(step["prescription"]))
        case "take":
            let status = try await care.take(id(step["dose"]), at: taken, insist: insist, wasOffline: offline)
            told += "taken \(status.rawValue)\n"
        case "skip": try await care.skip(id(step["dose"]), reason: reason, wasOffline: offline)
        case "undo_dose": try await care.undo(id(step["dose"]))
        case "take_prn":
            let dose = try await care.takeAsNeeded(id(step["medication"]), at: taken, insist: insist, wasOffline: offline)
            names.change { $0[name] = dose }
        default: return false
        }
        return true
    }

    private func playReport(_ care: Care, _ step: Step, _ what: String) async throws -> Bool {
        switch what {
        case "schedule":
            let report = try await care.generateSchedule()
            told += "schedule \(report.made) \(report.moved) \(report.unscheduled)\n"
        case "doses":
            try await doses(care, step)
        case "missed":
            let report = try await care.inferMissed(limit: 1000)
            told += "missed \(report.missed) \(report.hasMore ? 1 : 0)\n"
        case "settings":
            try await settings(care, step)
        case "audit":
            try await audit(care, step)
        default:
            return false
        }
        return true
    }

    private func settings(_ care: Care, _ step: Step) async throws {
        if let zone = step["time_zone"] as? String {
            try await care.set(timeZone: zone)
        }
        if let grace = step["grace"] as? Int {
            try await care.set(graceMinutes: grace)
        }
        if let meals = step["meals"] as? [Any] {
            try await care.setMeals(morning: meals[0] as? String, afternoon: meals[1] as? String, night: meals[2] as? String)
        }
    }

    private func doses(_ care: Care, _ step: Step) async throws {
        guard let date = try LocalDate(text(step, "date")) else {
            throw Broken("no date: \(step)")
        }
        let named = step["as"] as? [String] ?? []
        for (number, dose) in try await care.doses(on: date).enumerated() {
            told += "dose \(dose.id.plain) \(dose.scheduled.plain) \(dose.period.rawValue) \(dose.status.rawValue) "
                + "\(dose.taken?.plain ?? 0) \(dose.wasOffline ? 1 : 0)"
                + spelled(dose.slot, dose.skipReason, dose.medicineName, dose.medicineNameKhmer, dose.dosage) + "\n"
            if number < named.count {
                names.change { $0[named[number]] = dose.id }
            }
        }
    }

    private func audit(_ care: Care, _ step: Step) async throws {
        let words = Words(step["language"] as? String == "km" ? .khmer : .english)
        for entry in try await care.audit(limit: 1000, words: words).entries {
            told += "audit \(entry.time.plain) \(entry.kind) \(entry.isUndone ? 1 : 0) \(entry.isSetAside ? 1 : 0) \(entry.row.plain)"
                + spelled(entry.actorRole, entry.table, entry.details, entry.unit, entry.lost, entry.kept) + " \(entry.sentence)\n"
        }
    }

    /* ---- What a replica holds ---- */

    private func spelled(_ texts: String?...) -> String {
        texts.map { " " + Story.spell($0.map { .text($0) } ?? .null) }.joined()
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func spell(_ value: Value) -> String {
        switch value {
        case .null: return "N"
        case .integer(let number): return "I\(number)"
        case .real(let number):
            let digits = String(number.bitPattern, radix: 16)
            return "R" + String(repeating: "0", count: 16 - digits.count) + digits
        case .text(let text): return "T" + hex(text.utf8)
        case .blob(let data): return "B" + hex(data)
        }
    }

    private static func dump(_ snapshot: Snapshot, _ table: String) throws -> String {
        let sql = "SELECT * FROM \"\(table)\""
        let any = try snapshot.query(sql)
        let order = any.columns.indices.map { String($0 + 1) }.joined(separator: ", ")
        any.close()
        let rows = try snapshot.query("\(sql) ORDER BY \(order)").map { cursor in
            let row = try cursor.row()
            return try row.columns.indices.map { spell(try row.get($0, as: Value.self)) }.joined(separator: "|") + "\n"
        }
        return "table \(table)\n" + rows.joined()
    }

    private func dump(_ replica: Replica) async throws -> String {
        var text = try await replica.read { snapshot in
            try snapshot.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'tern\\_%' ESCAPE '\\' "
                + "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name").map { try $0.get(0, as: String.self) }
                .map { try Story.dump(snapshot, $0) }.joined()
        }
        let entries = try await replica.outbox()
        for entry in entries {
            text += "entry \(entry.ordinal) \(entry.transaction.plain) \(entry.device.plain) \(entry.state.rawValue) "
                + "\(entry.time.plain) \(entry.number) \(entry.changes) \(entry.reason.name)\n"
        }
        for entry in entries {
            text += "changes of \(entry.ordinal)\n"
            do {
                for change in try await replica.changes(ofEntry: entry.ordinal) {
                    text += "change \(change.operation) \(change.table) \(change.row.plain) \(change.unit) \(change.values)\n"
                }
            } catch let error as TernError where error.code == .forbidden {
                text += "FORBIDDEN\n"
            }
        }
        return text
    }

    /// Foundation on Linux has no digest.
    static func hash(_ text: String) throws -> String {
        let child = Process()
        let (into, out) = (Pipe(), Pipe())
        child.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        child.standardInput = into
        child.standardOutput = out
        try child.run()
        DispatchQueue.global().async {
            into.fileHandleForWriting.write(Data(text.utf8))
            try? into.fileHandleForWriting.close()
        }
        let said = out.fileHandleForReading.readDataToEndOfFile()
        child.waitUntilExit()
        return String(decoding: said.prefix(64), as: UTF8.self)
    }
}

extension UUID {
    fileprivate var plain: String {
        uuidString.lowercased()
    }
}

extension Date {
    fileprivate var plain: Int64 {
        microseconds ?? 0
    }
}
