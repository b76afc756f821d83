import Foundation
import Manifests

#if canImport(Glibc)
    import Glibc
#endif

/// Looks through folders and notices changes.
enum FileTree {
    /// Files that are watched at most; changes beyond them are not noticed.
    static let maxFiles = 20_000
    private static let maxDepth = 64

    /// What tells one state of a file from another.
    struct Stamp: Equatable {
        var seconds: Int
        var nanoseconds: Int
        var byteCount: Int
        var inode: UInt64
    }

    /// The regular files below a folder, relative to it, without hidden ones (except `.well-known` at the top).
    ///
    /// - Throws: ``DevError`` beyond ``ManifestLimits/maxFiles``, and for a link that leads out of the folder: code that
    ///   somebody else wrote could read through it what is not the app's.
    static func files(in folder: String) throws -> [String] {
        var result: [String] = []
        walk(folder, "", 0, skips: { _ in false }) { path, _ in
            result.append(path)
            return result.count <= ManifestLimits.maxFiles
        }
        guard result.count <= ManifestLimits.maxFiles else {
            throw DevError("The folder \(folder) holds more than \(ManifestLimits.maxFiles) files; move some away")
        }
        guard let root = resolved(folder) else { return result }
        for path in result {
            guard let place = resolved(folder + "/" + path), !place.hasPrefix(root + "/") else { continue }
            throw DevError("The link \(path) leads out of the folder \(folder), to \(place); copy the file instead")
        }
        return result
    }

    /// Where a path leads in the end; nil if nowhere.
    private static func resolved(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    /// The stamps of an app's files: all in its folder but installed packages and hidden ones, and those named.
    static func stamps(folder: String?, files: [String]) -> [String: Stamp] {
        var result: [String: Stamp] = [:]
        if let folder {
            walk(folder, "", 0, skips: { $0 == "node_modules" }) { path, stamp in
                result[folder + "/" + path] = stamp
                return result.count < maxFiles
            }
        }
        for file in files.prefix(maxFiles) where result[file] == nil { result[file] = stamp(file) }
        return result
    }

    private static func stamp(_ path: String) -> Stamp? {
        var info = stat()
        guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
        return Stamp(info)
    }

    /// - Parameter visit: Gets each file; false ends the walk.
    /// - Returns: Whether it went to the end.
    @discardableResult
    private static func walk(
        _ root: String, _ folder: String, _ depth: Int, skips: (String) -> Bool, visit: (String, Stamp) -> Bool
    ) -> Bool {
        guard depth < maxDepth, let names = try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)
        else { return true }
        for name in names.sorted() where !skips(name) {
            if name.hasPrefix("."), !(folder.isEmpty && name == ".well-known") { continue }
            let path = folder.isEmpty ? name : folder + "/" + name
            var info = stat()
            guard stat(root + "/" + path, &info) == 0 else { continue }
            switch info.st_mode & S_IFMT {
            case S_IFREG: guard visit(path, Stamp(info)) else { return false }
            case S_IFDIR:
                guard walk(root, path, depth + 1, skips: skips, visit: visit) else { return false }
            default: continue
            }
        }
        return true
    }
}

extension FileTree.Stamp {
    fileprivate init(_ info: stat) {
        self.init(
            seconds: Int(info.st_mtim.tv_sec), nanoseconds: Int(info.st_mtim.tv_nsec), byteCount: Int(info.st_size),
            inode: UInt64(info.st_ino))
    }
}
