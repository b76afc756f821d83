public import Blake3

/// Inputs and outputs of invocations as ``InvocationHasher`` hashes them, one behind the other in one piece of memory: so
/// what they are made of can be let go of before there is time to hash them.
public struct InvocationTexts: Sendable {
    private var writer = CanonicalWriter(reserving: 0)

    public init() {}

    /// Bytes of all texts.
    public var byteCount: Int { writer.bytes.count }

    /// Adds a whole request, and says where its text is.
    public mutating func addInput(
        method: String, url: String, fields: [(name: String, value: String)], body: UnsafeRawBufferPointer
    ) -> Range<Int> {
        add(body) { $0.head(method: method, url: url, fields) }
    }

    /// Adds a whole answer, and says where its text is.
    public mutating func addOutput(
        status: UInt16, fields: [(name: String, value: String)], body: UnsafeRawBufferPointer
    ) -> Range<Int> {
        add(body) { $0.head(status: status, fields) }
    }

    private mutating func add(_ body: UnsafeRawBufferPointer, head: (inout CanonicalWriter) -> Void) -> Range<Int> {
        let start = writer.bytes.count
        head(&writer)
        writer.raw(body)
        writer.integer(UInt64(body.count))
        return start..<writer.bytes.count
    }

    /// The hash of a request whose text is there.
    public func inputHash(_ text: Range<Int>) -> Digest {
        writer.bytes.withUnsafeBytes { InvocationHasher.inputs.finalize(adding: .init(rebasing: $0[text])) }
    }

    /// The hash of an answer whose text is there.
    public func outputHash(_ text: Range<Int>) -> Digest {
        writer.bytes.withUnsafeBytes { InvocationHasher.outputs.finalize(adding: .init(rebasing: $0[text])) }
    }

    /// Forgets all texts, and keeps their memory unless it is more than `limit` bytes.
    public mutating func removeAll(keeping limit: Int) { writer.removeAll(keeping: limit) }
}
