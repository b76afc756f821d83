#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Small files that are there, whole, after a power cut.
public enum DurableFile {
    /// What the system said.
    public struct Failure: Error, CustomStringConvertible {
        /// The number of the error, as in `errno`.
        public let number: CInt
        /// The system's words for it.
        public var description: String { String(cString: strerror(number)) }
    }

    /// Puts `bytes` in the place of the file at `path`, whole or not at all, readable by this user alone.
    ///
    /// Written beside it as `<path>.part`, synchronised and renamed: two at once for one path are the caller's to
    /// prevent. When this returns, the bytes and the name are durable.
    public static func replace(_ path: String, with bytes: [UInt8]) throws(Failure) {
        let temporary = path + ".part"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(number: errno) }
        do throws(Failure) {
            try write(bytes, to: descriptor)
            guard fsync(descriptor) == 0 else { throw Failure(number: errno) }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else {
            let failure = Failure(number: errno)
            unlink(temporary)
            throw failure
        }
        try synchroniseFolder(of: path)
    }

    /// Removes the file at `path`, if there is one. When this returns, it does not come back.
    public static func remove(_ path: String) throws(Failure) {
        guard unlink(path) == 0 || errno == ENOENT else { throw Failure(number: errno) }
        try synchroniseFolder(of: path)
    }

    private static func synchroniseFolder(of path: String) throws(Failure) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(number: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Failure(number: errno) }
    }

    private static func write(_ bytes: [UInt8], to descriptor: CInt) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                #if canImport(Glibc)
                    Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
                #else
                    Darwin.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
                #endif
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(number: count == 0 ? ENOSPC : errno) }
            done += count
        }
    }
}
