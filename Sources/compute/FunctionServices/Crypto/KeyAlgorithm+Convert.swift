import Crypto
import Foundation
import NIOCore

/// The forms in which keys come and go.
enum KeyForm: String, Codable, Sendable {
    /// A private key: PKCS #8 DER (RFC 5208, RFC 5958).
    case pkcs8
    /// A public key: SubjectPublicKeyInfo DER (RFC 5280).
    case spki
    /// A public key: an uncompressed point, or 32 bytes.
    case raw
    /// A private key as signing and deriving take it: PKCS #8 for the curves of NIST, 32 bytes otherwise.
    case secret = "private"
    /// What a JWK consists of: the private part (the scalar or 32 bytes; of length 0 for a public key) with its length
    /// before it, then the public key as in `raw`.
    case jwk
}

extension KeyAlgorithm {
    /// A key in another form. Private keys become public ones where the form asks for that, never the reverse.
    ///
    /// - Throws: ``HostCallError`` `crypto/data` for what is no key of this algorithm and form, also if a JWK's parts do
    ///   not belong together, and for a public key that should become a private one.
    func convert(_ bytes: [UInt8], from: KeyForm, to: KeyForm) throws -> [UInt8] {
        switch family {
        case .nist(.p256): return try convert(bytes, from, to, P256.Signing.PrivateKey.self)
        case .nist(.p384): return try convert(bytes, from, to, P384.Signing.PrivateKey.self)
        case .nist(.p521): return try convert(bytes, from, to, P521.Signing.PrivateKey.self)
        case .ed25519, .x25519: return try convert25519(bytes, from, to)
        }
    }

    private func convert<Key: NISTSigningKey>(_ bytes: [UInt8], _ from: KeyForm, _ to: KeyForm, _: Key.Type) throws
        -> [UInt8]
    {
        var key: Key?
        var open: Key.Public?
        switch from {
        case .pkcs8, .secret: key = try Self.secretKey(bytes)
        case .spki: open = try? Key.Public(der: bytes)
        case .raw: open = try? Key.Public(point: bytes)
        case .jwk:
            let (scalar, point) = try Self.jwkParts(bytes)
            open = try? Key.Public(point: point)
            if !scalar.isEmpty {
                guard let made = try? Key(scalar: scalar) else { throw Self.noSecret }
                guard Array(made.publicKey.x963Representation) == point else { throw Self.mismatch }
                key = made
            }
        }
        guard let open = key?.publicKey ?? open else { throw Self.noPublic }
        switch to {
        case .raw: return Array(open.x963Representation)
        case .spki: return Array(open.derRepresentation)
        case .jwk: return Self.jwk(key.map { Array($0.rawRepresentation) }, Array(open.x963Representation))
        case .pkcs8, .secret:
            guard let key else { throw Self.isPublic }
            return Array(key.derRepresentation)
        }
    }

    private func convert25519(_ bytes: [UInt8], _ from: KeyForm, _ to: KeyForm) throws -> [UInt8] {
        var seed: [UInt8]?
        var open: [UInt8] = []
        switch from {
        case .pkcs8:
            guard let found = Keys25519.seed(pkcs8: bytes, family) else { throw Self.noSecret }
            seed = found
        case .secret: seed = bytes
        case .spki:
            guard let found = Keys25519.key(spki: bytes, family) else { throw Self.noPublic }
            open = found
        case .raw: open = bytes
        case .jwk:
            let (secret, point) = try Self.jwkParts(bytes)
            open = point
            if !secret.isEmpty {
                guard try publicPart(of: secret) == point else { throw Self.mismatch }
                seed = secret
            }
        }
        if let seed { open = try publicPart(of: seed) }
        guard open.count == Keys25519.byteCount else { throw Self.noPublic }
        switch to {
        case .raw: return open
        case .spki: return Keys25519.spki(open, family)
        case .jwk: return Self.jwk(seed, open)
        case .pkcs8:
            guard let seed else { throw Self.isPublic }
            return Keys25519.pkcs8(seed, family)
        case .secret:
            guard let seed else { throw Self.isPublic }
            return seed
        }
    }

    private func publicPart(of seed: [UInt8]) throws -> [UInt8] {
        if family == .x25519 {
            guard let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: seed) else {
                throw Self.noSecret
            }
            return Array(key.publicKey.rawRepresentation)
        }
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { throw Self.noSecret }
        return Array(key.publicKey.rawRepresentation)
    }

    private static let mismatch = CryptoFailure.data("the private and the public part do not belong together")
    private static let isPublic = CryptoFailure.data("a public key does not become a private one")

    private static func jwkParts(_ bytes: [UInt8]) throws -> (secret: [UInt8], open: [UInt8]) {
        guard let parts = LengthPrefixed.split(.init(bytes: bytes), into: 2) else {
            throw CryptoFailure.data("the key's parts are cut off")
        }
        return (parts[0], parts[1])
    }

    private static func jwk(_ secret: [UInt8]?, _ open: [UInt8]) -> [UInt8] {
        Array(LengthPrefixed.join([secret ?? [], open]).readableBytesView)
    }
}
