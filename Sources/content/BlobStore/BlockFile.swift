import Blake3
import CLinux
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An open file with a blob's bytes, and the values that its blocks are checked against.
struct BlockFile: Sendable {
    let path: String
    let descriptor: FileDescriptor
    let byteCount: Int
    let blockValues: [Digest]
    let faults: DiskFaults

    /// A verified block from the disk, nil when the disk has other bytes or too few; blocks. Throws `Damage` when it cannot
    /// be read.
    func read(_ index: Int) throws -> ByteBuffer? {
        if let number = faults.reading(path) { throw Files.failedRead(of: descriptor, path, number) }
        let length = BlockTree.blockLength(index, byteCount: byteCount)
        var bytes = ByteBuffer()
        bytes.reserveCapacity(length)
        let count = try bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { space in
            let target = UnsafeMutableRawBufferPointer(rebasing: space.prefix(length))
            return try Files.read(descriptor, into: target, at: index * BlockTree.blockByteCount, path: path)
        }
        return count == length && isValid(bytes, index) ? bytes : nil
    }

    /// A block if all of it is in the page cache; never waits for the disk. Nil also for a damaged one, which `read`
    /// reports.
    ///
    /// - Parameter isTrusted: Do not hash it.
    func readWithoutWaiting(_ index: Int, isTrusted: Bool = false) -> ByteBuffer? {
        let length = BlockTree.blockLength(index, byteCount: byteCount)
        guard length > 0, faults.reading(path) == nil else { return nil }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(length)
        let count = bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { space in
            let offset = Int64(index * BlockTree.blockByteCount)
            return max(0, skerry_preadv2_nowait(descriptor.number, space.baseAddress, length, offset))
        }
        return count == length && (isTrusted || isValid(bytes, index)) ? bytes : nil
    }

    func write(_ bytes: ByteBuffer, block index: Int) throws {
        try bytes.withUnsafeReadableBytes {
            try Files.write($0, to: descriptor, at: index * BlockTree.blockByteCount, path: path)
        }
    }

    private func isValid(_ bytes: ByteBuffer, _ index: Int) -> Bool {
        guard blockValues.indices.contains(index) else { return false }
        return bytes.withUnsafeReadableBytes {
            BlockTree.blockValue($0, index: index, byteCount: byteCount) == blockValues[index]
        }
    }

    /// Reads a `.blocks` file. Throws `Damage` when there is none, it has a wrong size or it cannot be read.
    static func readValues(_ path: String, count: Int, faults: DiskFaults) throws -> [Digest] {
        guard let file = try FileDescriptor(existing: path) else {
            throw Damage(reason: "has no list of block values", file: nil)
        }
        if let number = faults.reading(path) { throw Files.failedRead(of: file, path, number) }
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
