public import Blake3
public import WorkerProtocol

/// One invocation of a function with everything that its outcome followed from: code, input, clock, seed, what the node
/// answered and when; and the outcome.
public struct Recording: Hashable, Sendable {
    /// What ran, and with which limits.
    public struct Code: Hashable, Sendable {
        /// The script; it evaluates to its exports.
        public var script: [UInt8]
        /// The script's name in stack traces.
        public var fileName: String
        /// Variables and bindings as JSON; never secrets.
        public var environment: String
        /// CPU time that the request might use.
        public var cpuMilliseconds: UInt32
        /// Private memory that the worker might use.
        public var memoryBytes: UInt64

        /// Describes code.
        public init(
            script: [UInt8], fileName: String, environment: String, cpuMilliseconds: UInt32, memoryBytes: UInt64
        ) {
            self.script = script
            self.fileName = fileName
            self.environment = environment
            self.cpuMilliseconds = cpuMilliseconds
            self.memoryBytes = memoryBytes
        }
    }

    /// What was asked.
    public struct Input: Hashable, Sendable {
        /// The HTTP method, in capitals.
        public var method: String
        /// The absolute URL.
        public var url: String
        /// Header lines in their order.
        public var headers: [HeaderField]
        /// The whole body.
        public var body: [UInt8]

        /// Describes a request.
        public init(method: String, url: String, headers: [HeaderField] = [], body: [UInt8] = []) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
        }
    }

    /// What the invocation led to.
    public enum Output: Hashable, Sendable {
        /// An answer with its whole body.
        case response(status: UInt16, headers: [HeaderField], body: [UInt8])
        /// No answer: a code such as `function/exception`, and what callers are told.
        case failure(code: String, message: String)
    }

    /// The app's name.
    public var app: String
    /// The release's id.
    public var release: String
    /// What ran.
    public var code: Code
    /// What the clock showed when the code was loaded, in milliseconds since 1970.
    public var startMilliseconds: UInt64
    /// Where all randomness comes from; ``RecordingLimits/seedBytes`` bytes.
    public var seed: [UInt8]
    /// What was asked.
    public var input: Input
    /// What the function asked the node for, in its order.
    public var calls: [RecordedCall]
    /// What the function heard, in its order.
    public var events: [RecordedEvent]
    /// What the invocation led to.
    public var output: Output

    /// Describes an invocation.
    public init(
        app: String, release: String, code: Code, startMilliseconds: UInt64, seed: [UInt8], input: Input,
        calls: [RecordedCall], events: [RecordedEvent], output: Output
    ) {
        self.app = app
        self.release = release
        self.code = code
        self.startMilliseconds = startMilliseconds
        self.seed = seed
        self.input = input
        self.calls = calls
        self.events = events
        self.output = output
    }

    // MARK: Hashes

    /// The hash of the script alone: BLAKE3, so it is the blob's digest too.
    public var codeHash: Digest { Blake3.hash(code.script) }

    /// The hash that a receipt of the same request has.
    public var inputHash: Digest {
        var hasher = InvocationHasher(method: input.method, url: input.url, headers: input.headers)
        input.body.withUnsafeBytes { hasher.update($0) }
        return hasher.finalize()
    }

    /// The hash of clock, seed, calls and events.
    public var transcriptHash: Digest {
        var writer = CanonicalWriter()
        writeTranscript(to: &writer)
        var hasher = Blake3Hasher(deriveKeyContext: "skerry 2026-11 invocation transcript")
        writer.bytes.withUnsafeBytes { hasher.update($0) }
        return hasher.finalize()
    }

    /// The hash that a receipt of the same outcome has.
    public var outputHash: Digest { output.hash }
}

extension Recording.Output {
    /// The hash that a receipt of the same outcome has.
    public var hash: Digest {
        switch self {
        case .failure(let code, let message): return InvocationHasher(failure: code, message: message).finalize()
        case .response(let status, let headers, let body):
            var hasher = InvocationHasher(status: status, headers: headers)
            body.withUnsafeBytes { hasher.update($0) }
            return hasher.finalize()
        }
    }
}
