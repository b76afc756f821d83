import Blake3
import Identity

@testable import BlobStore

/// Decoders of what a store finds on its disk and what peers send of it. A target takes any bytes and says what was read
/// wrongly; nil if nothing was.
enum BlobStoreFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] { ["block-set": blockSet, "partial-map": partialMap] }

    /// The blob that partial maps are about.
    static let id = BlobID(Blake3.hash([1]))

    /// The first two bytes are the number of blocks.
    private static func blockSet(_ input: [UInt8]) -> String? {
        guard input.count >= 2 else { return nil }
        let count = Int(input[0]) << 8 | Int(input[1])
        guard let set = BlockSet(bytes: input[2...], blockCount: count) else { return nil }
        guard set.bytes == Array(input[2...]) else { return "a set is written otherwise than it was read" }
        let members = (0..<count).filter(set.contains)
        guard members.count == set.count, set.isFull == (set.count == count) else { return "a set counts wrongly" }
        guard set.firstHeld(in: 0..<count) == members.first,
            set.firstMissing(in: 0..<count) == (0..<count).first(where: { !set.contains($0) })
        else { return "the first block is another one" }
        return nil
    }

    /// An even first byte: the file as it is. An odd one: without its checksum, which is added.
    private static func partialMap(_ input: [UInt8]) -> String? {
        guard let mode = input.first else { return nil }
        var bytes = Array(input.dropFirst())
        if mode & 1 == 1 { bytes += Blake3.hash(bytes).bytes }
        guard let map = PartialMap(bytes: bytes, id: id) else { return nil }
        guard map.held.blockCount == BlockTree.blockCount(byteCount: map.byteCount) else { return "too many blocks" }
        return map.bytes(of: id) == bytes ? nil : "a map is written otherwise than it was read"
    }
}
