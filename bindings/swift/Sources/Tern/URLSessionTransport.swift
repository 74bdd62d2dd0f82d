import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

extension TernError {
    /// A failure of URLSession by what it is.
    init(_ error: URLError) {
        let code: ErrorCode
        switch error.code {
        case .cancelled: code = .cancelled
        case .timedOut: code = .timeout
        case .secureConnectionFailed, .serverCertificateHasBadDate, .serverCertificateUntrusted,
            .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid, .clientCertificateRejected,
            .clientCertificateRequired:
            code = .tls
        default: code = .network
        }
        self.init(code, "the exchange failed", underlying: error)
    }
}

/// HTTPS over URLSession: follows no redirect, keeps no cookies, caches nothing.
public final class URLSessionTransport: HTTPTransport {
    /// Judges the server in the platform's stead, to pin its key: `.performDefaultHandling`, or a cancellation, which the sync
    /// is told of as TLS_PIN. See docs/ios.md.
    public typealias Trust = @Sendable (URLAuthenticationChallenge) -> (URLSession.AuthChallengeDisposition, URLCredential?)

    private let base: URL
    private let session: URLSession
    private let trust: Trust?

    /// - Parameter url: https://host[:port][/prefix]
    public convenience init(_ url: URL, trust: Trust? = nil) throws {
        guard url.scheme?.lowercased() == "https" else {
            throw TernError(.tls, "the URL is not https")
        }
        self.init(unchecked: url, trust: trust)
    }

    /// Of any scheme: for tests against the loopback.
    init(unchecked url: URL, trust: Trust? = nil) {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpCookieStorage = nil
        configuration.urlCache = nil
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        base = url
        self.trust = trust
        session = URLSession(configuration: configuration, delegate: URLSessionDriver(), delegateQueue: nil)
    }

    deinit {
        session.invalidateAndCancel()
    }

    public func exchange(_ request: HTTPRequest) async throws -> HTTPAnswer {
        guard let url = URL(string: base.absoluteString.hasSuffix("/")
            ? String(base.absoluteString.dropLast()) + request.path : base.absoluteString + request.path),
            let driver = session.delegate as? URLSessionDriver
        else {
            throw TernError.misuse("the URL is malformed")
        }
        // What the answer may be coded in is left to URLSession, which decodes it as well.
        var post = URLRequest(url: url, timeoutInterval: request.timeout)
        post.httpMethod = "POST"
        post.setValue(request.contentType, forHTTPHeaderField: "Content-Type")
        if let coding = request.bodyCoding {
            post.setValue(coding, forHTTPHeaderField: "Content-Encoding")
        }
        if let token = request.token {
            post.setValue("Bearer " + token, forHTTPHeaderField: "Authorization")
        }
        post.httpBody = request.body
        let task = session.dataTask(with: post)
        let deadline = Task {
            try await Task.sleep(nanoseconds: UInt64(max(0, min(request.timeout, 86_400)) * 1e9))
            driver.end(task, TernError(.timeout, "the exchange took too long"))
        }
        defer {
            deadline.cancel()
            driver.forget(task)
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                driver.begin(task, limit: request.answerLimit, trust: trust, continuation)
                task.resume()
            }
        } onCancel: {
            driver.end(task, TernError(.cancelled, "the exchange was cancelled"))
        }
    }
}

/// What the session's delegate knows of each exchange.
private final class URLSessionDriver: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private struct Running {
        let limit: Int
        let trust: URLSessionTransport.Trust?
        let continuation: CheckedContinuation<HTTPAnswer, any Error>
        var body = Data()
    }

    private let lock = NSLock()
    private var running: [Int: Running] = [:]
    private var ended: [Int: TernError] = [:]

    private func locked<T>(_ body: () -> T) -> T {
        lock.lock()
        defer { lock.unlock() }
        return body()
    }

    func begin(_ task: URLSessionTask, limit: Int, trust: URLSessionTransport.Trust?,
        _ continuation: CheckedContinuation<HTTPAnswer, any Error>) {
        let failure = locked { () -> TernError? in
            let failure = ended.removeValue(forKey: task.taskIdentifier)
            if failure == nil {
                running[task.taskIdentifier] = Running(limit: limit, trust: trust, continuation: continuation)
            }
            return failure
        }
        if let failure {
            continuation.resume(throwing: failure)
        }
    }

    /// What came too late for it is not kept.
    func forget(_ task: URLSessionTask) {
        locked { ended[task.taskIdentifier] = nil }
    }

    /// Ends an exchange early, also one that has not begun. It does not wait for the session to agree: what the session says of
    /// the task afterwards finds nobody.
    func end(_ task: URLSessionTask, _ failure: TernError) {
        let one = locked { () -> Running? in
            guard let one = running.removeValue(forKey: task.taskIdentifier) else {
                ended[task.taskIdentifier] = failure
                return nil
            }
            return one
        }
        one?.continuation.resume(throwing: failure)
        task.cancel()
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let isTooLarge = locked {
            guard var one = running.removeValue(forKey: dataTask.taskIdentifier) else {
                return false
            }
            one.body.append(data)
            running[dataTask.taskIdentifier] = one
            return one.body.count > one.limit // decoded, of which the library takes no more either
        }
        if isTooLarge {
            end(dataTask, TernError(.tooLarge, "the answer is longer than was asked for"))
        }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void) {
        completionHandler(nil)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void) {
        guard let trust = locked({ running[task.taskIdentifier]?.trust }) else {
            return completionHandler(.performDefaultHandling, nil)
        }
        let (disposition, credential) = trust(challenge)
        if disposition == .cancelAuthenticationChallenge {
            end(task, TernError(.tlsPin, "the server was not trusted"))
        }
        completionHandler(disposition, credential)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        guard let one = locked({ running.removeValue(forKey: task.taskIdentifier) }) else {
            return
        }
        if let error {
            let failure = (error as? URLError).map { TernError($0) }
            one.continuation.resume(throwing: failure ?? TernError(.network, "the exchange failed", underlying: error))
        } else if let response = task.response as? HTTPURLResponse {
            one.continuation.resume(returning: HTTPAnswer(
                status: response.statusCode, body: one.body,
                contentType: response.value(forHTTPHeaderField: "Content-Type"),
                retryAfter: response.value(forHTTPHeaderField: "Retry-After")))
        } else {
            one.continuation.resume(throwing: TernError(.http, "the answer is no HTTP"))
        }
    }
}
