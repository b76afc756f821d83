import Identity

/// What a request's host says about who should answer.
enum HostName: Equatable {
    /// `<name>.localhost`
    case app(String)
    /// `<blob id>.localhost`
    case blob(BlobID)
    /// Some other name below `localhost`, which nobody can own.
    case unknown(String)
    /// The node itself, under whatever name or address.
    case node

    private static let suffix = ".localhost"
    private static let maxNameBytes = 63

    /// - Parameter host: In lower case, without a port. A blob's id wins over an app of the same name.
    init(_ host: String) {
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        guard name.hasSuffix(HostName.suffix) else {
            self = .node
            return
        }
        let label = String(name.dropLast(HostName.suffix.count))
        if label.utf8.count > 40, let id = BlobID(label) {
            self = .blob(id)
        } else if HostName.isAppName(label) {
            self = .app(label)
        } else {
            self = .unknown(label)
        }
    }

    /// 1 to 63 lower-case letters, digits and inner hyphens.
    static func isAppName(_ label: String) -> Bool {
        let bytes = label.utf8
        let hyphen = UInt8(ascii: "-")
        return (1...maxNameBytes).contains(bytes.count) && bytes.first != hyphen && bytes.last != hyphen
            && bytes.allSatisfy {
                $0 == hyphen || HTTPCharacters.isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
            }
    }

    /// Whether `host` can only mean this machine or an address, so that no web page elsewhere can stand behind it (a
    /// name can be made to point at a private address after the page has loaded).
    static func isAddress(_ host: String) -> Bool {
        host == "localhost" || host.hasPrefix("[")
            || host.utf8.allSatisfy { HTTPCharacters.isDigit($0) || $0 == UInt8(ascii: ".") }
    }
}
