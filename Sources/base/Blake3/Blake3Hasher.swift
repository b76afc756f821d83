internal import CBlake3

/// Incremental BLAKE3 in any of the three modes; a copy continues on its own.
public struct Blake3Hasher: Sendable {
    /// The longest extended output that `finalize(byteCount:)` gives.
    public static let maxOutputByteCount = 1_048_576

    private var subtree: SubtreeHasher

    /// The plain hash.
    public init() { subtree = SubtreeHasher(tree: .hash) }

    /// The keyed hash.
    public init(key: Digest) { subtree = SubtreeHasher(tree: Tree(key: key, mode: SKERRY_BLAKE3_KEYED_HASH)) }

    /// Key derivation; the updates are the key material.
    public init(deriveKeyContext context: String) { subtree = SubtreeHasher(tree: .derivation(context: context)) }

    /// Adds bytes; pieces of any size give the same result.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { subtree.update(bytes) }

    /// Adds the bytes of any sequence.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ subtree.update(UnsafeRawBufferPointer($0)) }) != nil { return }
        Array(bytes).withUnsafeBytes { subtree.update($0) }
    }

    /// The digest of what was added so far; more may be added after it.
    public func finalize() -> Digest { subtree.last().root }

    /// The digest of what was added so far with `bytes` behind it, which are not added: without a buffer where nothing was
    /// added before and they are short.
    public func finalize(adding bytes: UnsafeRawBufferPointer) -> Digest { subtree.last(adding: bytes).root }

    /// Extended output: `byteCount` bytes, clamped to 0...`maxOutputByteCount`; the first 32 are the digest.
    public func finalize(byteCount: Int) -> [UInt8] {
        subtree.last().root(byteCount: max(0, min(byteCount, Self.maxOutputByteCount)))
    }
}
