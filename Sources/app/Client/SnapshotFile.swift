import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A snapshot that is being written and appears under its name when it is whole.
final class SnapshotFile {
    private let path: String
    private let temporary: String
    private var handle: FileHandle?

    init(_ path: String) {
        self.path = path
        temporary = path + ".part"
    }

    /// Forgets what was written.
    func restart() throws {
        try? handle?.close()
        guard FileManager.default.createFile(atPath: temporary, contents: nil),
            let handle = FileHandle(forWritingAtPath: temporary)
        else { throw ClientError(.fileUnusable, "Cannot write \(temporary)") }
        self.handle = handle
    }

    func append(_ bytes: Data) throws {
        do {
            try handle?.write(contentsOf: bytes)
        } catch {
            throw ClientError(.fileUnusable, "Cannot write \(temporary): \(SystemFailure.reason(error))")
        }
    }

    /// Gives the file its name. When this returns, it is durable.
    func finish() throws {
        do {
            try handle?.synchronize()
            try handle?.close()
            handle = nil
            guard rename(temporary, path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
            try DraftLog.syncFolder(of: path)
        } catch {
            throw ClientError(.fileUnusable, "Cannot write \(path): \(SystemFailure.reason(error))")
        }
    }

    /// Removes what was written.
    func discard() {
        try? handle?.close()
        handle = nil
        for file in [temporary, path] { try? FileManager.default.removeItem(atPath: file) }
    }
}
