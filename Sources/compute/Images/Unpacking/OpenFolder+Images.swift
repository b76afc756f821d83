import CLinux
import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension OpenFolder {
    /// - Throws: ``ImageError`` `.ioFailed`.
    static func at(_ path: String) throws(ImageError) -> OpenFolder {
        guard let folder = OpenFolder(path: path) else { throw ImageError.file("open the folder", path) }
        return folder
    }

    /// The names in the folder.
    ///
    /// - Throws: ``ImageError`` `.ioFailed`.
    func listed() throws(ImageError) -> [[UInt8]] {
        guard let names = names() else { throw ImageError.file("list", "a folder of an image") }
        return names
    }

    /// Removes a name and all that is below it; nothing if there is none.
    ///
    /// - Throws: ``ImageError`` `.ioFailed`.
    func removeAll(_ name: [UInt8]) throws(ImageError) {
        if name.withCString({ unlinkat(number, $0, 0) }) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM, let child = folderToEmpty(name) else {
            throw ImageError.file("remove", String(decoding: name, as: UTF8.self))
        }
        try child.empty()
        guard name.withCString({ unlinkat(number, $0, AT_REMOVEDIR) }) == 0 || errno == ENOENT else {
            throw ImageError.file("remove", String(decoding: name, as: UTF8.self))
        }
    }

    /// Removes all that is in the folder. The depth is at most that of a path: each name takes two bytes of it.
    func empty() throws(ImageError) {
        for name in try listed() { try removeAll(name) }
    }

    /// A folder that one may list and empty, whatever its permissions were.
    private func folderToEmpty(_ name: [UInt8]) -> OpenFolder? {
        if let child = folder(name) {
            fchmod(child.number, 0o700)
            return child
        }
        guard errno == EACCES, kind(name) == .folder, name.withCString({ fchmodat(number, $0, 0o700, 0) }) == 0 else {
            return nil
        }
        return folder(name)
    }

    /// What is behind a name.
    enum Kind {
        case folder, file, link, other
    }

    /// Nil if there is nothing.
    func kind(_ name: [UInt8]) -> Kind? {
        switch name.withCString({ skerry_kind_of_name(number, $0) }) {
        case SKERRY_KIND_FOLDER: .folder
        case SKERRY_KIND_FILE: .file
        case SKERRY_KIND_LINK: .link
        case SKERRY_KIND_OTHER: .other
        default: nil
        }
    }
}
