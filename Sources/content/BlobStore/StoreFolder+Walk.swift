import Blake3
import CLinux
import Identity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension StoreFolder {
    /// Files in `corrupt/` at most.
    static let maxCorruptFiles = 100

    /// What a folder of the fan-out holds of one blob.
    struct Found: Sendable {
        let id: BlobID
        /// Data and block values together.
        var byteCount = 0
    }

    /// Paths of the folders that data files are in, in order.
    func fanOutFolders() throws -> [String] {
        try Files.list(dataPath).sorted().flatMap { upper in
            try Files.list("\(dataPath)/\(upper)").sorted().map { "\(dataPath)/\(upper)/\($0)" }
        }
    }

    /// Blobs that a folder of the fan-out has files of; other files are none of the store's and left alone.
    func blobs(in folder: String) throws -> [Found] {
        var found: [BlobID: Found] = [:]
        for name in try Files.list(folder) {
            let stem = name.hasSuffix(".blocks") ? String(name.dropLast(7)) : name
            guard let id = Digest(hex: stem).map(BlobID.init), id.hex == stem else { continue }
            guard let status = Files.status("\(folder)/\(name)") else { continue }
            found[id, default: Found(id: id)].byteCount += Int(status.size)
        }
        return found.values.sorted { $0.id < $1.id }
    }

    /// Deletes the oldest files of `corrupt/` until the rest keeps to the limits.
    func trimCorrupt(maxBytes: Int) {
        let folder = "\(path)/corrupt"
        var files = ((try? Files.list(folder)) ?? []).compactMap { name -> (path: String, time: Int64, bytes: Int)? in
            let path = "\(folder)/\(name)"
            // When it was set aside: a rename changes the inode.
            return Files.status(path).map { (path, $0.changed_at, Int($0.size)) }
        }.sorted { $0.time > $1.time }
        var bytes = files.reduce(0) { $0 + $1.bytes }
        while let oldest = files.last, files.count > Self.maxCorruptFiles || bytes > max(0, maxBytes) {
            unlink(oldest.path)
            bytes -= oldest.bytes
            files.removeLast()
        }
    }
}
