/// `node.json`: where a node listens, and what its operator decides. Made by `skerry up`, `node init` and `node join`, read at
/// every start.
public struct NodeConfiguration: Codable, Sendable, Equatable {
    /// A host and a port.
    public struct Address: Codable, Sendable, Equatable, CustomStringConvertible {
        public var host: String
        public var port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// For visitors.
    public var gateway: Address
    /// For visitors over TLS; nil for none.
    public var secure: Address?
    /// For other nodes; the ledger announces it.
    public var peer: Address
    /// For the operator and developers; loopback unless you mean it.
    public var control: Address
    /// Bytes that the blob store may take; nil for what the disk gives. What is not pinned makes way, coldest first.
    public var quotaBytes: Int?
    /// From this size on uploads are written around the page cache; nil for never. See `docs/design/blob-store.md`.
    public var directStreamBytes: Int?
    /// The ledger's engine and limits; nil for the defaults: a log of this node's own, on SQLite.
    public var ledger: LedgerConfiguration?
    /// Origins and their stored answers; nil: only public addresses, no directories.
    public var origins: OriginsConfiguration?
    /// TLS for visitors, and certificates; nil for none.
    public var tls: TLSOptions?
    /// How custom domains are looked at; nil for the system's resolvers.
    public var domains: DomainOptions?
    /// Prices, and when the node settles what it is paid; nil for the defaults.
    public var payments: PaymentOptions?
    /// Machines; nil: as many as the host can run.
    public var machines: MachineOptions?

    public init(
        gateway: Address, peer: Address, control: Address, quotaBytes: Int? = nil, ledger: LedgerConfiguration? = nil,
        tls: TLSOptions? = nil, domains: DomainOptions? = nil
    ) {
        self.gateway = gateway
        self.peer = peer
        self.control = control
        self.quotaBytes = quotaBytes
        self.ledger = ledger
        self.tls = tls
        self.domains = domains
    }

    /// What is wrong with the values, if anything: a sentence for the operator.
    var fault: String? {
        let addresses = [("gateway", gateway), ("secure", secure), ("peer", peer), ("control", control)]
        for case (let name, let address?) in addresses {
            guard (0...65_535).contains(address.port) else {
                return "the port of `\(name)` is \(address.port); a port is from 1 to 65535, or 0 for any"
            }
        }
        if let quotaBytes, quotaBytes < 1 {
            return "`quotaBytes` is \(quotaBytes); leave it out for all that the disk gives"
        }
        if let directStreamBytes, directStreamBytes < 0 {
            return "`directStreamBytes` is \(directStreamBytes); leave it out for never"
        }
        return origins?.fault
    }
}

extension DecodingError {
    /// What is wrong where, for whoever wrote the file.
    var explanation: String {
        func place(_ path: [any CodingKey]) -> String {
            "`" + path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".") + "`"
        }
        switch self {
        case .keyNotFound(let key, let context): return "\(place(context.codingPath + [key])) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(place(context.codingPath)) has another type: \(context.debugDescription)"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? context.debugDescription : "\(place(context.codingPath)): \(context.debugDescription)"
        @unknown default: return "\(self)"
        }
    }
}
