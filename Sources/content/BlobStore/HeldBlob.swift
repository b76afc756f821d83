/// What a store can serve of a blob.
public struct HeldBlob: Hashable, Sendable {
    /// Size of the whole blob in bytes.
    public let byteCount: Int
    /// The blocks that are here; nil when the blob is whole.
    public let held: BlockSet?
}
