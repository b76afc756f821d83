import Blake3
import CLinux
import Identity
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A stored file is not what the index says.
struct Damage: Error {
    let reason: String
    /// The file that was looked at; nil for a missing one. Held open, so that its inode number stays its own.
    let file: FileDescriptor?
}

/// A blob's open data file with the values that its blocks are checked against.
final class OpenBlob: Sendable {
    let stat: BlobStat
    /// Checked against the blob's digest when the file was opened.
    let blockValues: [Digest]
    private let file: FileDescriptor
    private let path: String

    /// Memory that keeping this open costs, roughly, in bytes.
    var cost: Int { 512 + blockValues.count * Digest.byteCount }

    /// Opens the files of a blob; throws `Damage` when they are missing, have a wrong size or wrong block values.
    init(_ stat: BlobStat, folder: StoreFolder) throws {
        self.stat = stat
        path = folder.dataFile(stat.id)
        guard let file = try FileDescriptor(existing: path) else { throw Damage(reason: "is missing", file: nil) }
        self.file = file
        let length = lseek(file.number, 0, SEEK_END)
        guard length == stat.byteCount else {
            throw Damage(reason: "has \(length) bytes instead of \(stat.byteCount)", file: file)
        }
        if stat.blockCount == 1 {
            blockValues = [stat.id.digest]
            return
        }
        do {
            blockValues = try Self.readOutboard(folder.outboardFile(stat.id), count: stat.blockCount)
        } catch let damage as Damage {
            throw Damage(reason: damage.reason, file: file)
        }
        guard BlockTree.root(blockValues: blockValues, byteCount: stat.byteCount) == stat.id.digest else {
            throw Damage(reason: "has block values of another blob", file: file)
        }
    }

    /// A verified block from the disk; blocks. `index` must be inside the blob.
    func read(_ index: Int) throws -> ByteBuffer {
        let length = stat.blockLength(index)
        var bytes = ByteBuffer()
        bytes.reserveCapacity(length)
        let count = try bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { space in
            let target = UnsafeMutableRawBufferPointer(rebasing: space.prefix(length))
            return try Files.read(file, into: target, at: index * BlockTree.blockByteCount, path: path)
        }
        guard count == length, isValid(bytes, index) else {
            throw Damage(reason: "has other bytes in block \(index) than were stored", file: file)
        }
        return bytes
    }

    /// A verified block if all of it is in the page cache; never waits for the disk. nil also for a damaged one,
    /// which `read` reports.
    func readWithoutWaiting(_ index: Int) -> ByteBuffer? {
        let length = stat.blockLength(index)
        guard length > 0 else { return nil }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(length)
        let count = bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { space in
            let offset = Int64(index * BlockTree.blockByteCount)
            return max(0, skerry_preadv2_nowait(file.number, space.baseAddress, length, offset))
        }
        return count == length && isValid(bytes, index) ? bytes : nil
    }

    private func isValid(_ bytes: ByteBuffer, _ index: Int) -> Bool {
        bytes.withUnsafeReadableBytes {
            BlockTree.blockValue($0, index: index, byteCount: stat.byteCount) == blockValues[index]
        }
    }

    private static func readOutboard(_ path: String, count: Int) throws -> [Digest] {
        guard let file = try FileDescriptor(existing: path) else {
            throw Damage(reason: "has no list of block values", file: nil)
        }
        let byteCount = count * Digest.byteCount
        guard lseek(file.number, 0, SEEK_END) == byteCount else {
            throw Damage(reason: "has a list of block values of a wrong size", file: nil)
        }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
        defer { bytes.deallocate() }
        guard try Files.read(file, into: bytes, at: 0, path: path) == byteCount else {
            throw Damage(reason: "has a truncated list of block values", file: nil)
        }
        return stride(from: 0, to: byteCount, by: Digest.byteCount).compactMap {
            Digest(bytes[$0..<$0 + Digest.byteCount])
        }
    }
}
