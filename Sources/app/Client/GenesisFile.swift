import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// The genesis of a folder that is being filled: it has a temporary name until everything beside it is whole.
///
/// The temporary name is there before any other file and goes with the last step, so whatever is found beside it is what
/// a run that was killed left behind, and nobody else's.
struct GenesisFile: Sendable {
    private let path: String
    private let temporary: String

    init(_ path: String) {
        self.path = path
        temporary = path + ".part"
    }

    /// Whether a run began to fill the folder and did not come to its end.
    var isUnfinished: Bool { FileManager.default.fileExists(atPath: temporary) }

    /// Marks the folder as being filled. When this returns, the mark is durable.
    func begin(_ bytes: Data) throws {
        do {
            guard FileManager.default.createFile(atPath: temporary, contents: bytes),
                let handle = FileHandle(forWritingAtPath: temporary)
            else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
            defer { try? handle.close() }
            try handle.synchronize()
        } catch {
            throw ClientError(.fileUnusable, "Cannot write \(temporary): \(SystemFailure.reason(error))")
        }
        try DraftLog.syncFolder(of: path)
    }

    /// Gives the file its name: the folder is complete. When this returns, that is durable.
    func finish() throws {
        guard rename(temporary, path) == 0 else {
            throw ClientError(.fileUnusable, "Cannot write \(path): \(String(cString: strerror(errno)))")
        }
        try DraftLog.syncFolder(of: path)
    }

    /// Removes the file. The rest has to be gone before, or nobody would know whose it is.
    func discard() {
        for file in [temporary, path] { try? FileManager.default.removeItem(atPath: file) }
    }
}
