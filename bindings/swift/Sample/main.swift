// A dose tracker on the command line: tern-day FILE SCHEMA USER URL CA-FILE TOKEN-FILE, then commands line by line.
import Foundation
import Tern

/// An app of a public server uses `URLSessionTransport(url)`; here one authority is trusted.
func transport(_ url: String, _ authority: String) throws -> any HTTPTransport {
    #if os(Linux)
    return try CurlTransport(url, authorities: authority)
    #else
    return try URLSessionTransport(URL(string: url)!)
    #endif
}

func numbered<T>(_ list: [T], _ words: [Substring]) throws -> T {
    guard words.count == 2, let number = Int(words[1]), list.indices.contains(number - 1) else {
        throw TernError(.notFound, "there is no such number")
    }
    return list[number - 1]
}

func obey(_ words: [Substring], _ model: DayModel) async throws {
    switch words.first {
    case "today":
        for (index, dose) in try await model.today().enumerated() {
            print("\(index + 1). \(dose.reminderTime ?? "--:--") \(dose.medicineName ?? "") \(dose.status)")
        }
        print("\(try await model.waiting()) to be sent")
    case "take":
        print(try await model.take(numbered(model.today(), words).id))
    case "skip":
        try await model.skip(numbered(model.today(), words).id)
        print("skipped")
    case "sync":
        let progress = try await model.sync()
        print("sent \(progress.sent), \(progress.pending) to be sent, received \(progress.rows) rows")
    case "conflicts":
        for conflict in try await model.conflicts() {
            print("lost \(conflict.lostValues), kept \(conflict.keptValues)")
        }
    case "reinstate":
        try await model.reinstate(numbered(model.conflicts(), words))
        print("reinstated")
    default:
        print("no such command")
    }
}

let arguments = CommandLine.arguments.dropFirst().map { $0 }
guard arguments.count == 6, let user = UUID(uuidString: arguments[2]) else {
    print("usage: tern-day FILE SCHEMA USER URL CA-FILE TOKEN-FILE")
    exit(2)
}
let token = try String(contentsOfFile: arguments[5], encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
let replica = try await Replica(path: arguments[0], schema: Data(contentsOf: URL(fileURLWithPath: arguments[1])), user: user)
let model = DayModel(replica: replica, transport: try transport(arguments[3], arguments[4])) { refused in
    refused ? nil : token
}
print("today, take N, skip N, sync, conflicts, reinstate N, quit")
while let line = readLine(), line != "quit" {
    do {
        try await obey(line.split(separator: " "), model)
    } catch let error as TernError {
        print(Words(.english).problem(error))
    }
}
try await replica.close()
