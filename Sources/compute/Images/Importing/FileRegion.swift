import CLinux
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An open file to read from.
final class ReadableFile: Sendable {
    let descriptor: CInt
    let name: String
    /// When it was opened, in bytes.
    let byteCount: Int

    /// Opens a regular file; blocks.
    ///
    /// - Throws: ``ImageError`` `.notFound` if there is none, `.ioFailed`.
    convenience init(path: String) throws(ImageError) {
        // A pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT {
                throw ImageError(.notFound, "There is no file \(path); build the image first, or name another one")
            }
            throw ImageError.file("read", path)
        }
        try self.init(descriptor: descriptor, name: path)
    }

    /// Takes an open file over.
    init(descriptor: CInt, name: String) throws(ImageError) {
        self.descriptor = descriptor
        self.name = name
        let length = lseek(descriptor, 0, SEEK_END)
        guard length >= 0, skerry_is_regular_file(descriptor) == 1 else {
            close(descriptor)
            throw ImageError(.ioFailed, "\(name) is no regular file")
        }
        byteCount = length
    }

    deinit { close(descriptor) }

    /// A file in `folder` that has no name and goes with this object.
    ///
    /// - Throws: ``ImageError`` `.ioFailed`, `.diskFull`.
    static func makeTemporary(in folder: String) throws(ImageError) -> CInt {
        let path = "\(folder)/skerry-image.\(getpid()).XXXXXX"
        var template = path.utf8CString.map { $0 }
        let descriptor = mkstemp(&template)
        guard descriptor >= 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            throw ImageError.file("write to the folder", folder)
        }
        unlink(template)
        return descriptor
    }

    /// Bytes from an offset on; fewer at the end of the file. Blocks.
    func read(at offset: Int, upTo count: Int) throws(ImageError) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        var failure: CInt = 0
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            var done = 0
            while done < count {
                let read = pread(descriptor, space.baseAddress?.advanced(by: done), count - done, off_t(offset + done))
                if read < 0, errno == EINTR { continue }
                if read < 0 { failure = errno }
                if read <= 0 { break }
                done += read
            }
            return done
        }
        if failure != 0 { throw ImageError.file("read", name, failure) }
        return buffer
    }
}

/// A part of an open file.
struct FileRegion: Sendable {
    let file: ReadableFile
    let offset: Int
    let byteCount: Int

    /// Read at once.
    static let partBytes = 512 << 10

    /// The bytes; reading them on `threads`.
    func parts(_ threads: NIOThreadPool) -> ImageParts {
        let region = self
        return ImageParts {
            var position = 0
            return {
                let count = Swift.min(FileRegion.partBytes, region.byteCount - position)
                guard count > 0 else { return nil }
                let at = region.offset + position
                let bytes = try await threads.runIfActive { try region.file.read(at: at, upTo: count) }
                guard bytes.readableBytes == count else {
                    throw ImageError(.truncated, "\(region.file.name) ends before byte \(at + count)")
                }
                position += count
                return bytes
            }
        }
    }

    /// All bytes; blocks.
    ///
    /// - Throws: ``ImageError`` `.tooLarge` above the limit, `.truncated`, `.ioFailed`.
    func bytes(limit: Int, _ name: String) throws(ImageError) -> [UInt8] {
        guard byteCount <= limit else {
            throw ImageError(.tooLarge, "The \(name) has \(byteCount) bytes; the limit is \(limit)")
        }
        let bytes = try file.read(at: offset, upTo: byteCount)
        guard bytes.readableBytes == byteCount else {
            throw ImageError(.truncated, "\(file.name) ends inside the \(name)")
        }
        return Array(bytes.readableBytesView)
    }
}
