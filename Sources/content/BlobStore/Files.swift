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

    /// Opens a file; nil when there is none of that name. Throws `Damage` when the disk cannot read what it needs for that.
    init?(existing path: String, _ flags: CInt = O_RDONLY) throws {
        let number = Files.retrying { open(path, flags | O_CLOEXEC) }
        let problem = errno
        if number < 0 && problem == ENOENT { return nil }
        guard number >= 0 else {
            if Files.isUnreadable(problem) { throw Damage(unopened: path, problem) }
            throw BlobStoreError.file("open", path, problem)
        }
        self.number = number
    }

    /// Takes over an open descriptor.
    init(taking number: CInt) { self.number = number }

    deinit { close(number) }

    /// The file behind the descriptor, whatever its name is by now.
    var inode: UInt64? {
        var status = skerry_file_status()
        return skerry_status_of_descriptor(number, &status) == 0 ? status.inode : nil
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
        let problem = write(bytes, to: file, at: offset)
        guard problem == 0 else { throw BlobStoreError.file("write to", path, problem) }
    }

    /// Writes all bytes at `offset`; the `errno` of what stopped it, else 0.
    static func write(_ bytes: UnsafeRawBufferPointer, to file: FileDescriptor, at offset: Int) -> CInt {
        var done = 0
        while done < bytes.count {
            let count = pwrite(file.number, bytes.baseAddress?.advanced(by: done), bytes.count - done, offset + done)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? ENOSPC : errno }
            done += count
        }
        return 0
    }

    /// Whether a call failed because the disk does not give back what it was given: a sector that it cannot read, or a
    /// file system that finds its own structures or checksums wrong.
    static func isUnreadable(_ number: CInt) -> Bool { [EIO, ENODATA, EUCLEAN, EBADMSG].contains(number) }

    /// Reads until `buffer` is full or the file ends; the number of bytes read. Throws `Damage` for a sector that cannot
    /// be read.
    static func read(_ file: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int, path: String)
        throws -> Int
    {
        var done = 0
        while done < buffer.count {
            let count = pread(file.number, buffer.baseAddress?.advanced(by: done), buffer.count - done, offset + done)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failedRead(of: file, path, errno) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    static func failedRead(of file: FileDescriptor, _ path: String, _ number: CInt) -> any Error {
        isUnreadable(number) ? Damage(unreadable: file, number) : BlobStoreError.file("read", path, number)
    }

    /// Reads on from a descriptor's position until `buffer` is full or the file ends; the number of bytes read.
    static func readNext(_ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer, name: String) throws -> Int {
        var done = 0
        while done < buffer.count {
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
            #else
                let count = Musl.read(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
            #endif
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw BlobStoreError.file("read", name, errno) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// All bytes of a file; nil when there is none, or it has more than `limit`.
    static func contents(_ path: String, limit: Int) throws -> [UInt8]? {
        guard let file = try FileDescriptor(existing: path) else { return nil }
        let length = Int(lseek(file.number, 0, SEEK_END))
        guard length >= 0, length <= limit else { return nil }
        return try [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            count = try read(file, into: UnsafeMutableRawBufferPointer(buffer), at: 0, path: path)
        }
    }

    /// What is known about a file; nil when there is none.
    static func status(_ path: String) -> skerry_file_status? {
        var status = skerry_file_status()
        return skerry_status_of_path(path, &status) == 0 ? status : nil
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
