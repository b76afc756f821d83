import CLinux
import Ledger

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file of the log: closes with its last reference.
final class LogFile: Sendable {
    let descriptor: CInt
    private let path: String
    /// Where the next batch goes, which number it has, and where the file ends. Changed by the writing thread alone, under
    /// the lock of its owner.
    nonisolated(unsafe) private var offset = 0
    nonisolated(unsafe) private var nextBatch: UInt64 = 0
    private let byteCount: Int

    init(path: String, flags: CInt, byteCount: Int = 0) throws(ChannelsError) {
        descriptor = open(path, flags | O_CLOEXEC, 0o600)
        self.path = path
        self.byteCount = byteCount
        guard descriptor >= 0 else { throw LogFile.error("open", path) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Everything in it.
    func contents() throws(ChannelsError) -> [UInt8] {
        let length = Int(lseek(descriptor, 0, SEEK_END))
        guard length >= 0 else { throw LogFile.error("read", path) }
        var bytes = [UInt8](repeating: 0, count: length)
        var done = 0
        while done < length {
            let count = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress?.advanced(by: done), length - done, off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw LogFile.error("read", path) }
            if count == 0 { break }
            done += count
        }
        bytes.removeLast(length - done)
        return bytes
    }

    /// Writes a batch and synchronises it.
    ///
    /// - Returns: False if it does not fit: nothing was written.
    func append(_ records: [UInt8]) throws(ChannelsError) -> Bool {
        let bytes = AckLogFormat.batch(nextBatch, records: records)
        guard offset + bytes.count <= byteCount else { return false }
        try write(bytes, at: offset)
        try synchronise()
        offset += bytes.count
        nextBatch += 1
        return true
    }

    /// Writes a new log with these records and puts it in the old one's place: when this returns, that is durable.
    ///
    /// - Parameter byteCount: The file's least length; it gets four times of what the records take.
    static func replace(
        folder: String, records: [UInt8], network: NetworkID, byteCount: Int
    ) throws(ChannelsError) -> LogFile {
        let path = folder + "/acks.log"
        let temporary = folder + "/acks.new"
        let most = AckLogFormat.maxBatchRecords * AckRecord.byteCount
        let total = max(4096, byteCount, 4 * (records.count + AckLogFormat.headerByteCount))
        var isInPlace = false
        // What is left of it would take the room that is missing.
        defer { if !isInPlace { unlink(temporary) } }
        let file = try LogFile(path: temporary, flags: O_RDWR | O_CREAT | O_TRUNC, byteCount: total)
        try file.reserve()
        // Zeros that are written, not only reserved: later writes then change no extents.
        let zeros = [UInt8](repeating: 0, count: min(total, 1 << 20))
        var filled = 0
        while filled < total {
            try file.write(filled + zeros.count <= total ? zeros : Array(zeros.prefix(total - filled)), at: filled)
            filled += min(zeros.count, total - filled)
        }
        let header = AckLogFormat.header(network)
        try file.write(header, at: 0)
        file.offset = header.count
        for start in stride(from: 0, to: records.count, by: most) {
            _ = try file.append(Array(records[start..<min(records.count, start + most)]))
        }
        try file.synchronise()
        guard rename(temporary, path) == 0 else { throw error("move acks.new to", path) }
        isInPlace = true
        let directory = try LogFile(path: folder, flags: O_RDONLY | O_DIRECTORY)
        guard fsync(directory.descriptor) == 0 else { throw error("synchronise", folder) }
        return file
    }

    private func write(_ bytes: [UInt8], at offset: Int) throws(ChannelsError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset + done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw LogFile.error("write to", path) }
            done += count
        }
    }

    /// Finds out about a full disk before anything is written.
    private func reserve() throws(ChannelsError) {
        // Others than those that know reservations say so when they are written to.
        guard skerry_fallocate(descriptor, Int64(byteCount)) != 0, [ENOSPC, EDQUOT].contains(errno) else { return }
        throw LogFile.error("write to", path)
    }

    private func synchronise() throws(ChannelsError) {
        var result = fdatasync(descriptor)
        while result != 0, errno == EINTR { result = fdatasync(descriptor) }
        guard result == 0 else { throw LogFile.error("synchronise", path) }
    }

    static func error(_ what: String, _ path: String) -> ChannelsError {
        let number = errno
        let advice =
            switch number {
            case ENOSPC, EDQUOT: "free some space"
            case EROFS: "make the disk writable"
            default: "check the disk and the permissions"
            }
        return ChannelsError(.log, "Cannot \(what) \(path): \(String(cString: strerror(number))); \(advice)")
    }
}
