public import Outbound

/// A host that origins may have although its addresses are not public: an entry of what a node's operator allows.
public struct AllowedHost: Hashable, Sendable {
    /// What an entry names.
    public enum Subject: Hashable, Sendable {
        /// A host by its name, in lower case, whatever addresses it has.
        case name(String)
        /// Addresses, however a URL names them.
        case block(AddressBlock)
    }

    /// Which hosts.
    public let subject: Subject
    /// The only port; nil: any.
    public let port: UInt16?

    /// From text: a name, an address or a block in CIDR notation, each perhaps with a colon and a port behind it; an IPv6
    /// address with a port stands in brackets. Nil if it is none of these.
    public init?(_ text: String) {
        if let block = AddressBlock(text) {
            subject = .block(block)
            port = nil
            return
        }
        var host = text[...]
        var port: UInt16?
        if let colon = host.lastIndex(of: ":") {
            guard let number = UInt16(host[host.index(after: colon)...]), number > 0 else { return nil }
            port = number
            host = host[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        if let block = AddressBlock(String(host)) {
            subject = .block(block)
        } else {
            // Digits and dots alone are an address with a mistake.
            guard host.contains(where: { $0.isLetter }), host.utf8.allSatisfy(Self.isNameByte) else { return nil }
            subject = .name(host.lowercased())
        }
        self.port = port
    }

    func allows(_ host: HTTPURL.Host, port: UInt16) -> Bool {
        switch (subject, host) {
        case (.name(let allowed), .name(let name)): allowed == name && covers(port)
        case (_, .address(let address)): allows(address, port: port)
        default: false
        }
    }

    func allows(_ address: IPAddress, port: UInt16) -> Bool {
        guard case .block(let block) = subject else { return false }
        return block.contains(address) && covers(port)
    }

    private func covers(_ port: UInt16) -> Bool { self.port.map { $0 == port } ?? true }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
