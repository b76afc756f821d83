public import Blake3

/// Something that a function asked its node for. Only hashes are kept of what it sent: arguments hold credentials.
public struct RecordedCall: Hashable, Sendable {
    /// What was asked for, for example `fetch`.
    public var name: String
    /// BLAKE3 of the arguments.
    public var argumentHash: Digest
    /// BLAKE3 of the body that went along; nil if it was not complete when the invocation ended.
    public var bodyHash: Digest?

    /// Describes a call.
    public init(name: String, argumentHash: Digest, bodyHash: Digest?) {
        self.name = name
        self.argumentHash = argumentHash
        self.bodyHash = bodyHash
    }
}
