import Client
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Bytes that a command is given in a file or on standard input.
enum CommandInput {
    /// Reads a file to its end, or standard input where `path` is `-`.
    ///
    /// - Throws: ``CommandError`` if it cannot be read, or holds more than `maxBytes`.
    static func read(_ path: String, maxBytes: Int) throws -> Data {
        if path == "-", isatty(STDIN_FILENO) == 1, Terminal.isInteractive {
            Terminal.note("note: type what is to be read, and Ctrl-D at the beginning of a line at its end")
        }
        let name = path == "-" ? "standard input" : path
        let handle = path == "-" ? FileHandle.standardInput : try open(path)
        let bytes: Data
        do { bytes = try CommandInput.bytes(of: handle, atMost: maxBytes + 1) } catch {
            throw CommandError("Cannot read \(name): \(SystemFailure.reason(error))")
        }
        guard bytes.count <= maxBytes else {
            throw CommandError(
                "Cannot take more than \(Human.bytes(maxBytes)), which \(name) has; give less")
        }
        return bytes
    }

    /// Opens a file for reading.
    ///
    /// - Throws: ``CommandError`` that says why it cannot.
    static func open(_ path: String) throws -> FileHandle {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandError("Cannot read \(path): \(String(cString: strerror(errno)))") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// The first bytes of what a handle gives; all of them if there are no more than `count`.
    static func bytes(of handle: FileHandle, atMost count: Int) throws -> Data {
        var bytes = Data()
        while bytes.count < count, let more = try handle.read(upToCount: count - bytes.count), !more.isEmpty {
            bytes.append(more)
        }
        return bytes
    }
}
