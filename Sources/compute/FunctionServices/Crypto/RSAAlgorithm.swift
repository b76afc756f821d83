import Crypto
import CryptoExtras
import Foundation

/// The algorithms of RSA (RFC 8017). Private keys come as PKCS #8, public ones as SubjectPublicKeyInfo, both DER.
///
/// Errors are ``HostCallError``s: `crypto/data` for what is no key, `crypto/operation` for what cannot be done with it.
enum RSAAlgorithm: String, Sendable {
    case pkcs1 = "RSASSA-PKCS1-v1_5"
    case pss = "RSA-PSS"
    case oaep = "RSA-OAEP"

    /// Lengths of moduli in bits. Below, the library refuses keys; above, a private operation takes tens of milliseconds.
    static let modulusBits = 1_024...4_096

    /// What making a key takes, in iterations of PBKDF2: it grows with the fourth power of the length.
    static func generationCost(bits: Int) -> Double {
        let ratio = Double(bits) / 2_048
        return 200_000 * ratio * ratio * ratio * ratio
    }

    /// A key pair with the public exponent 65,537.
    func generate(bits: Int) throws -> KeyAlgorithm.Pair {
        guard Self.modulusBits.contains(bits), bits.isMultiple(of: 128) else {
            throw CryptoFailure.operation("keys of RSA have 1,024 to 4,096 bits here, in steps of 128")
        }
        guard let key = try? _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: bits)) else {
            throw CryptoFailure.operation("the key cannot be made")
        }
        return KeyAlgorithm.Pair(
            secret: Array(key.pkcs8DERRepresentation), open: Array(key.publicKey.derRepresentation))
    }

    /// A key in its own form or as the public one, checked: private keys become public ones, never the reverse.
    func convert(_ bytes: [UInt8], from: KeyForm, to: KeyForm) throws -> [UInt8] {
        switch (from, to) {
        case (.pkcs8, .pkcs8): return Array(try Self.secretKey(bytes).pkcs8DERRepresentation)
        case (.pkcs8, .spki): return Array(try Self.secretKey(bytes).publicKey.derRepresentation)
        case (.spki, .spki): return Array(try Self.publicKey(bytes).derRepresentation)
        default: throw CryptoFailure.unsupported("keys of RSA come and go as pkcs8 and spki")
        }
    }

    // MARK: Signatures

    /// - Parameter saltLength: Of PSS, in bytes.
    func sign(_ data: [UInt8], secret: [UInt8], hash: HashName?, saltLength: Int?) throws -> [UInt8] {
        let hash = try needed(hash)
        let key = try Self.secretKey(secret)
        switch self {
        case .pkcs1:
            do { return try hash.pkcs1Signature(of: data, key) } catch {
                throw CryptoFailure.operation("the data cannot be signed")
            }
        case .pss:
            let saltLength = saltLength ?? hash.byteCount
            guard (0...(Self.modulusBits.upperBound / 8)).contains(saltLength),
                let block = RSAPadding(hash: hash).encodePSS(
                    data, salt: Self.random(saltLength), bits: key.keySizeInBits - 1)
            else { throw CryptoFailure.operation("the key is too short for this hash and saltLength") }
            return try Self.transform(block, secret: secret, byteCount: (key.keySizeInBits + 7) / 8)
        case .oaep: throw CryptoFailure.unsupported("RSA-OAEP does not sign")
        }
    }

    /// Whether a signature is valid; one that is malformed is not.
    func verify(_ signature: [UInt8], of data: [UInt8], open: [UInt8], hash: HashName?, saltLength: Int?) throws -> Bool
    {
        let hash = try needed(hash)
        let key = try Self.publicKey(open)
        switch self {
        case .pkcs1: return hash.isPKCS1Signature(signature, of: data, key)
        case .pss:
            let byteCount = (key.keySizeInBits + 7) / 8
            guard signature.count == byteCount, let block = try Self.transform(signature, open: key) else {
                return false
            }
            let bits = key.keySizeInBits - 1
            let length = (bits + 7) / 8
            guard block.prefix(byteCount - length).allSatisfy({ $0 == 0 }) else { return false }
            return RSAPadding(hash: hash).verifyPSS(
                Array(block.suffix(length)), data, saltLength: saltLength ?? hash.byteCount, bits: bits)
        case .oaep: throw CryptoFailure.unsupported("RSA-OAEP does not sign")
        }
    }

    // MARK: Encryption

    static func encrypt(_ data: [UInt8], label: [UInt8], open: [UInt8], hash: HashName) throws -> [UInt8] {
        let key = try publicKey(open)
        let padded = RSAPadding(hash: hash).encodeOAEP(
            data, label: label, seed: random(hash.byteCount), length: (key.keySizeInBits + 7) / 8)
        guard let padded, let result = try transform(padded, open: key) else {
            throw CryptoFailure.operation("the data is too long for this key and hash")
        }
        return result
    }

    static func decrypt(_ data: [UInt8], label: [UInt8], secret: [UInt8], hash: HashName) throws -> [UInt8] {
        let byteCount = (try secretKey(secret).keySizeInBits + 7) / 8
        let failure = CryptoFailure.operation("RSA-OAEP cannot decrypt this")
        guard data.count == byteCount, let block = try? transform(data, secret: secret, byteCount: byteCount),
            let plain = RSAPadding(hash: hash).decodeOAEP(block, label: label)
        else { throw failure }
        return plain
    }

    // MARK: Keys and numbers

    private func needed(_ hash: HashName?) throws -> HashName {
        guard let hash else { throw CryptoFailure.data("\(rawValue) needs a hash") }
        return hash
    }

    private static func secretKey(_ der: [UInt8]) throws -> _RSA.Signing.PrivateKey {
        guard let key = try? _RSA.Signing.PrivateKey(unsafeDERRepresentation: der) else { throw KeyAlgorithm.noSecret }
        try checkSize(key.keySizeInBits)
        return key
    }

    private static func publicKey(_ der: [UInt8]) throws -> _RSA.Signing.PublicKey {
        guard let key = try? _RSA.Signing.PublicKey(unsafeDERRepresentation: der) else { throw KeyAlgorithm.noPublic }
        try checkSize(key.keySizeInBits)
        return key
    }

    private static func checkSize(_ bits: Int) throws {
        guard modulusBits.contains(bits) else {
            throw CryptoFailure.data("keys of RSA have 1,024 to 4,096 bits here")
        }
    }

    private static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// A number to the private exponent. What the library calls a blind signature is that and nothing else.
    private static func transform(_ block: [UInt8], secret: [UInt8], byteCount: Int) throws -> [UInt8] {
        guard let key = try? _RSA.BlindSigning.PrivateKey<SHA384>(unsafeDERRepresentation: secret) else {
            throw KeyAlgorithm.noSecret
        }
        let zeros = [UInt8](repeating: 0, count: max(0, byteCount - block.count))
        guard let result = try? key.blindSignature(for: zeros + block) else {
            throw CryptoFailure.operation("the number is too large for this key")
        }
        return Array(result.rawRepresentation)
    }

    /// A number to the public exponent; nil when it is too large.
    private static func transform(_ block: [UInt8], open: _RSA.Signing.PublicKey) throws -> [UInt8]? {
        let numbers = try open.getKeyPrimitives()
        return ModularPower(modulus: Array(numbers.modulus))?.power(block, Array(numbers.publicExponent))
    }
}

extension HashName {
    func digest(_ data: [UInt8]) -> [UInt8] {
        var hash = RunningHash(digest: self)
        hash.update(data)
        return hash.finish()
    }

    /// RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2).
    fileprivate func pkcs1Signature(of data: [UInt8], _ key: _RSA.Signing.PrivateKey) throws -> [UInt8] {
        func sign<Hash: HashFunction>(_: Hash.Type) throws -> [UInt8] {
            Array(try key.signature(for: Hash.hash(data: data), padding: .insecurePKCS1v1_5).rawRepresentation)
        }
        return switch self {
        case .sha1: try sign(Insecure.SHA1.self)
        case .sha256: try sign(SHA256.self)
        case .sha384: try sign(SHA384.self)
        case .sha512: try sign(SHA512.self)
        }
    }

    fileprivate func isPKCS1Signature(_ signature: [UInt8], of data: [UInt8], _ key: _RSA.Signing.PublicKey) -> Bool {
        func isValid<Hash: HashFunction>(_: Hash.Type) -> Bool {
            key.isValidSignature(
                .init(rawRepresentation: signature), for: Hash.hash(data: data), padding: .insecurePKCS1v1_5)
        }
        return switch self {
        case .sha1: isValid(Insecure.SHA1.self)
        case .sha256: isValid(SHA256.self)
        case .sha384: isValid(SHA384.self)
        case .sha512: isValid(SHA512.self)
        }
    }
}
