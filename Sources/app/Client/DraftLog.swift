import Foundation
import Ledger
import LedgerLog

#if canImport(Glibc)
    import Glibc
#endif

/// A SQLite log that is being filled and appears under its name when it is whole.
struct DraftLog: Sendable {
    let log: SQLiteLedgerLog
    private let path: String
    private let temporary: String

    /// - Throws: ``ClientError`` `.fileUnusable` if there is a file at `path`; what the log throws.
    init(_ path: String, genesis: Genesis) throws {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw ClientError(.fileUnusable, "There is a log at \(path) already; use another folder, or remove it")
        }
        self.path = path
        temporary = path + ".part"
        // What a run that was killed left behind.
        DraftLog.remove(temporary)
        log = try SQLiteLedgerLog(path: temporary, genesis: genesis)
    }

    /// Gives the log its name. When this returns, it is durable.
    func finish() async throws {
        // Closing brings everything from the write-ahead log into the file.
        try await log.close()
        let wal = temporary + "-wal"
        let left = try? FileManager.default.attributesOfItem(atPath: wal)[.size] as? Int
        guard (left ?? 0) == 0, rename(temporary, path) == 0 else {
            throw ClientError(.fileUnusable, "Cannot finish the log \(path): \(String(cString: strerror(errno)))")
        }
        DraftLog.remove(temporary)
        try DraftLog.syncFolder(of: path)
    }

    /// Removes what was written.
    func discard() async {
        try? await log.close()
        DraftLog.remove(temporary)
        DraftLog.remove(path)
    }

    /// Makes names in the file's folder durable.
    static func syncFolder(of path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw ClientError(.fileUnusable, "Cannot sync the folder of \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Removes a log with what SQLite keeps beside it.
    static func remove(_ path: String) {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }
}
