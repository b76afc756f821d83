/// The PEM files for mutual TLS with etcd. They are read once, when the connections are set up.
public struct EtcdTLSFiles: Sendable, Hashable {
    /// The certificates of the authorities that may have signed the members' certificates; no other is trusted.
    public var authorities: String
    /// This node's certificate, with intermediate ones behind it. Its common name is the user in etcd.
    public var certificate: String
    /// The key of ``certificate``, not encrypted.
    public var key: String

    /// - Parameters: Paths.
    public init(authorities: String, certificate: String, key: String) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }
}
