import Foundation

/// A folder for everything that a benchmark writes; it goes with the object.
final class WorkFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "skerry-bench-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A path inside the folder.
    func file(_ name: String) -> String { path + "/" + name }

    /// Refuses to begin what would fill the disk.
    func requireSpace(mib: Int) throws {
        let attributes = try FileManager.default.attributesOfFileSystem(forPath: path)
        let freeMiB = ((attributes[.systemFreeSize] as? NSNumber)?.intValue ?? 0) >> 20
        guard freeMiB > mib else {
            throw BenchError("\(path) has \(freeMiB) MiB free and \(mib) are needed; use a smaller --mib or TMPDIR")
        }
    }
}
