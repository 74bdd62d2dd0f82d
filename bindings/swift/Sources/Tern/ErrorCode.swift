internal import CTern

/// Every way in which a call can fail; what each means stands in tern/error.h. The numbers never change.
public enum ErrorCode: Int32, Sendable, CaseIterable {
    case ok = 0
    case misuse = 1
    case nomem = 2
    case cancelled = 3
    case `internal` = 4
    case io = 10
    case diskFull = 11
    case readOnly = 12
    case corrupt = 13
    case notAReplica = 14
    case busy = 15
    case formatNewer = 16
    case wrongUser = 17
    case schema = 20
    case schemaOlder = 21
    case schemaIncompatible = 22
    case unknownTable = 30
    case unknownColumn = 31
    case type = 32
    case notNull = 33
    case length = 34
    case range = 35
    case format = 36
    case `enum` = 37
    case unique = 38
    case foreignKey = 39
    case notFound = 40
    case exists = 41
    case deleted = 42
    case appendOnly = 43
    case immutable = 44
    case naturalKey = 45
    case outranked = 46
    case scope = 47
    case tooLarge = 48
    case sql = 49
    case check = 50
    case forbidden = 60
    case unauthorized = 61
    case network = 70
    case timeout = 71
    case tls = 72
    case tlsPin = 73
    case http = 74
    case `protocol` = 75
    case tooDeep = 76
    case notUtf8 = 77
    case unavailable = 78
    case epochChanged = 80
    case deviceCloned = 81
    case upgradeRequired = 82
    case txIdReused = 83
    case dependencyRejected = 84
    case cursor = 85
    case cannotUpcast = 86
    case erased = 87

    /// A number that this version of the binding does not know is an internal error.
    init(_ status: tern_status) {
        self = ErrorCode(rawValue: Int32(status.rawValue)) ?? .internal
    }

    var status: tern_status {
        tern_status(rawValue: UInt32(rawValue))
    }

    /// The stable upper-case name, such as "FOREIGN_KEY".
    public var name: String {
        String(cString: tern_status_code(status))
    }

    /// Whether trying again later, with nothing changed, can help.
    public var isRetryable: Bool {
        tern_status_is_retryable(status)
    }
}
