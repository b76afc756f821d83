import Crypto
import Foundation

/// Making keys and using them. Errors are ``HostCallError``s: `crypto/data` for what is no key, `crypto/operation`
/// for what cannot be done with it.
extension KeyAlgorithm {
    func generate() -> Pair {
        func nist<Key: NISTSigningKey>(_: Key.Type) -> Pair {
            let key = Key()
            return Pair(secret: Array(key.derRepresentation), open: Array(key.publicKey.x963Representation))
        }
        switch family {
        case .nist(.p256): return nist(P256.Signing.PrivateKey.self)
        case .nist(.p384): return nist(P384.Signing.PrivateKey.self)
        case .nist(.p521): return nist(P521.Signing.PrivateKey.self)
        case .ed25519:
            let key = Curve25519.Signing.PrivateKey()
            return Pair(secret: Array(key.rawRepresentation), open: Array(key.publicKey.rawRepresentation))
        case .x25519:
            let key = Curve25519.KeyAgreement.PrivateKey()
            return Pair(secret: Array(key.rawRepresentation), open: Array(key.publicKey.rawRepresentation))
        }
    }

    /// ECDSA (FIPS 186-5): r and s one after the other; Ed25519 (RFC 8032): 64 bytes.
    ///
    /// - Parameter hash: What ECDSA hashes the data with.
    func sign(_ data: [UInt8], secret: [UInt8], hash: HashName?) throws -> [UInt8] {
        func nist<Key: NISTSigningKey>(_: Key.Type) throws -> [UInt8] {
            guard let hash else { throw CryptoFailure.data("ECDSA needs a hash") }
            let key: Key = try Self.secretKey(secret)
            do { return try key.signature(over: data, hash: hash) } catch {
                throw CryptoFailure.operation("the data cannot be signed")
            }
        }
        try require(name == .ecdsa || name == .ed25519, "sign")
        switch family {
        case .nist(.p256): return try nist(P256.Signing.PrivateKey.self)
        case .nist(.p384): return try nist(P384.Signing.PrivateKey.self)
        case .nist(.p521): return try nist(P521.Signing.PrivateKey.self)
        case .ed25519, .x25519:
            guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: secret) else { throw Self.noSecret }
            do { return Array(try key.signature(for: data)) } catch {
                throw CryptoFailure.operation("the data cannot be signed")
            }
        }
    }

    /// Whether a signature is valid; one that is malformed is not.
    func verify(_ signature: [UInt8], of data: [UInt8], open: [UInt8], hash: HashName?) throws -> Bool {
        func nist<Key: NISTPublicKey>(_: Key.Type) throws -> Bool {
            guard let hash else { throw CryptoFailure.data("ECDSA needs a hash") }
            guard let key = try? Key(point: open) else { throw Self.noPublic }
            return key.isValid(signature, over: data, hash: hash)
        }
        try require(name == .ecdsa || name == .ed25519, "verify")
        switch family {
        case .nist(.p256): return try nist(P256.Signing.PublicKey.self)
        case .nist(.p384): return try nist(P384.Signing.PublicKey.self)
        case .nist(.p521): return try nist(P521.Signing.PublicKey.self)
        case .ed25519, .x25519:
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: open) else { throw Self.noPublic }
            return key.isValidSignature(signature, for: data)
        }
    }

    /// The secret that two key pairs share: the x coordinate (SEC 1, section 3.3.1), or RFC 7748's 32 bytes.
    func derive(secret: [UInt8], other: [UInt8]) throws -> [UInt8] {
        func shared(_ make: () throws -> SharedSecret) throws -> [UInt8] {
            do { return try make().withUnsafeBytes(Array.init) } catch {
                throw CryptoFailure.operation("these keys share no secret")
            }
        }
        try require(name == .ecdh || name == .x25519, "derive bits")
        switch family {
        case .nist(.p256):
            guard let open = try? P256.KeyAgreement.PublicKey(x963Representation: other) else { throw Self.noPublic }
            let key: P256.Signing.PrivateKey = try Self.secretKey(secret)
            return try shared {
                try P256.KeyAgreement.PrivateKey(rawRepresentation: key.rawRepresentation)
                    .sharedSecretFromKeyAgreement(with: open)
            }
        case .nist(.p384):
            guard let open = try? P384.KeyAgreement.PublicKey(x963Representation: other) else { throw Self.noPublic }
            let key: P384.Signing.PrivateKey = try Self.secretKey(secret)
            return try shared {
                try P384.KeyAgreement.PrivateKey(rawRepresentation: key.rawRepresentation)
                    .sharedSecretFromKeyAgreement(with: open)
            }
        case .nist(.p521):
            guard let open = try? P521.KeyAgreement.PublicKey(x963Representation: other) else { throw Self.noPublic }
            let key: P521.Signing.PrivateKey = try Self.secretKey(secret)
            return try shared {
                try P521.KeyAgreement.PrivateKey(rawRepresentation: key.rawRepresentation)
                    .sharedSecretFromKeyAgreement(with: open)
            }
        case .ed25519, .x25519:
            guard let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: secret) else {
                throw Self.noSecret
            }
            guard let open = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: other) else {
                throw Self.noPublic
            }
            let secret = try shared { try key.sharedSecretFromKeyAgreement(with: open) }
            // Points of small order give nothing but zeros (RFC 7748, section 6.1).
            guard secret.reduce(0, |) != 0 else { throw CryptoFailure.operation("these keys share no secret") }
            return secret
        }
    }

    /// A private key from PKCS #8, and from nothing else.
    static func secretKey<Key: NISTSigningKey>(_ der: [UInt8]) throws -> Key {
        guard isPKCS8(der), let key = try? Key(der: der) else { throw noSecret }
        return key
    }

    static let noSecret = CryptoFailure.data("the private key is none of this algorithm")
    static let noPublic = CryptoFailure.data("the public key is none of this algorithm")

    private func require(_ isFit: Bool, _ verb: String) throws {
        guard isFit else { throw CryptoFailure.unsupported("\(name.rawValue) cannot \(verb)") }
    }

    /// A sequence that begins with version 0 and the algorithm: older forms of private keys have version 1.
    private static func isPKCS8(_ der: [UInt8]) -> Bool {
        guard der.count > 8, der[0] == 0x30 else { return false }
        let lengthBytes = der[1] < 0x80 ? 0 : Int(der[1] & 0x7f)
        return der.dropFirst(2 + lengthBytes).starts(with: [0x02, 0x01, 0x00, 0x30])
    }
}
