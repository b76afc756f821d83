#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The end of a draft that goes to the disk past the page cache, a large piece at a time: bytes are collected in memory that
/// the disk can fetch them from.
///
/// `@unchecked Sendable`: the memory is the draft's, which one call of its session uses at a time.
final class DirectPart: @unchecked Sendable {
    /// Places in the file and in memory are multiples of it: a page of any processor, and more than disks want.
    static let alignment = 64 << 10
    /// Written at once. Smaller pieces wait for the disk more often than they keep it busy.
    static let pieceByteCount = 1 << 20

    private let file: FileDescriptor
    private let faults: DiskFaults
    private let piece: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    /// Nil where the file system has only the page cache.
    init?(_ path: String, faults: DiskFaults) {
        guard let file = FileDescriptor(direct: path) else { return nil }
        self.file = file
        self.faults = faults
        piece = .allocate(byteCount: Self.pieceByteCount, alignment: Self.alignment)
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
    func write(at offset: Int, _ path: String) throws -> Bool {
        var done = 0
        while done < count {
            let result = writeOnce(from: done, at: offset + done, path)
            let problem = errno
            if result < 0 && problem == EINTR { continue }
            if result < 0 && (problem == EINVAL || problem == EOPNOTSUPP) { return false }
            guard result > 0 else { throw BlobStoreError.file("write to", path, result == 0 ? ENOSPC : problem) }
            done += result
        }
        count = 0
        return true
    }

    private func writeOnce(from start: Int, at offset: Int, _ path: String) -> Int {
        if let number = faults.writingDirectly(path) {
            errno = number
            return -1
        }
        return pwrite(file.number, piece.baseAddress?.advanced(by: start), count - start, offset)
    }
}
