internal import CBlake3

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension Blake3 {
    private static let streamBufferByteCount = 262_144

    /// Hashes a file with plain reads of 256 KiB, which keeps the data in the processor's cache.
    ///
    /// Regular files are hashed by up to `threads` threads (1...256) from their start to the size that they have when
    /// they are opened; with one, a second thread reads ahead of it. Pipes and devices are read to their end by one.
    /// Blocks the caller's thread.
    ///
    /// - Returns: The digest and the number of bytes hashed.
    /// - Throws: `Blake3Error`: `.unreadable`, or `.fileChanged` when the file became shorter meanwhile.
    public static func hashFile(path: String, threads: Int = 1) throws -> (digest: Digest, byteCount: Int) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }
        return try hashStream(descriptor: descriptor, name: path, threads: threads)
    }

    /// Hashes what an open descriptor yields from its position to its end; `name` appears in errors.
    ///
    /// A regular file is hashed like one that has a path, and its position is its end when this returns.
    ///
    /// - Throws: `Blake3Error`: `.unreadable`, or `.fileChanged` when a file became shorter meanwhile.
    public static func hashStream(
        descriptor: CInt, name: String, threads: Int = 1
    ) throws -> (digest: Digest, byteCount: Int) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(name, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { return try hashToEnd(descriptor: descriptor, name: name) }
        let offset = Int(lseek(descriptor, 0, SEEK_CUR))
        let byteCount = Int(status.st_size) - offset
        guard offset >= 0, byteCount > BlockTree.blockByteCount else {
            return try hashToEnd(descriptor: descriptor, name: name)
        }
        var values = [Digest](repeating: .zero, count: BlockTree.blockCount(byteCount: byteCount))
        let useful = byteCount > singleThreadByteCount ? threads : 1
        let result = values.withUnsafeMutableBytes { output in
            Tree.hash.key.withUnsafeBytes { key in
                skerry_blake3_blocks(
                    nil, descriptor, UInt64(offset), UInt64(byteCount), key.asBytes, 0, CInt(clamping: useful),
                    output.asBytes)
            }
        }
        if result > 0 { throw unreadable(name, result) }
        guard result == 0 else {
            throw Blake3Error(
                .fileChanged, "\(name) became shorter while it was hashed; try again when nothing writes to it")
        }
        _ = lseek(descriptor, off_t(offset + byteCount), SEEK_SET)
        return (Tree.hash.join(&values).root, byteCount)
    }

    private static func hashToEnd(descriptor: CInt, name: String) throws -> (digest: Digest, byteCount: Int) {
        var hasher = Blake3Hasher()
        var byteCount = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: streamBufferByteCount, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(name, errno) }
            if count == 0 { return (hasher.finalize(), byteCount) }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            byteCount += count
        }
    }

    private static func unreadable(_ path: String, _ number: CInt) -> Blake3Error {
        let reason = String(cString: strerror(number))
        return Blake3Error(.unreadable, "cannot read \(path): \(reason); check the path and its permissions")
    }
}
