import Foundation
internal import CTern

/// Carries the requests of syncs: one POST after the other for each sync.
public protocol HTTPTransport: Sendable {
    /// Any HTTP status is an answer; redirects are not followed. Fails with a `TernError` (NETWORK, TIMEOUT, TLS, TLS_PIN,
    /// TOO_LARGE) or a `URLError`; any other error ends the sync and is thrown from it. Cancelled with its task.
    func exchange(_ request: HTTPRequest) async throws -> HTTPAnswer
}

/// One POST, below the server's base URL.
public struct HTTPRequest: Sendable {
    /// Such as "/v1/sync".
    public let path: String
    public let contentType: String
    /// Content-Encoding to send, for the body is in it already.
    public let bodyCoding: String?
    /// Accept-Encoding to send.
    public let acceptCodings: String
    public let token: String?
    public let body: Data
    /// Longest answer body as it travels; a longer one is TOO_LARGE.
    public let answerLimit: Int
    /// Seconds, for the whole exchange.
    public let timeout: TimeInterval

    /// For tests of a transport.
    public init(path: String, contentType: String, bodyCoding: String? = nil, acceptCodings: String = "gzip",
        token: String? = nil, body: Data = Data(), answerLimit: Int = 1 << 20, timeout: TimeInterval = 60) {
        self.path = path
        self.contentType = contentType
        self.bodyCoding = bodyCoding
        self.acceptCodings = acceptCodings
        self.token = token
        self.body = body
        self.answerLimit = answerLimit
        self.timeout = timeout
    }

    init(_ request: tern_http_request) {
        path = String(cString: request.path)
        contentType = String(cString: request.content_type)
        bodyCoding = request.body_coding.map { String(cString: $0) }
        acceptCodings = request.accept_codings.map { String(cString: $0) } ?? "gzip"
        token = request.token.map { String(cString: $0) }
        body = request.body.map { Data(bytes: $0, count: request.body_size) } ?? Data()
        answerLimit = request.answer_limit_bytes
        timeout = TimeInterval(request.timeout_ms) / 1000
    }

    func lend<T>(_ body: (UnsafePointer<tern_http_request>) throws -> T) throws -> T {
        let arena = Arena()
        var request = tern_http_request()
        request.path = try arena.keep(path)
        request.content_type = try arena.keep(contentType)
        request.body_coding = try arena.keep(bodyCoding)
        request.accept_codings = try arena.keep(acceptCodings)
        request.token = try arena.keep(token)
        let bytes = try arena.keep(Value.blob(self.body))
        request.body = bytes.data
        request.body_size = bytes.size
        request.answer_limit_bytes = answerLimit
        request.timeout_ms = Int64(milliseconds: timeout)
        return try withExtendedLifetime(arena) { try body(&request) }
    }
}

/// What came back, whatever its status.
public struct HTTPAnswer: Sendable {
    public let status: Int
    public let body: Data
    /// The body is handed over as it arrived, in one of the codings that were asked for.
    public let isCoded: Bool
    public let isProblem: Bool
    /// Seconds.
    public let retryAfter: TimeInterval?

    /// - Parameter contentEncoding: what `body` is still in; nil where the platform has decoded it.
    /// - Parameter contentType: the header's.
    /// - Parameter retryAfter: the header's.
    public init(status: Int, body: Data, contentEncoding: String? = nil, contentType: String? = nil,
        retryAfter: String? = nil) {
        self.status = status
        self.body = body
        isCoded = contentEncoding.map { !$0.isEmpty && $0.lowercased() != "identity" } ?? false
        isProblem = contentType?.lowercased().hasPrefix("application/problem+json") ?? false
        self.retryAfter = retryAfter.flatMap(HTTPAnswer.seconds)
    }

    init(_ answer: tern_http_answer) {
        status = Int(answer.status)
        body = answer.body.map { Data(bytes: $0, count: answer.body_size) } ?? Data()
        isCoded = answer.body_is_coded
        isProblem = answer.is_problem
        retryAfter = answer.retry_after_ms < 0 ? nil : TimeInterval(answer.retry_after_ms) / 1000
    }

    /// Seconds, or a date of HTTP.
    private static func seconds(_ header: String) -> TimeInterval? {
        let text = header.trimmingCharacters(in: .whitespaces)
        if let seconds = UInt32(text) {
            return TimeInterval(seconds)
        }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: text).map { max(0, $0.timeIntervalSinceNow) }
    }

    func lend<T>(_ call: (UnsafePointer<tern_http_answer>) throws -> T) rethrows -> T {
        try body.withUnsafeBytes { bytes in
            var answer = tern_http_answer()
            answer.status = Int32(clamping: status)
            answer.body_is_coded = isCoded
            answer.is_problem = isProblem
            answer.retry_after_ms = retryAfter.map { Int64(milliseconds: $0) } ?? -1
            answer.body = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            answer.body_size = bytes.count
            return try call(&answer)
        }
    }
}
