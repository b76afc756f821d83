import CLinux

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An open file that closes with its last reference.
final class FileDescriptor: Sendable {
    let number: CInt

    /// Opens with `O_CLOEXEC`; new files are readable and writable by the owner only.
    init(path: String, _ flags: CInt) throws {
        let number = Files.retrying { open(path, flags | O_CLOEXEC, 0o600) }
        guard number >= 0 else { throw BlobStoreError.file("open", path, errno) }
        self.number = number
    }

    /// Opens a file for reading; nil when there is none of that name.
    init?(existing path: String) throws {
        let number = Files.retrying { open(path, O_RDONLY | O_CLOEXEC) }
        let problem = errno
        if number < 0 && problem == ENOENT { return nil }
        guard number >= 0 else { throw BlobStoreError.file("open", path, problem) }
        self.number = number
    }

    deinit { close(number) }

    /// The file behind the descriptor, whatever its name is by now.
    var inode: UInt64? {
        var status = stat()
        return fstat(number, &status) == 0 ? UInt64(status.st_ino) : nil
    }
}

/// System calls on files with the errors of this room.
enum Files {
    /// Repeats a call that a signal interrupted.
    static func retrying(_ call: () -> CInt) -> CInt {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    /// Creates a folder and those above it; existing ones are fine.
    static func makeFolders(_ path: String) throws {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw BlobStoreError.file("create the folder", path, errno)
        }
        try makeFolders(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw BlobStoreError.file("create the folder", path, errno)
        }
    }

    static func synchronise(folder path: String) throws {
        try synchronise(FileDescriptor(path: path, O_RDONLY | O_DIRECTORY), path: path)
    }

    static func synchronise(_ file: FileDescriptor, path: String) throws {
        guard retrying({ fsync(file.number) }) == 0 else { throw BlobStoreError.file("synchronise", path, errno) }
    }

    static func rename(_ from: String, _ to: String) throws {
        #if canImport(Glibc)
            let result = Glibc.rename(from, to)
        #else
            let result = Musl.rename(from, to)
        #endif
        let problem = errno
        guard result == 0 else { throw BlobStoreError.file("move \(from) to", to, problem) }
    }

    /// Writes all bytes at `offset`.
    static func write(_ bytes: UnsafeRawBufferPointer, to file: FileDescriptor, at offset: Int, path: String) throws {
        var done = 0
        while done < bytes.count {
            let count = pwrite(file.number, bytes.baseAddress?.advanced(by: done), bytes.count - done, offset + done)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw BlobStoreError.file("write to", path, count == 0 ? ENOSPC : errno) }
            done += count
        }
    }

    /// Reads until `buffer` is full or the file ends; the number of bytes read.
    static func read(_ file: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int, path: String)
        throws -> Int
    {
        var done = 0
        while done < buffer.count {
            let count = pread(file.number, buffer.baseAddress?.advanced(by: done), buffer.count - done, offset + done)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw BlobStoreError.file("read", path, errno) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Names in a folder, without `.` and `..`.
    static func list(_ path: String) throws -> [String] {
        guard let folder = opendir(path) else { throw BlobStoreError.file("list", path, errno) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Wall clock time since 1970 UTC.
    static func milliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
