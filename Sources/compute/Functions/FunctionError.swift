/// Why a function gave no answer, or why its code cannot be used.
public struct FunctionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What happened. New codes may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The stable name that callers and developers see.
        public let rawValue: String
        /// Wraps a name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The function threw, or one of its promises was rejected unhandled.
        public static let exception = Code(rawValue: "function/exception")
        /// The request used up its CPU time.
        public static let cpuLimit = Code(rawValue: "function/cpu-limit")
        /// The request was not answered in time.
        public static let wallLimit = Code(rawValue: "function/wall-limit")
        /// The worker used more memory than it may.
        public static let memoryLimit = Code(rawValue: "function/memory-limit")
        /// A request's body, a response's body or the code is too large.
        public static let bodyTooLarge = Code(rawValue: "function/body-too-large")
        /// The code could not be fetched or does not load.
        public static let loadFailed = Code(rawValue: "function/load-failed")
        /// A secret that the function cannot do without has no value here.
        public static let secretMissing = Code(rawValue: "function/secret-missing")
        /// The function answered with something that is not a response.
        public static let badResponse = Code(rawValue: "function/bad-response")
        /// Too many requests wait, the pool closes, or the function is held back after repeated failures.
        public static let overloaded = Code(rawValue: "function/overloaded")
        /// The worker ended by itself while it worked on the request.
        public static let crashed = Code(rawValue: "function/crashed")
        /// The worker was ended because of another request of the same function.
        public static let interrupted = Code(rawValue: "function/interrupted")
        /// The caller waits no longer.
        public static let cancelled = Code(rawValue: "function/cancelled")
        /// The worker program cannot be started.
        public static let workerMissing = Code(rawValue: "function/worker-missing")
        /// No node that runs the function could be reached.
        public static let unreachable = Code(rawValue: "function/unreachable")
        /// The node that should run the function does not know its release yet.
        public static let releaseUnknown = Code(rawValue: "function/release-unknown")
        /// The source is not a module that can become a script.
        public static let badModule = Code(rawValue: "function/bad-module")
    }

    /// Whose fault it is.
    public enum Origin: Sendable, Hashable {
        /// The caller sent too much.
        case client
        /// The function's code.
        case origin
        /// This node.
        case node
    }

    /// Longest message, in bytes: with what others put around it, it fits the frames that carry it.
    static let maxMessageBytes = 32 << 10

    /// What happened.
    public let code: Code
    /// What was wrong, where, and what to do next; free of stacks and paths. The beginning of it, where it is too long.
    public let message: String
    /// When to try again, where that is known.
    public let retryAfter: Duration?
    /// Only this node's room is short, and the function saw nothing of the request: another node may take it at once.
    public let isForLackOfRoom: Bool

    /// Makes an error.
    public init(_ code: Code, _ message: String, retryAfter: Duration? = nil, isForLackOfRoom: Bool = false) {
        self.isForLackOfRoom = isForLackOfRoom
        self.code = code
        self.message = FunctionError.bounded(message)
        self.retryAfter = retryAfter
    }

    /// A message, or its beginning: functions write some of them, which go on to others' workers and nodes.
    static func bounded(_ message: String) -> String {
        message.utf8.count <= maxMessageBytes
            ? message : String(decoding: message.utf8.prefix(maxMessageBytes), as: UTF8.self)
    }

    /// Whose fault it is.
    public var origin: Origin {
        switch code {
        case .overloaded, .workerMissing, .interrupted, .unreachable, .releaseUnknown: .node
        case .bodyTooLarge, .cancelled: .client
        default: .origin
        }
    }

    /// The same request may succeed when it is sent again, here or elsewhere.
    public var isRetriable: Bool { origin == .node || code == .crashed }

    /// The code and the message.
    public var description: String { "\(code.rawValue): \(message)" }
}
