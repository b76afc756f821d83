import Blake3
public import Identity

/// How the holder of a domain shows that an app may answer to it: by a TXT record that only the domain's holder can set,
/// or by a CNAME to the app's name below a name of the network.
///
/// The token says which account and which app it is for, so that nobody can use another's.
public struct DomainProof: Hashable, Sendable {
    /// What begins the text of a TXT record.
    public static let prefix = "skerry-app="
    /// What stands before the domain in the TXT record's name.
    public static let label = "_skerry"
    private static let context = "skerry 2026-11 domain proof"

    /// The domain, in lower case.
    public let domain: String
    /// The app's name.
    public let app: String
    /// The text of the TXT record.
    public let text: String
    /// What a CNAME must lead to: `<app>.<name of the network>`; nil if the network has no name in the DNS.
    public let target: String?

    /// - Parameters:
    ///   - network: The network's identifier, as bytes.
    ///   - account: Who owns the app's name.
    ///   - zone: The network's name in the DNS, such as `edge.example.net`.
    public init(domain: String, app: String, account: AccountID, network: [UInt8], zone: String?) {
        self.domain = domain
        self.app = app
        let material = network + account.digest.bytes + Array("\(app)\n\(domain)".utf8)
        let digest = material.withUnsafeBytes { Blake3.deriveKey(context: DomainProof.context, $0) }
        text = DomainProof.prefix + digest.hex
        target = zone.map { "\(app).\($0)" }
    }

    /// The name of the TXT record.
    public var recordName: String { "\(DomainProof.label).\(domain)" }

    /// What a look at the DNS shows.
    public enum Verdict: Hashable, Sendable {
        /// The record is there.
        case proved
        /// The DNS answered and has no such record: what it has instead, for people.
        case absent(String)
        /// The DNS did not answer, which says nothing about the domain.
        case unknown(String)
    }

    /// Judges what the DNS answered: to ``recordName`` for TXT, and to the domain for CNAME.
    ///
    /// - Parameters: Nil for what was not answered, with the reason in `problem`.
    public func verdict(texts: [DNSRecord]?, aliases: [DNSRecord]?, problem: String = "") -> Verdict {
        let found = texts.map { DomainProof.follow(recordName, $0) } ?? []
        if found.contains(text) { return .proved }
        let chain = aliases.map { DomainProof.chain(domain, $0) } ?? []
        if let target, chain.contains(target) { return .proved }
        guard texts != nil, aliases != nil || target == nil else { return .unknown(problem) }
        if let other = found.first(where: { $0.hasPrefix(DomainProof.prefix) }) {
            return .absent("\(recordName) has a TXT record for another account or app: \(other.prefix(100))")
        }
        let aliased = chain.last.map { ", and \(domain) leads to \($0)" } ?? ""
        return .absent("\(recordName) has no TXT record with this app's text\(aliased)")
    }

    /// The texts of a name, which may be an alias.
    private static func follow(_ name: String, _ records: [DNSRecord]) -> [String] {
        let owners = Set([name] + chain(name, records))
        return records.compactMap {
            if case .txt(let text) = $0.value, owners.contains($0.name) { text } else { nil }
        }
    }

    /// The names that `name` stands for, one after the other.
    private static func chain(_ name: String, _ records: [DNSRecord]) -> [String] {
        var chain: [String] = []
        var name = name
        while chain.count < 16 {
            let next = records.lazy.compactMap { record -> String? in
                guard case .cname(let target) = record.value, record.name == name else { return nil }
                return target
            }.first
            guard let next, !chain.contains(next) else { break }
            chain.append(next)
            name = next
        }
        return chain
    }
}
