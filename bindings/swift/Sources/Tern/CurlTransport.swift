#if os(Linux)
import Dispatch
import Foundation
internal import CTern

/// HTTPS over the C library's own client: Linux only, as Apple's systems have `URLSessionTransport`.
public final class CurlTransport: HTTPTransport, @unchecked Sendable {
    /// One exchange: what a cancellation finds.
    private final class Exchange: Sendable {}

    private let curl: OpaquePointer
    private let queue = DispatchQueue(label: "tern.curl")
    private let lock = NSLock()
    private var running: Exchange?
    private var cancelled: Set<ObjectIdentifier> = []

    /// - Parameter url: https://host[:port][/prefix]
    /// - Parameter authorities: a PEM file of those to trust, and no others; nil: the system's.
    /// - Parameter pin: base64 of the SHA-256 of the server's public key.
    public init(_ url: String, authorities: String? = nil, pin: String? = nil, backupPin: String? = nil) throws {
        let arena = Arena()
        var options = tern_curl_options()
        options.size = MemoryLayout<tern_curl_options>.size
        options.url = try arena.keep(url)
        options.ca_file = try arena.keep(authorities)
        options.pin = try arena.keep(pin)
        options.backup_pin = try arena.keep(backupPin)
        var handle: OpaquePointer?
        try withExtendedLifetime(arena) { try attempt { tern_curl_open(&options, &handle, $0) } }
        guard let handle else {
            throw TernError(.internal, "no client was made")
        }
        curl = handle
    }

    deinit {
        tern_curl_close(curl)
    }

    private func locked<T>(_ body: () -> T) -> T {
        lock.lock()
        defer { lock.unlock() }
        return body()
    }

    public func exchange(_ request: HTTPRequest) async throws -> HTTPAnswer {
        let exchange = Exchange()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    continuation.resume(with: Result { try self.exchangeNow(request, exchange) })
                }
            }
        } onCancel: {
            locked {
                cancelled.insert(ObjectIdentifier(exchange))
                if running === exchange {
                    tern_curl_cancel(curl)
                }
            }
        }
    }

    private func exchangeNow(_ request: HTTPRequest, _ exchange: Exchange) throws -> HTTPAnswer {
        let isLate = locked {
            running = exchange
            return cancelled.contains(ObjectIdentifier(exchange))
        }
        defer {
            locked {
                running = nil
                if cancelled.remove(ObjectIdentifier(exchange)) != nil {
                    tern_curl_resume(curl)
                }
            }
        }
        if isLate {
            throw TernError(.cancelled, "the exchange was cancelled")
        }
        var port = tern_http_port()
        tern_curl_port(curl, &port)
        var answer = tern_http_answer()
        try request.lend { lent in try attempt { port.exchange(port.context, lent, &answer, $0) } }
        defer { port.release(port.context, &answer) }
        return HTTPAnswer(answer)
    }
}
#endif
