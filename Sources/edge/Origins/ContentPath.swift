/// The path of a request to an origin that has files rather than a server.
struct ContentPath: Equatable, Sendable {
    /// Longest path, encoded.
    static let maxBytes = 4_096
    /// The file of a folder.
    static let index = "index.html"

    /// The parts between slashes, decoded; none of them is empty, `.` or `..`, or has a slash or zero byte in it.
    var segments: [String]
    /// Whether a folder is asked for by a slash at the end.
    var isFolder: Bool

    /// - Parameter path: Percent-encoded, begins with a slash.
    /// - Throws: ``OriginError`` with the code `notFound` for paths that name nothing.
    init(_ path: String) throws(OriginError) {
        guard path.hasPrefix("/"), path.utf8.count <= Self.maxBytes else { throw Self.missing(path) }
        var parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        isFolder = parts.last?.isEmpty == true
        if isFolder { parts.removeLast() }
        segments = []
        for part in parts {
            guard let bytes = PercentEncoding.decode(part), let name = String(validating: bytes, as: UTF8.self),
                !name.isEmpty, name != ".", name != "..", !bytes.contains(0), !bytes.contains(UInt8(ascii: "/"))
            else { throw Self.missing(path) }
            segments.append(name)
        }
    }

    /// The segments of the file: those of a folder with ``index``.
    var fileSegments: [String] { isFolder ? segments + [Self.index] : segments }

    /// Whether a name begins with a dot, as those of files that are not for visitors do; `.well-known` at the top is (RFC
    /// 8615).
    var isHidden: Bool {
        segments.enumerated().contains { $1.hasPrefix(".") && !($0 == 0 && $1 == ".well-known") }
    }

    private static func missing(_ path: String) -> OriginError {
        OriginError(.notFound, "no file can have the path \(path.prefix(200))")
    }
}
