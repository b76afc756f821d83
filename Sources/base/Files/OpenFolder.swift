#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An open folder. All below it is reached name by name and no symbolic link is ever followed, so that nobody who changes
/// names meanwhile can lead outside. Names are bytes: they need not be text.
///
/// Calls block. They give nil when the system refuses; `errno` says why.
public final class OpenFolder: Sendable {
    private static let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW

    /// The descriptor; closed with this object.
    public let number: CInt

    /// Opens the folder at a path, whose last name may not be a link.
    public convenience init?(path: String) { self.init(number: open(path, OpenFolder.flags)) }

    private init?(number: CInt) {
        guard number >= 0 else { return nil }
        self.number = number
    }

    deinit { close(number) }

    /// Opens a folder in this one.
    public func folder(_ name: [UInt8]) -> OpenFolder? {
        OpenFolder(number: name.withCString { openat(number, $0, OpenFolder.flags) })
    }

    /// Opens a folder in this one, made with mode 0700 if there is none.
    public func folderMade(_ name: [UInt8]) -> OpenFolder? {
        if name.withCString({ mkdirat(number, $0, 0o700) }) != 0, errno != EEXIST { return nil }
        return folder(name)
    }

    /// Opens a file in this folder for reading: a descriptor for the caller to close, or -1. A pipe is opened without waiting
    /// for its writer, so look at what it is.
    public func file(_ name: [UInt8]) -> CInt {
        name.withCString { openat(number, $0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
    }

    /// The names in the folder without `.` and `..`, in no order.
    ///
    /// - Parameter limit: When there are more, `errno` is E2BIG.
    public func names(limit: Int = .max) -> [[UInt8]]? { OpenFolder.names(in: number, limit: limit) }

    /// The names in a folder that somebody else holds open.
    public static func names(in number: CInt, limit: Int = .max) -> [[UInt8]]? {
        // The stream takes the descriptor over; reading moves its position, so it gets its own open folder.
        let copy = openat(number, ".", OpenFolder.flags)
        guard copy >= 0 else { return nil }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return nil
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2e], name != [0x2e, 0x2e] { names.append(name) }
            guard names.count <= limit else {
                errno = E2BIG
                return nil
            }
            errno = 0
        }
        return errno == 0 ? names : nil
    }
}

extension [UInt8] {
    /// Calls `body` with the bytes and a zero byte behind them.
    public func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        var bytes = map { CChar(bitPattern: $0) }
        bytes.append(0)
        return bytes.withUnsafeBufferPointer { buffer in
            // Never empty, so it has an address.
            buffer.baseAddress.map(body) ?? "".withCString(body)
        }
    }
}
