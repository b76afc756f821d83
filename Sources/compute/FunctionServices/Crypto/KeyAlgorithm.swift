/// The asymmetric algorithms, as calls name them.
struct KeyAlgorithm: Hashable, Sendable {
    enum Name: String, Codable, Sendable {
        case ecdsa = "ECDSA"
        case ecdh = "ECDH"
        case ed25519 = "Ed25519"
        case x25519 = "X25519"
    }

    /// The curves of NIST SP 800-186.
    enum Curve: String, Codable, Sendable, CaseIterable {
        case p256 = "P-256"
        case p384 = "P-384"
        case p521 = "P-521"
    }

    /// What a key pair consists of.
    struct Pair {
        /// PKCS #8 for the curves of NIST, 32 bytes otherwise.
        var secret: [UInt8]
        /// An uncompressed point (SEC 1, section 2.3.3) for the curves of NIST, 32 bytes otherwise.
        var open: [UInt8]
    }

    enum Family: Hashable, Sendable {
        case nist(Curve)
        case ed25519
        case x25519
    }

    let name: Name
    let family: Family

    /// - Throws: ``HostCallError`` `crypto/data` if the curve is missing.
    init(_ name: Name, curve: Curve?) throws {
        self.name = name
        switch name {
        case .ecdsa, .ecdh:
            guard let curve else { throw CryptoFailure.data("\(name.rawValue) needs a curve") }
            family = .nist(curve)
        case .ed25519: family = .ed25519
        case .x25519: family = .x25519
        }
    }
}
