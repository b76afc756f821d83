extension GatewayError.Code {
    /// The request breaks RFC 9112 or RFC 9110.
    public static let badRequest = Self("request/malformed")
    /// The request line is longer than the limit.
    public static let requestLineTooLong = Self("request/line-too-long")
    /// The header or trailer section is larger than the limit.
    public static let fieldsTooLarge = Self("request/fields-too-large")
    /// The body is larger than the limit.
    public static let bodyTooLarge = Self("request/body-too-large")
    /// A method that no resource here has.
    public static let unknownMethod = Self("request/unknown-method")
    /// A method that this resource does not have.
    public static let methodNotAllowed = Self("request/method-not-allowed")
    /// A transfer coding other than `chunked`.
    public static let unsupportedCoding = Self("request/unsupported-coding")
    /// A version other than HTTP/1.0 and HTTP/1.1.
    public static let unsupportedVersion = Self("request/unsupported-version")
    /// An `Expect` other than `100-continue`.
    public static let expectationFailed = Self("request/expectation-failed")
    /// The request did not arrive in time.
    public static let requestTimeout = Self("request/timeout")
    /// The client may not see this page.
    public static let forbidden = Self("request/forbidden")
    /// `If-Match` named another version.
    public static let preconditionFailed = Self("request/precondition-failed")
    /// No asked-for range lies inside the content.
    public static let rangeNotSatisfiable = Self("request/range-not-satisfiable")

    /// No app has this name.
    public static let appUnknown = Self("app/unknown")
    /// The app exists but cannot be served by this node yet.
    public static let appUnavailable = Self("app/unavailable")
    /// The site or the node has nothing at this path.
    public static let notFound = Self("content/not-found")
    /// Nobody that this node knows has the blob.
    public static let blobNotFound = Self("blob/not-found")
    /// The blob is known but its bytes could not be fetched.
    public static let blobUnreachable = Self("blob/unreachable")
    /// A blob's bytes do not have the shape that its manifest or its own length promises.
    public static let blobMismatch = Self("blob/mismatch")

    /// The function's answer is no valid HTTP response.
    public static let functionBadResponse = Self("function/bad-response")
    /// The function's workers have no room.
    public static let functionOverloaded = Self("function/overloaded")

    /// No machine of the app can be reached.
    public static let machineUnavailable = Self("machine/unavailable")
    /// The machine did not start while the request waited for it, or too many wait already.
    public static let machineStarting = Self("machine/starting")
    /// The app's machines have as many requests as they take.
    public static let machineOverloaded = Self("machine/overloaded")
    /// The machine did not answer in time.
    public static let machineTimeout = Self("machine/timeout")
    /// The machine's answer is no valid HTTP response, or broke off.
    public static let machineBadResponse = Self("machine/bad-response")

    /// This node has no room for the request.
    public static let overloaded = Self("node/overloaded")
    /// This node is still starting.
    public static let notReady = Self("node/not-ready")
    /// The answer took longer than the limit.
    public static let answerTimeout = Self("node/answer-timeout")
    /// The client wants only what is stored, and nothing fits.
    public static let onlyIfCached = Self("cache/only-if-cached")
    /// A fault of this node.
    public static let internalError = Self("node/internal")
    /// The listening socket cannot be opened.
    public static let cannotListen = Self("node/cannot-listen")
    /// The gateway is asked to start twice, or after its shutdown.
    public static let wrongState = Self("node/wrong-state")
}

extension GatewayError {
    /// The one table from codes to HTTP status codes. A code that is not in it answers by its origin.
    private static let statuses: [Code: Int] = [
        .badRequest: 400, .forbidden: 403, .methodNotAllowed: 405, .requestTimeout: 408, .preconditionFailed: 412,
        .bodyTooLarge: 413, .requestLineTooLong: 414, .rangeNotSatisfiable: 416, .expectationFailed: 417,
        .fieldsTooLarge: 431, .unknownMethod: 501, .unsupportedCoding: 501, .unsupportedVersion: 505,
        .appUnknown: 404, .appUnavailable: 503, .notFound: 404,
        .blobNotFound: 404, .blobUnreachable: 502, .blobMismatch: 502,
        .functionBadResponse: 502, .functionOverloaded: 503,
        Code("function/exception"): 500, Code("function/cpu-limit"): 504, Code("function/wall-limit"): 504,
        Code("function/memory-limit"): 500, Code("function/body-too-large"): 502, Code("function/load-failed"): 502,
        Code("function/crashed"): 502, Code("function/worker-missing"): 503,
        Code("function/secret-missing"): 503, Code("function/unreachable"): 503, Code("function/release-unknown"): 503,
        .machineUnavailable: 503, .machineStarting: 503, .machineOverloaded: 503, .machineTimeout: 504,
        .machineBadResponse: 502,
        .overloaded: 503, .notReady: 503, .answerTimeout: 504, .onlyIfCached: 504, .internalError: 500,
    ]

    /// Seconds after which a client may try again, for failures that pass by themselves.
    private static let retries: [Code: Int] = [
        .machineUnavailable: 1, .machineStarting: 1, .machineOverloaded: 1,
        .overloaded: 1, .functionOverloaded: 1, .appUnavailable: 2, .notReady: 2,
        Code("function/worker-missing"): 5, Code("function/unreachable"): 1, Code("function/release-unknown"): 1,
    ]

    /// The status code that a client sees, 400 to 599.
    public var status: Int {
        if let status = givenStatus ?? GatewayError.statuses[code] { return status }
        return switch origin {
        case .client: 400
        case .origin, .peer: 502
        case .node: 500
        }
    }

    /// The value of `Retry-After` in seconds; nil when trying again would not help.
    public var retryAfterSeconds: Int? { givenRetryAfter ?? GatewayError.retries[code] }

    /// Any error as one that may be shown to a client.
    static func wrapping(_ error: any Error) -> GatewayError {
        (error as? GatewayError)
            ?? GatewayError(.internalError, "This node failed to answer; its log says why", origin: .node)
    }

    static func malformed(_ message: String) -> GatewayError {
        GatewayError(.badRequest, message, origin: .client)
    }
}
