// What the binding costs: Bench FOLDER SCHEMA ROWS ROUNDS. Each side works on a replica of its own in the same process, one
// right after the other, in turn first and second; a figure is the median of the rounds, after rounds that warm up.
import Dispatch
import Foundation
import Same
import Tern

let warmRounds = 2
let scan = String(cString: same_scan)
let insert = String(cString: same_insert)

struct Wrong: Error {}

func check(_ isRight: Bool) throws {
    if !isRight {
        throw Wrong()
    }
}

func seconds(_ side: () async throws -> Void) async throws -> Double {
    let begin = DispatchTime.now().uptimeNanoseconds
    try await side()
    return Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
}

/// Both sides' seconds.
func pair(_ round: Int, swift: () async throws -> Void, c: () async throws -> Void) async throws -> (Double, Double) {
    if round % 2 == 0 {
        let one = try await seconds(swift)
        return (one, try await seconds(c))
    }
    let other = try await seconds(c)
    return (try await seconds(swift), other)
}

func figure(_ name: String, _ values: [Double], _ unit: String) {
    let padded = name.padding(toLength: 32, withPad: " ", startingAt: 0)
    print(padded + " " + String(format: "%.3f", values.sorted()[values.count / 2]) + " " + unit)
}

func id(_ number: Int) -> UUID {
    var bytes = [UInt8](repeating: 0, count: 16)
    withUnsafeBytes(of: UInt64(number).bigEndian) { bytes.replaceSubrange(8..., with: $0) }
    return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
}

func write(_ replica: Replica, _ first: Int, _ count: Int) async throws {
    try await replica.write { tx in
        for number in first..<first + count {
            try tx.execute(insert, id(number), "Dara", "Sok", "Sok Dara", number)
        }
    }
}

/// Makes a Swift value of every cell.
func read(_ replica: Replica) async throws -> Int {
    try await replica.read { snapshot in
        let cursor = try snapshot.query(scan)
        var sum = 0
        while try cursor.next() {
            sum += try cursor.get(0, as: UUID?.self) == nil ? 1 : 16
            for column in 1..<7 {
                sum += try cursor.get(column, as: String?.self)?.utf8.count ?? 1
            }
            sum += try cursor.get(7, as: Date.self).microseconds.map { Int($0) } ?? 1
            sum += try cursor.get(8, as: Int.self)
            sum += try cursor.get(9, as: String?.self)?.utf8.count ?? 1
        }
        return sum
    }
}

struct User: Decodable, Sendable {
    let id: UUID
    let role: String
    let firstName, lastName, fullName, gender, dateOfBirth: String?
    let createdAt: Date
    let gracePeriodMinutes: Int
    let timeZone: String?
}

func open(_ name: String) async throws -> (Replica, OpaquePointer) {
    let schema = try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[2]))
    let path = CommandLine.arguments[1] + "/" + name
    let replica = try await Replica(path: path + ".db", schema: schema, user: id(1))
    guard let c = schema.withUnsafeBytes({ same_open(path + "-c.db", $0.baseAddress, $0.count) }) else {
        throw Wrong()
    }
    return (replica, c)
}

let rows = Int(CommandLine.arguments[3])!
let rounds = Int(CommandLine.arguments[4])!

var ratios: [Double] = []
for round in -warmRounds..<rounds {
    let (replica, c) = try await open("write\(round + warmRounds)")
    let (one, other) = try await pair(round, swift: { try await write(replica, 1, rows) },
        c: { try check(same_write(c, 1, Int64(rows))) })
    try await replica.close()
    same_close(c)
    if round >= 0 {
        ratios.append(one / other)
    }
}
figure("swift_write_x", ratios, "x")

let (replica, c) = try await open("read")
try await write(replica, 1, rows)
try check(same_write(c, 1, Int64(rows)))
let expected = Int(same_read(c))
ratios = []
var micros: [Double] = []
for round in -warmRounds..<rounds {
    let (one, other) = try await pair(round, swift: { try check(await read(replica) == expected) },
        c: { try check(same_read(c) == Int64(expected)) })
    if round >= 0 {
        ratios.append(one / other)
        micros.append(one * 1e6 / Double(rows))
    }
}
figure("swift_read_x", ratios, "x")
figure("swift_read_row_us", micros, "us")

ratios = []
for round in -warmRounds..<rounds {
    let (one, other) = try await pair(round, swift: { try check(await replica.query(User.self, scan).count == rows) },
        c: { try check(same_read(c) == Int64(expected)) })
    if round >= 0 {
        ratios.append(one / other)
    }
}
figure("swift_decode_x", ratios, "x")
try await replica.close()
same_close(c)
