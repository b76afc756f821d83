import Glibc

/// The kernel's one-line files under `/proc` and `/sys`.
public enum ControlFile {
    private static let maxBytes = 256 << 10

    /// The text of a file, at most 256 KiB of it; nil when it cannot be read.
    public static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < maxBytes {
            let count = Glibc.read(file, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The words of a file; none when it cannot be read.
    public static func words(_ path: String) -> [Substring] {
        (read(path) ?? "").split { $0 == " " || $0 == "\n" }
    }

    /// Writes a text in one call, as these files want it. Returns 0 or an errno.
    public static func write(_ text: String, to path: String) -> Int32 {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return errno }
        defer { close(file) }
        var text = text
        let count = text.withUTF8 { Glibc.write(file, $0.baseAddress, $0.count) }
        return count >= 0 ? 0 : errno
    }

    /// The names in a folder; none when it cannot be read.
    public static func names(in path: String) -> [String] { names(in: path) { _ in true } }

    /// The names of the folders in a folder, without links; none when it cannot be read.
    public static func folders(in path: String) -> [String] { names(in: path) { $0 == DT_DIR } }

    private static func names(in path: String, ofType isWanted: (Int) -> Bool) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            guard isWanted(Int(entry.pointee.d_type)) else { continue }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
