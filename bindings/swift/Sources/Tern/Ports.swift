import Foundation
internal import CTern

/// What the app may supply in place of the platform's. All of it is called inside calls, on their threads.
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
    /// One line, without health data and without tokens.
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
final class PortsContext {
    private let ports: Ports
    /// What a zone function has thrown during a medication call, of which there is one at a time.
    var zoneFailure: (status: tern_status, error: any Error)?

    init(_ ports: Ports) {
        self.ports = ports
    }

    private static func own(_ context: UnsafeMutableRawPointer?) -> PortsContext {
        Unmanaged<PortsContext>.fromOpaque(context!).takeUnretainedValue()
    }

    private static func ports(_ context: UnsafeMutableRawPointer?) -> Ports {
        own(context).ports
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
                wall_us: { PortsContext.ports($0).clock?.wallMicroseconds() ?? 0 },
                monotonic_us: { PortsContext.ports($0).clock?.monotonicMicroseconds() ?? 0 },
                boot_id: { $1?.pointee = tern_id(PortsContext.ports($0).clock?.bootID() ?? UUID(tern_id())) })
        }
        filled.random = tern_random_port(context: context) { context, buffer, size in
            guard let bytes = PortsContext.ports(context).random(size), bytes.count == size else {
                return false
            }
            bytes.copyBytes(to: UnsafeMutableRawBufferPointer(start: buffer, count: size))
            return true
        }
        if ports.log != nil {
            filled.log = tern_log_port(context: context) { context, level, message in
                let level = Ports.LogLevel(rawValue: Int32(level.rawValue)) ?? .debug
                PortsContext.ports(context).log?(level, message.map { String(cString: $0) } ?? "")
            }
        }
        return filled
    }

    func zones(_ context: UnsafeMutableRawPointer) -> tern_zone_port {
        tern_zone_port(context: context) { context, zone, moment, offset, error in
            do {
                let name = zone.map { String(cString: $0) } ?? ""
                guard let seconds = try PortsContext.ports(context).zoneOffset(name, Date(microseconds: moment)) else {
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
