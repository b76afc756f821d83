/// The end of a draft that goes to the disk around the page cache, a large piece at a time: one request after the other
/// keeps a disk busy only if each is large.
///
/// `@unchecked Sendable`: the memory is the draft's, which one call of its session uses at a time.
final class DirectPart: @unchecked Sendable {
    /// Written at once.
    static let pieceByteCount = 1 << 20

    private let file: DirectFile
    private let piece: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ file: DirectFile) {
        self.file = file
        piece = .allocate(byteCount: Self.pieceByteCount, alignment: DirectFile.alignment)
    }

    deinit { piece.deallocate() }

    var isFull: Bool { count == piece.count }
    /// What is not written yet.
    var collected: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: piece[..<count]) }

    /// Collects as many of these bytes as there is room for; their number.
    func collect(_ bytes: UnsafeRawBufferPointer) -> Int {
        let taken = min(bytes.count, piece.count - count)
        UnsafeMutableRawBufferPointer(rebasing: piece[count..<count + taken])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<taken]))
        count += taken
        return taken
    }

    /// Writes a full piece at `offset`; blocks. False when the file system refuses: the piece is as it was then.
    func write(at offset: Int) throws -> Bool {
        guard try file.write(aligned: collected, at: offset) else { return false }
        count = 0
        return true
    }
}
