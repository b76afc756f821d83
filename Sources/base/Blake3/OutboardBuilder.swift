/// Hashes a stream and keeps its tree down to groups, in one pass.
///
/// Groups are hashed where they are; those that begin in one piece and end in the next pass through a buffer of 16 KiB.
/// Besides that, 32 bytes a group are held.
public struct OutboardBuilder: Sendable {
    private let maxByteCount: Int
    private var values: [Digest] = []
    private var byteCount = 0
    /// The last 1 to 16,384 bytes: whether a group is the only one shows when more bytes come.
    private var held: [UInt8] = []

    /// An empty stream.
    public init() { self.init(maxByteCount: Outboard.maxByteCount) }

    package init(maxByteCount: Int) { self.maxByteCount = maxByteCount }

    /// Adds bytes; pieces of any size give the same result.
    ///
    /// - Throws: `Blake3Error` with `.tooLarge` when the stream becomes longer than `Outboard.maxByteCount`; nothing of
    ///   the piece is added then.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) throws {
        guard bytes.count <= maxByteCount - byteCount else {
            throw Outboard.tooLarge("more than \(maxByteCount)", limit: maxByteCount)
        }
        byteCount += bytes.count
        var rest = bytes[...]
        let group = GroupTree.groupByteCount
        if !held.isEmpty {
            let room = group - held.count
            held.append(contentsOf: rest.prefix(room))
            rest = rest.dropFirst(room)
            if rest.isEmpty { return }
            held.withUnsafeBytes { add($0) }
            held.removeAll(keepingCapacity: true)
        }
        guard !rest.isEmpty else { return }
        let whole = (rest.count - 1) / group * group
        if whole > 0 { add(UnsafeRawBufferPointer(rebasing: rest.prefix(whole))) }
        if held.capacity == 0 { held.reserveCapacity(group) }
        held.append(contentsOf: rest.dropFirst(whole))
    }

    /// The outboard of what was added; starts over with an empty stream.
    public mutating func finalize() -> Outboard {
        defer { self = OutboardBuilder(maxByteCount: maxByteCount) }
        let last = held.withUnsafeBytes {
            GroupTree.groupValues($0, firstGroup: values.count, byteCount: byteCount)
        }
        return Outboard(byteCount: byteCount, groupValues: values + last)
    }

    /// Adds whole groups that are not the end of the stream.
    private mutating func add(_ bytes: UnsafeRawBufferPointer) {
        values += GroupTree.groupValues(bytes, firstGroup: values.count, byteCount: .max)
    }
}
