// In a module that uses Foundation, the C library's structures may be seen as its.
import CoreFoundation
import Files
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the file system says of paths. Blocks; for threads that may.
enum DiskUse {
    private static let blockBytes = 512

    /// Bytes on the disk, of a file or of all below a folder; of what a snapshot would refuse only a part is counted.
    static func bytes(_ path: String) -> Int {
        var info = stat()
        guard lstat(path, &info) == 0 else { return 0 }
        let own = Int(info.st_blocks) * blockBytes
        guard info.st_mode & S_IFMT == S_IFDIR, let folder = OpenFolder(path: path) else { return own }
        var entries = VolumeLimits.maxEntries
        return own + bytes(below: folder, depth: 1, &entries)
    }

    /// - Parameter entries: How many more are looked at.
    private static func bytes(below folder: OpenFolder, depth: Int, _ entries: inout Int) -> Int {
        guard depth <= VolumeLimits.maxDepth, let names = folder.names(limit: entries) else { return 0 }
        entries -= names.count
        var sum = 0
        for name in names {
            var info = stat()
            guard name.withCString({ fstatat(folder.number, $0, &info, AT_SYMLINK_NOFOLLOW) }) == 0 else { continue }
            sum += Int(info.st_blocks) * blockBytes
            guard info.st_mode & S_IFMT == S_IFDIR, let child = folder.folder(name) else { continue }
            sum += bytes(below: child, depth: depth + 1, &entries)
        }
        return sum
    }

    /// Whether a folder is the root of another file system than the folder around it.
    static func isMountPoint(_ path: String, in folder: String) -> Bool {
        var inner = stat()
        var outer = stat()
        guard lstat(path, &inner) == 0, lstat(folder, &outer) == 0 else { return false }
        return inner.st_dev != outer.st_dev
    }
}
