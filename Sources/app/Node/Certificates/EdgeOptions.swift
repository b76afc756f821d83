public import Certificates
import Gateway

/// How a node speaks TLS, and where its certificates come from: `tls` in `node.json`. Nothing of it is on by default.
public struct TLSOptions: Codable, Sendable, Equatable {
    /// A certificate of the operator's own, in PEM files.
    public struct Files: Codable, Sendable, Equatable {
        /// The chain, the leaf first.
        public var chain: String
        /// The leaf's key.
        public var key: String

        public init(chain: String, key: String) {
            self.chain = chain
            self.key = key
        }
    }

    /// A certificate authority that speaks ACME (RFC 8555).
    public struct Authority: Codable, Sendable, Equatable {
        /// The URL of its directory, such as `https://acme-v02.api.letsencrypt.org/directory`.
        public var directory: String
        /// Where it writes to when something is wrong.
        public var contact: String?
        /// Whether you have read its terms of service and agree. Without it no account is made.
        public var agreesToTerms: Bool
        /// A PEM file with roots for its HTTPS, in place of the system's: for an authority of your own.
        public var roots: String?
        /// The challenges that may be used, best first: `http-01` and `tls-alpn-01`. Nil for both.
        public var challenges: [CertificateAuthority.Challenge]?

        public init(
            directory: String, contact: String? = nil, agreesToTerms: Bool, roots: String? = nil,
            challenges: [CertificateAuthority.Challenge]? = nil
        ) {
            self.directory = directory
            self.contact = contact
            self.agreesToTerms = agreesToTerms
            self.roots = roots
            self.challenges = challenges
        }
    }

    /// Where visitors' TLS is taken, in place of ``NodeConfiguration/secure``.
    public var address: NodeConfiguration.Address?
    /// Nil: this node orders no certificates. It still takes those of other nodes.
    public var authority: Authority?
    /// Certificates for the node's own names, or for a whole zone.
    public var certificates: [Files]?
    /// Names of the node itself, beside those below `localhost`, which get a certificate that only the node signed.
    public var names: [String]?
    /// Whether visitors of names that have a certificate are sent from cleartext to TLS (308); challenges of an authority
    /// are not. Nil for no.
    public var redirectsCleartext: Bool?
    /// The port in those redirects, for a port mapping in front of the node. Nil for that of ``address``.
    public var redirectPort: UInt16?
    /// How long browsers shall use TLS alone (RFC 6797), in seconds, said in every answer over TLS. Nil: not said. Who has
    /// heard it keeps to it.
    public var strictTransportSeconds: Int?

    public init(
        address: NodeConfiguration.Address? = nil, authority: Authority? = nil, certificates: [Files]? = nil,
        names: [String]? = nil, redirectsCleartext: Bool? = nil, redirectPort: UInt16? = nil,
        strictTransportSeconds: Int? = nil
    ) {
        self.address = address
        self.authority = authority
        self.certificates = certificates
        self.names = names
        self.redirectsCleartext = redirectsCleartext
        self.redirectPort = redirectPort
        self.strictTransportSeconds = strictTransportSeconds
    }

    /// Tells the gateway what concerns all its connections.
    func apply(to settings: inout Gateway.Settings.TLS) {
        settings.redirectsCleartext = redirectsCleartext ?? false
        settings.redirectPort = redirectPort.map { Int($0) }
        settings.strictTransport = strictTransportSeconds.map { .seconds($0) }
    }
}

/// How a node looks at custom domains: `domains` in `node.json`.
public struct DomainOptions: Codable, Sendable, Equatable {
    /// The environment's variable with resolvers, separated by commas, for a node whose configuration names none.
    public static let variable = "SKERRY_DNS"

    /// Recursive resolvers as `address:port`. Nil for those of ``variable``, else of `/etc/resolv.conf`.
    public var resolvers: [String]?
    /// The network's name in the DNS, such as `edge.example.net`: a domain that is an alias of `<app>.<zone>` is proved.
    public var zone: String?

    public init(resolvers: [String]? = nil, zone: String? = nil) {
        self.resolvers = resolvers
        self.zone = zone
    }

    /// The resolvers to ask.
    ///
    /// - Parameter environment: The process's.
    public func servers(_ environment: [String: String]) -> [String] {
        if let resolvers, !resolvers.isEmpty { return resolvers }
        let text = environment[DomainOptions.variable] ?? ""
        return text.split(separator: ",").map { $0.trimmingPrefix(" ").description }.filter { !$0.isEmpty }
    }
}
