import CLinux

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An open folder. All below it is reached name by name, and no symbolic link is ever followed.
final class FolderDescriptor: Sendable {
    let number: CInt

    /// - Throws: ``ImageError`` `.ioFailed`.
    init(path: String) throws(ImageError) {
        let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else { throw ImageError.file("open the folder", path) }
        self.number = number
    }

    private init(number: CInt) { self.number = number }

    deinit { close(number) }

    /// Opens a folder in this one; nil with errno when there is none, or it is no folder.
    func folder(_ name: [UInt8]) -> FolderDescriptor? {
        let child = name.withCString { openat(number, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) }
        return child < 0 ? nil : FolderDescriptor(number: child)
    }

    /// Opens a folder in this one, made with mode 0700 if there is none; nil with errno when something else is there.
    func folderMade(_ name: [UInt8]) -> FolderDescriptor? {
        if name.withCString({ mkdirat(number, $0, 0o700) }) != 0, errno != EEXIST { return nil }
        return folder(name)
    }

    /// Another descriptor of the same folder; nil with errno.
    func duplicate() -> FolderDescriptor? {
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
        return copy < 0 ? nil : FolderDescriptor(number: copy)
    }

    /// The names in the folder, without `.` and `..`.
    ///
    /// - Throws: ``ImageError`` `.ioFailed`.
    func names() throws(ImageError) -> [[UInt8]] {
        // The stream takes the descriptor over; reading moves its position, so it gets its own open folder.
        let copy = openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { throw ImageError.file("list", "a folder of an image") }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2e], name != [0x2e, 0x2e] { names.append(name) }
        }
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
        for name in try names() { try removeAll(name) }
    }

    /// A folder that one may list and empty, whatever its permissions were.
    private func folderToEmpty(_ name: [UInt8]) -> FolderDescriptor? {
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

extension [UInt8] {
    /// Calls `body` with the bytes and a zero byte behind them.
    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        var bytes = map { CChar(bitPattern: $0) }
        bytes.append(0)
        return bytes.withUnsafeBufferPointer { buffer in
            // Never empty, so it has an address.
            buffer.baseAddress.map(body) ?? "".withCString(body)
        }
    }
}
