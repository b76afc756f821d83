// In a module that uses Foundation, the C library's structures may be seen as its.
import CoreFoundation
import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the file system says of paths. Blocks; for threads that may.
enum DiskUse {
    private static let blockBytes = 512

    /// Bytes on the disk, of a file or of all below a folder.
    static func bytes(_ path: String) -> Int {
        var info = stat()
        guard lstat(path, &info) == 0 else { return 0 }
        var sum = Int(info.st_blocks) * blockBytes
        guard info.st_mode & S_IFMT == S_IFDIR, let folder = opendir(path) else { return sum }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { sum += bytes("\(path)/\(name)") }
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
