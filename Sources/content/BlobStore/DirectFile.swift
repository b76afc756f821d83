import CLinux
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Writes whole blocks of a file to the disk without the page cache (`O_DIRECT`), which would hold a second copy of them
/// and have the memory that others use make way for it. All calls block.
final class DirectFile: Sendable {
    /// What offsets, lengths and addresses are multiples of: no less than any disk's block.
    static let alignment = 4_096

    private let descriptor: FileDescriptor
    private let path: String
    private let scratch: DirectScratch
    private let faults: DiskFaults
    private let isRefused = Atomic(false)

    /// Opens an existing file once more; nil where the file system has no such way.
    init?(path: String, scratch: DirectScratch, faults: DiskFaults = DiskFaults()) {
        let number = Files.retrying { skerry_open_direct(path) }
        guard number >= 0 else { return nil }
        descriptor = FileDescriptor(taking: number)
        self.path = path
        self.scratch = scratch
        self.faults = faults
    }

    /// Writes bytes at `offset`; like other writes durable with the next `fdatasync`.
    ///
    /// - Returns: False if they have to be written the usual way: the file system, or their size, does not allow this one.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws -> Bool {
        guard !isRefused.load(ordering: .relaxed), bytes.count == DirectScratch.byteCount else { return false }
        let aligned = scratch.take()
        defer { scratch.give(aligned) }
        aligned.copyMemory(from: bytes)
        return try write(aligned: UnsafeRawBufferPointer(aligned), at: offset)
    }

    /// As `write(_:at:)`, from memory whose address is a multiple of ``alignment``.
    func write(aligned bytes: UnsafeRawBufferPointer, at offset: Int) throws -> Bool {
        guard !isRefused.load(ordering: .relaxed), bytes.count % Self.alignment == 0, offset % Self.alignment == 0
        else {
            return false
        }
        switch faults.writingDirectly(path) ?? Files.write(bytes, to: descriptor, at: offset) {
        case 0: return true
        case EINVAL:
            // What a file system says that takes the flag and not the writes.
            isRefused.store(true, ordering: .relaxed)
            return false
        case let problem: throw BlobStoreError.file("write to", path, problem)
        }
    }
}

/// Memory for blocks on their way to a ``DirectFile``: some are kept, for the system clears what it hands out anew.
final class DirectScratch: Sendable {
    /// Bytes of one piece.
    static let byteCount = 256 << 10
    private static let maxKept = 8

    /// `@unchecked Sendable`: a piece is in this list, which only the lock's holder sees, or with the one who took it.
    private struct Pieces: @unchecked Sendable { var free: [UnsafeMutableRawBufferPointer] = [] }
    private let pieces = Mutex(Pieces())

    deinit { pieces.withLock { $0.free.forEach { $0.deallocate() } } }

    func take() -> UnsafeMutableRawBufferPointer {
        pieces.withLock { $0.free.popLast() }
            ?? .allocate(byteCount: Self.byteCount, alignment: DirectFile.alignment)
    }

    func give(_ piece: UnsafeMutableRawBufferPointer) {
        let isKept = pieces.withLock { pieces in
            guard pieces.free.count < Self.maxKept else { return false }
            pieces.free.append(piece)
            return true
        }
        if !isKept { piece.deallocate() }
    }
}
