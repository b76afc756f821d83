#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A regular file that was opened below a folder, one name after the other, without following any symbolic link.
final class DirectoryFile: Sendable {
    /// What a path names.
    enum Found {
        case file(DirectoryFile)
        case folder
        case nothing
    }

    /// Bytes when it was opened.
    let byteCount: Int64
    /// When it was last written, in seconds and nanoseconds since 1970.
    let modified: (seconds: Int64, nanoseconds: Int64)
    private let inode: UInt64
    private let descriptor: CInt

    private init(descriptor: CInt, status: stat) {
        self.descriptor = descriptor
        byteCount = Int64(status.st_size)
        inode = UInt64(status.st_ino)
        #if canImport(Darwin)
            modified = (Int64(status.st_mtimespec.tv_sec), Int64(status.st_mtimespec.tv_nsec))
        #else
            modified = (Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec))
        #endif
    }

    deinit { _ = close(descriptor) }

    /// A strong tag: it changes when the file is written or replaced.
    var tag: String {
        let parts = [inode, UInt64(bitPattern: byteCount), UInt64(bitPattern: modified.seconds)]
        return "\"\(parts.map { String($0, radix: 36) }.joined(separator: "-"))-\(modified.nanoseconds)\""
    }

    /// Opens what has a path below a folder. Blocks.
    ///
    /// - Parameters:
    ///   - root: The folder; links in its own path are followed.
    ///   - segments: Names, none of them empty, `.`, `..` or with a slash.
    static func open(_ root: String, _ segments: [String]) -> Found {
        var folder = openDescriptor(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return .nothing }
        defer { _ = close(folder) }
        guard let name = segments.last else { return .folder }
        for segment in segments.dropLast() {
            let next = openat(folder, segment, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else { return .nothing }
            _ = close(folder)
            folder = next
        }
        // Without O_NONBLOCK a named pipe would make the node wait for a writer.
        let file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return .nothing }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            _ = close(file)
            return .nothing
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file(DirectoryFile(descriptor: file, status: status))
        case S_IFDIR:
            _ = close(file)
            return .folder
        default:
            _ = close(file)
            return .nothing
        }
    }

    /// Up to `count` bytes from a position on; fewer only at the end of the file. Blocks.
    ///
    /// - Throws: ``OriginError`` if the disk fails.
    func read(at position: Int64, count: Int) throws -> [UInt8] {
        var failure: CInt = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let got = pread(
                    descriptor, buffer.baseAddress?.advanced(by: filled), count - filled,
                    off_t(position) + off_t(filled))
                if got > 0 {
                    filled += got
                } else if got == 0 {
                    break
                } else if errno != EINTR {
                    failure = errno
                    break
                }
            }
        }
        guard failure == 0 else {
            throw OriginError(
                .badResponse, "a file of the origin's folder cannot be read (errno \(failure)); check the disk")
        }
        return bytes
    }
}

/// The system's `open`, which the type's own hides.
private func openDescriptor(_ path: String, _ flags: CInt) -> CInt { open(path, flags) }
