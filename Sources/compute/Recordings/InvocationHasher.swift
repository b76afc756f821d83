public import Blake3
public import WorkerProtocol

/// The hash of an invocation's input or output, whose body may come in parts.
///
/// BLAKE3 with a context for each kind, over the head in canonical form, the body, and the body's length in 8 bytes.
public struct InvocationHasher: Sendable {
    // Deriving a key from its context costs as much as a short hash: once is enough.
    private static let inputs = Blake3Hasher(deriveKeyContext: "skerry 2026-11 invocation input")
    private static let outputs = Blake3Hasher(deriveKeyContext: "skerry 2026-11 invocation output")

    private var hasher: Blake3Hasher
    private var bodyBytes: UInt64 = 0

    private init(_ start: Blake3Hasher, _ head: CanonicalWriter) {
        hasher = start
        head.bytes.withUnsafeBytes { hasher.update($0) }
    }

    /// Begins with the head of a request.
    public init(method: String, url: String, headers: [HeaderField]) {
        var head = CanonicalWriter()
        head.text(method)
        head.text(url)
        head.headers(headers)
        self.init(InvocationHasher.inputs, head)
    }

    /// Begins with the head of an answer.
    public init(status: UInt16, headers: [HeaderField]) {
        var head = CanonicalWriter()
        head.integer(status)
        head.headers(headers)
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
        hasher.update(bytes)
        bodyBytes &+= UInt64(bytes.count)
    }

    /// The hash of what was added.
    public func finalize() -> Digest {
        var whole = hasher
        withUnsafeBytes(of: bodyBytes.littleEndian) { whole.update($0) }
        return whole.finalize()
    }
}
