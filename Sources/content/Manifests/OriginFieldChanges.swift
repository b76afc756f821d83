/// Changes to the header fields of a message: first some are removed, then some are written.
public struct OriginFieldChanges: Sendable, Hashable {
    /// Most fields that are removed, and most that are written.
    public static let maxFields = 64
    /// The longest name, in bytes.
    public static let maxNameBytes = 64
    /// The longest value, in bytes.
    public static let maxValueBytes = 4 << 10

    /// Values by their names in lower case; each takes the place of all that the message had under the name.
    public var written: [String: String]
    /// Names in lower case.
    public var removed: Set<String>

    /// Nothing is checked here; ``problem(withName:)`` and ``OriginManifest/problem`` do.
    public init(written: [String: String] = [:], removed: Set<String> = []) {
        self.written = written
        self.removed = removed
    }

    /// Whether nothing changes.
    public var isEmpty: Bool { written.isEmpty && removed.isEmpty }

    /// Names that belong to the connection or frame the message (RFC 9110, section 7.6.1): nobody changes them.
    public static let reservedNames: Set<String> = [
        "connection", "content-length", "host", "keep-alive", "proxy-authenticate", "proxy-authorization",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// What is wrong with a field's name in lower case; nil if nothing is.
    public static func problem(withName name: String) -> String? {
        guard (1...maxNameBytes).contains(name.utf8.count), name.utf8.allSatisfy(isTokenByte) else {
            return "is no name of a header field: 1 to \(maxNameBytes) letters, digits and hyphens"
        }
        if name == "host" { return "is set by the key host" }
        if reservedNames.contains(name) { return "belongs to the connection, and the node sets it itself" }
        return nil
    }

    /// What is wrong with a field's value; nil if nothing is.
    public static func problem(withValue value: String) -> String? {
        guard value.utf8.count <= maxValueBytes else { return "is longer than \(maxValueBytes) bytes" }
        guard value.utf8.allSatisfy({ ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x09 }) else {
            return "holds a byte that no header field may have; use visible ASCII and blanks"
        }
        let blanks: Set<Character> = [" ", "\t"]
        if let first = value.first, let last = value.last, blanks.contains(first) || blanks.contains(last) {
            return "begins or ends with a blank"
        }
        return nil
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), 0x30...0x39: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// The first thing that is wrong; nil if nothing is.
    var problem: String? {
        guard written.count <= OriginFieldChanges.maxFields, removed.count <= OriginFieldChanges.maxFields else {
            return "more than \(OriginFieldChanges.maxFields) header fields"
        }
        for name in removed.union(written.keys).sorted() {
            if let problem = OriginFieldChanges.problem(withName: name) {
                return "a header field that \(problem): \(name)"
            }
        }
        for (name, value) in written.sorted(by: { $0.key < $1.key }) {
            if let problem = OriginFieldChanges.problem(withValue: value) {
                return "a header field \(name) that \(problem)"
            }
        }
        return nil
    }
}
