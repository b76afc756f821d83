/// The other nodes, as far as certificates are concerned.
public protocol CertificateFleet: Sendable {
    /// The domains that are bound to apps which this node serves, and whose proof it has seen. No certificate is ordered,
    /// taken or given for any other.
    func domains() -> Set<String>

    /// Whether it is this node that orders for a domain: one of the living nodes that serve its app.
    func leads(_ domain: String) -> Bool

    /// Gives a certificate to the other nodes that serve the domain's app, sealed to each. Who is away asks later.
    func share(_ material: CertificateMaterial, for domain: String) async

    /// What the other nodes that serve the domain's app have; the one that lives longest; nil if they have none.
    func fetch(_ domain: String) async -> CertificateMaterial?
}
