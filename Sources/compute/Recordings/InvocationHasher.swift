public import Blake3
public import WorkerProtocol

/// The hash of an invocation's input or output, whose body may come in parts.
///
/// BLAKE3 with a context for each kind, over the head in canonical form, the body, and the body's length in 8 bytes.
public struct InvocationHasher: Sendable {
    // Deriving a key from its context costs as much as a short hash: once is enough.
    static let inputs = Blake3Hasher(deriveKeyContext: "skerry 2026-11 invocation input")
    static let outputs = Blake3Hasher(deriveKeyContext: "skerry 2026-11 invocation output")

    /// Bytes that are gathered before they are hashed: most invocations have fewer, and a hash of its own for each
    /// piece would cost more than they do.
    private static let gatheredBytes = 16 << 10

    private var hasher: Blake3Hasher
    private var gathered: CanonicalWriter
    private var bodyBytes: UInt64 = 0

    private init(_ start: Blake3Hasher, _ head: CanonicalWriter) {
        hasher = start
        gathered = head
    }

    /// Begins with the head of a request.
    public init(method: String, url: String, headers: [HeaderField]) {
        self.init(method: method, url: url, fields: headers.map { (name: $0.name, value: $0.value) })
    }

    /// Begins with the head of an answer.
    public init(status: UInt16, headers: [HeaderField]) {
        self.init(status: status, fields: headers.map { (name: $0.name, value: $0.value) })
    }

    /// Begins with the head of a request, whose headers are pairs.
    public init(method: String, url: String, fields: [(name: String, value: String)]) {
        var head = CanonicalWriter()
        head.head(method: method, url: url, fields)
        self.init(InvocationHasher.inputs, head)
    }

    /// Begins with the head of an answer, whose headers are pairs.
    public init(status: UInt16, fields: [(name: String, value: String)]) {
        var head = CanonicalWriter()
        head.head(status: status, fields)
        self.init(InvocationHasher.outputs, head)
    }

    /// An invocation without an answer: the code and the message that stand in its place.
    public init(failure code: String, message: String) {
        var head = CanonicalWriter()
        head.integer(UInt16(0))
        head.text(code)
        head.text(message)
        self.init(InvocationHasher.outputs, head)
    }

    /// Adds the next part of the body.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        bodyBytes &+= UInt64(bytes.count)
        if gathered.bytes.count + bytes.count <= InvocationHasher.gatheredBytes {
            gathered.raw(bytes)
            return
        }
        gathered.bytes.withUnsafeBytes { hasher.update($0) }
        gathered = CanonicalWriter(reserving: 0)
        hasher.update(bytes)
    }

    /// The hash of what was added, to which nothing can be added any more.
    public consuming func finalize() -> Digest {
        gathered.integer(bodyBytes)
        return gathered.bytes.withUnsafeBytes { hasher.finalize(adding: $0) }
    }
}
