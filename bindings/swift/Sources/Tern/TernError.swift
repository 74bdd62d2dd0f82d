internal import CTern

/// The one error that this package throws. Its message is for developers; it names tables, columns and limits, never a
/// value of a row and never a token.
public struct TernError: Error, Sendable, CustomStringConvertible {
    public let code: ErrorCode
    public let message: String
    /// Of a medication call: what stood in the way, with its numbers. `Words.problem` says it to a person.
    public let problem: Problem
    public let first: Int64
    public let second: Int64
    /// What the app's own code (a transport, a port) had thrown.
    public let underlying: (any Error)?

    /// For transports and ports of the app's own.
    public init(_ code: ErrorCode, _ message: String, underlying: (any Error)? = nil) {
        self.init(code, message, problem: .none, first: 0, second: 0, underlying: underlying)
    }

    init(_ code: ErrorCode, _ message: String, problem: Problem, first: Int64, second: Int64, underlying: (any Error)?) {
        self.code = code
        self.message = message
        self.problem = problem
        self.first = first
        self.second = second
        self.underlying = underlying
    }

    func caused(by cause: (any Error)?) -> TernError {
        TernError(code, message, problem: problem, first: first, second: second, underlying: cause)
    }

    public var isRetryable: Bool {
        code.isRetryable
    }

    public var description: String {
        "\(problem == .none ? code.name : problem.name): \(message)"
    }

    static func misuse(_ message: String) -> TernError {
        TernError(.misuse, message)
    }
}

/// The text of a buffer of the library's: UTF-8, NUL-terminated.
func text<T>(of buffer: T) -> String {
    withUnsafeBytes(of: buffer) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

/// Runs a call of the library, and throws what it says.
func attempt(_ body: (UnsafeMutablePointer<tern_error>) -> tern_status) throws {
    var error = tern_error()
    let status = body(&error)
    if status != TERN_OK {
        throw TernError(ErrorCode(status), text(of: error.message))
    }
}
