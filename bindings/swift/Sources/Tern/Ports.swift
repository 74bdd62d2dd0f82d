import Foundation
internal import CTern

/// What the app may supply in place of the platform's. Clock, randomness and zones are asked inside calls, on their threads and
/// under the library's lock: a call of the library that they make, or a task that they begin and wait for, is MISUSE.
/// For others who call it, as a `Task.detached`, they must not wait: those wait for that lock.
public struct Ports: Sendable {
    public struct Clock: Sendable {
        public var wallMicroseconds: @Sendable () -> Int64
        /// Of this boot, counting while the machine sleeps; it never runs back.
        public var monotonicMicroseconds: @Sendable () -> Int64
        public var bootID: @Sendable () -> UUID

        public init(wallMicroseconds: @escaping @Sendable () -> Int64,
            monotonicMicroseconds: @escaping @Sendable () -> Int64, bootID: @escaping @Sendable () -> UUID) {
            self.wallMicroseconds = wallMicroseconds
            self.monotonicMicroseconds = monotonicMicroseconds
            self.bootID = bootID
        }
    }

    public enum LogLevel: Int32, Sendable {
        case error = 1
        case warning = 2
        case info = 3
        case debug = 4
    }

    /// Nil: the system's.
    public var clock: Clock?
    /// Bytes fit for keys; nil where there are none to be had. By default the system's.
    public var random: @Sendable (_ count: Int) -> Data? = { count in
        var generator = SystemRandomNumberGenerator()
        return Data((0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }
    /// One line, without health data and without tokens: told in the task of the call that it comes of, once that call, or the
    /// step of a sync, is over and no lock is held. It may call the library; what its own calls would log is left out.
    public var log: (@Sendable (LogLevel, String) -> Void)?
    /// Seconds east of UTC of an IANA zone at a moment; nil: there is no such zone. By default Foundation's.
    public var zoneOffset: @Sendable (_ zone: String, _ moment: Date) throws -> Int? = { zone, moment in
        isIANAName(zone) ? TimeZone(identifier: zone)?.secondsFromGMT(for: moment) : nil
    }

    private static let abbreviations = Set(TimeZone.abbreviationDictionary.keys).subtracting(["UTC", "GMT"])

    /// Foundation knows more names than there are zones, such as "PST" and "GMT+7".
    private static func isIANAName(_ zone: String) -> Bool {
        let isOffset = (zone.hasPrefix("GMT") || zone.hasPrefix("UTC")) && zone.utf8.count > 3
        return !isOffset && !abbreviations.contains(zone)
    }

    public init() {}
}

/// Keeps the app's closures for the library, which calls them until tern_replica_close and tern_care_close have returned.
final class PortsContext: @unchecked Sendable {
    /// What one call logs more than this is left out.
    private static let linesMost = 1000

    private let ports: Ports
    private let lock = NSLock()
    private var lines: [(Ports.LogLevel, String)] = []
    /// What a zone function has thrown during a medication call, of which there is one at a time.
    var zoneFailure: (status: tern_status, error: any Error)?

    init(_ ports: Ports) {
        self.ports = ports
    }

    private static func own(_ context: UnsafeMutableRawPointer?) -> PortsContext {
        Unmanaged<PortsContext>.fromOpaque(context!).takeUnretainedValue()
    }

    /// Asks a port, which may not call the library meanwhile.
    private static func ask<T>(_ context: UnsafeMutableRawPointer?, _ body: (Ports) throws -> T) rethrows -> T {
        let ports = own(context).ports
        return try Upcall.inPort { try body(ports) }
    }

    private func keep(_ level: Ports.LogLevel, _ line: String) {
        lock.lock()
        defer { lock.unlock() }
        if lines.count < PortsContext.linesMost {
            lines.append((level, line))
        }
    }

    /// What tells the log the lines since the last time; nil where there are none.
    func takeLines() -> (@Sendable () -> Void)? {
        lock.lock()
        defer { lock.unlock() }
        guard let log = ports.log, !lines.isEmpty else {
            return nil
        }
        let taken = lines
        lines = []
        return {
            Upcall.inLog {
                taken.forEach { log($0.0, $0.1) }
            }
        }
    }

    /// Runs a medication call; where a zone function's throw failed it, that is its cause.
    func withZones<T>(_ body: () throws -> T) throws -> T {
        zoneFailure = nil
        defer { zoneFailure = nil }
        do {
            return try body()
        } catch let error as TernError {
            throw zoneFailure?.status == error.code.status ? error.caused(by: zoneFailure?.error) : error
        }
    }

    func filled(_ context: UnsafeMutableRawPointer) -> tern_ports {
        var filled = tern_ports()
        filled.size = MemoryLayout<tern_ports>.size
        tern_posix_clock(&filled.clock)
        if ports.clock != nil {
            filled.clock = tern_clock_port(
                context: context,
                wall_us: { PortsContext.ask($0) { $0.clock?.wallMicroseconds() ?? 0 } },
                monotonic_us: { PortsContext.ask($0) { $0.clock?.monotonicMicroseconds() ?? 0 } },
                boot_id: { context, id in
                    id?.pointee = tern_id(PortsContext.ask(context) { $0.clock?.bootID() ?? UUID(tern_id()) })
                })
        }
        filled.random = tern_random_port(context: context) { context, buffer, size in
            guard let bytes = PortsContext.ask(context, { $0.random(size) }), bytes.count == size else {
                return false
            }
            bytes.copyBytes(to: UnsafeMutableRawBufferPointer(start: buffer, count: size))
            return true
        }
        if ports.log != nil {
            filled.log = tern_log_port(context: context) { context, level, message in
                let level = Ports.LogLevel(rawValue: Int32(level.rawValue)) ?? .debug
                PortsContext.own(context).keep(level, message.map { String(cString: $0) } ?? "")
            }
        }
        return filled
    }

    func zones(_ context: UnsafeMutableRawPointer) -> tern_zone_port {
        tern_zone_port(context: context) { context, zone, moment, offset, error in
            do {
                let name = zone.map { String(cString: $0) } ?? ""
                let date = Date(microseconds: moment)
                guard let seconds = try PortsContext.ask(context, { try $0.zoneOffset(name, date) }) else {
                    return TERN_ERR_NOT_FOUND
                }
                offset?.pointee = Int32(clamping: seconds)
                return TERN_OK
            } catch {
                let status = (error as? TernError)?.code.status ?? TERN_ERR_IO
                PortsContext.own(context).zoneFailure = (status, error)
                return status
            }
        }
    }
}

/// A call up into the app's code while it runs, known to the tasks that are begun in it as well.
final class Upcall: @unchecked Sendable {
    @TaskLocal private static var port: Upcall?
    @TaskLocal private static var log: Upcall?

    private let lock = NSLock()
    private var isRunning = true

    private var runs: Bool {
        lock.lock()
        defer { lock.unlock() }
        return isRunning
    }

    private func end() {
        lock.lock()
        defer { lock.unlock() }
        isRunning = false
    }

    static func inPort<T>(_ body: () throws -> T) rethrows -> T {
        let call = Upcall()
        defer { call.end() }
        return try $port.withValue(call, operation: body)
    }

    static func inLog(_ body: () -> Void) {
        let call = Upcall()
        defer { call.end() }
        $log.withValue(call, operation: body)
    }

    /// Whether this is the doing of a port that waits under the library's lock.
    static var isOfPort: Bool {
        port?.runs ?? false
    }

    /// Whether this is the doing of the log, whose lines would go on for ever.
    static var isOfLog: Bool {
        log?.runs ?? false
    }
}
