import CLinux
import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Puts layers on each other in one folder, for hosts where an overlay mount cannot do it.
///
/// Files are hard links of those in the layers' own folders, so that only folders take room. Nothing is reached through
/// a symbolic link.
enum FlatTree {
    /// Adds a layer on top of what is in `tree`.
    ///
    /// - Throws: ``ImageError`` `.ioFailed`, `.diskFull`.
    static func add(_ layer: OpenFolder, _ hidden: HiddenNames, to tree: OpenFolder) throws(ImageError) {
        if hidden.hidesAllBelow { try tree.empty() }
        for path in hidden.whiteouts {
            let parts = split(path)
            guard let name = parts.last, let parent = find(Array(parts.dropLast()), in: tree) else { continue }
            try parent.removeAll(name)
        }
        for path in hidden.opaque { try find(split(path), in: tree)?.empty() }
        try merge(layer, into: tree)
    }

    private static func split(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: UInt8(ascii: "/")).map(Array.init)
    }

    /// Nil if there is no such folder.
    private static func find(_ parts: [[UInt8]], in tree: OpenFolder) -> OpenFolder? {
        var current = tree
        for part in parts {
            guard let next = current.folder(part) else { return nil }
            current = next
        }
        return current
    }

    /// As deep as a path may be (``LayerLimits/maxDepth``).
    private static func merge(_ source: OpenFolder, into target: OpenFolder) throws(ImageError) {
        for name in try source.listed() {
            let text = { String(decoding: name, as: UTF8.self) }
            guard let child = source.folder(name) else {
                try target.removeAll(name)
                guard name.withCString({ linkat(source.number, $0, target.number, $0, 0) }) == 0 else {
                    throw ImageError.file("link", text())
                }
                continue
            }
            if target.kind(name) != .folder { try target.removeAll(name) }
            guard let made = target.folderMade(name) else { throw ImageError.file("make the folder", text()) }
            // Lower layers may have taken the right to write.
            fchmod(made.number, 0o700)
            try merge(child, into: made)
        }
        guard skerry_copy_metadata(source.number, target.number) == 0 else {
            throw ImageError.file("set the permissions of", "a folder of an image")
        }
    }
}
