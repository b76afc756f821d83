import CLinux

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The index, its copy, and what takes its place when it is lost.
extension StoreFolder {
    var indexPath: String { "\(path)/blobs.sqlite" }
    /// The index as it was when it was found right the last time.
    var indexCopyPath: String { "\(path)/blobs.copy" }

    /// A file that says, also after a restart, that data files wait for rows in an index that is older than they are.
    private var adoptionPath: String { "\(path)/adopting" }

    /// Length of the index's file, 0 when there is none.
    var indexByteCount: Int { Int(clamping: Files.status(indexPath)?.size ?? 0) }
    var hasIndex: Bool { indexByteCount > 0 }

    /// Whether data files wait for rows: the index is missing or empty and they are not, now or at an earlier opening
    /// that did not come to the end. Ask before the index is made; durable on return.
    func awaitsAdoption() throws -> Bool {
        if Files.status(adoptionPath) != nil { return true }
        guard !hasIndex else { return false }
        guard try fanOutFolders().contains(where: { try !blobs(in: $0).isEmpty }) else { return false }
        try beginAdoption()
        try Files.synchronise(folder: path)
        return true
    }

    private func beginAdoption() throws {
        try Files.synchronise(FileDescriptor(path: adoptionPath, O_WRONLY | O_CREAT), path: adoptionPath)
    }

    /// All data files that are whole have rows.
    func endAdoption() { unlink(adoptionPath) }

    /// Puts the copy in the place of an index that is missing or damaged, which is kept as `blobs.sqlite.damaged`. False
    /// when there is no copy. Nobody may have the index open; durable on return.
    func restoreIndex() throws -> Bool {
        guard Files.status(indexCopyPath) != nil else { return false }
        // SQLite would replay a log that is left behind into the copy.
        for suffix in ["-wal", ""] where Files.status(indexPath + suffix) != nil {
            try Files.rename(indexPath + suffix, "\(indexPath).damaged\(suffix)")
        }
        unlink("\(indexPath)-shm")
        try beginAdoption()
        try Files.synchronise(folder: path)
        try Files.rename(indexCopyPath, indexPath)
        try Files.synchronise(folder: path)
        return true
    }

    /// Makes a finished file the copy of the index; durable on return.
    func installIndexCopy(_ draft: String) throws {
        try Files.synchronise(FileDescriptor(path: draft, O_RDONLY), path: draft)
        try Files.rename(draft, indexCopyPath)
        try Files.synchronise(folder: path)
    }
}
