import Functions
import NIOCore

/// The calls that take a body and give one. No state, no waiting.
extension CryptoService {
    static func result(_ name: String, _ argument: Argument, _ body: ByteBuffer) throws -> ByteBuffer {
        if let rsa = argument.name.flatMap(RSAAlgorithm.init(rawValue:)) {
            return try result(name, rsa, argument, body)
        }
        let bytes: [UInt8]
        switch name {
        case "crypto.generateKeyPair":
            let pair = try algorithm(argument).generate()
            return LengthPrefixed.join([pair.secret, pair.open])
        case "crypto.sign":
            let parts = try parts(body, 2)
            bytes = try algorithm(argument).sign(parts[1], secret: parts[0], hash: argument.hash)
        case "crypto.derive":
            let parts = try parts(body, 2)
            bytes = try algorithm(argument).derive(secret: parts[0], other: parts[1])
        case "crypto.convertKey":
            guard let from = argument.from, let to = argument.to else {
                throw CryptoFailure.unsupported("keys come and go as pkcs8, spki, raw, private or jwk")
            }
            bytes = try algorithm(argument).convert(Array(body.readableBytesView), from: from, to: to)
        case "crypto.hkdf": bytes = try hkdf(argument, body)
        default: bytes = try aes(name, argument, body)
        }
        return ByteBuffer(bytes: bytes)
    }

    private static func result(
        _ name: String, _ algorithm: RSAAlgorithm, _ argument: Argument, _ body: ByteBuffer
    ) throws -> ByteBuffer {
        switch name {
        case "crypto.generateKeyPair":
            let pair = try algorithm.generate(bits: argument.length ?? 0)
            return LengthPrefixed.join([pair.secret, pair.open])
        case "crypto.sign":
            let parts = try parts(body, 2)
            return ByteBuffer(
                bytes: try algorithm.sign(
                    parts[1], secret: parts[0], hash: argument.hash, saltLength: argument.saltLength))
        case "crypto.convertKey":
            guard let from = argument.from, let to = argument.to else {
                throw CryptoFailure.unsupported("keys of RSA come and go as pkcs8 and spki")
            }
            return ByteBuffer(bytes: try algorithm.convert(Array(body.readableBytesView), from: from, to: to))
        case "crypto.rsaOAEP":
            guard algorithm == .oaep, let hash = argument.hash, let op = argument.op.flatMap(AESCipher.Direction.init)
            else { throw CryptoFailure.data("RSA-OAEP needs a hash, and to know whether to encrypt or decrypt") }
            let parts = try parts(body, 3)
            return ByteBuffer(
                bytes: op == .encrypt
                    ? try RSAAlgorithm.encrypt(parts[2], label: parts[1], open: parts[0], hash: hash)
                    : try RSAAlgorithm.decrypt(parts[2], label: parts[1], secret: parts[0], hash: hash))
        default: throw CryptoFailure.unsupported("\(algorithm.rawValue) does not do this")
        }
    }

    static func algorithm(_ argument: Argument) throws -> KeyAlgorithm {
        guard let name = argument.name.flatMap(KeyAlgorithm.Name.init(rawValue:)) else {
            throw CryptoFailure.unsupported("the algorithm is none of ECDSA, ECDH, Ed25519, X25519 and those of RSA")
        }
        return try KeyAlgorithm(name, curve: argument.curve)
    }

    static func parts(_ body: ByteBuffer, _ count: Int) throws -> [[UInt8]] {
        guard let parts = LengthPrefixed.split(body, into: count) else {
            throw CryptoFailure.data("the body's parts are cut off")
        }
        return parts
    }

    /// The length that a derivation is to have.
    static func byteCount(_ argument: Argument, limit: Int) throws -> Int {
        guard let bits = argument.bits, bits >= 0, bits.isMultiple(of: 8) else {
            throw CryptoFailure.operation("the length must be a multiple of 8 bits")
        }
        guard bits / 8 <= limit else {
            throw CryptoFailure.operation("at most \(limit) bytes can be derived at a time")
        }
        return bits / 8
    }

    private static func hkdf(_ argument: Argument, _ body: ByteBuffer) throws -> [UInt8] {
        guard let hash = argument.hash else { throw CryptoFailure.data("HKDF needs a hash") }
        // RFC 5869, section 2.3.
        let byteCount = try byteCount(argument, limit: 255 * hash.byteCount)
        let parts = try parts(body, 3)
        if byteCount == 0 { return [] }
        return hash.hkdf(key: parts[0], salt: parts[1], info: parts[2], byteCount: byteCount)
    }

    private static func aes(_ name: String, _ argument: Argument, _ body: ByteBuffer) throws -> [UInt8] {
        guard let op = argument.op.flatMap(AESCipher.Direction.init(rawValue:)) else {
            throw CryptoFailure.data("AES needs to know whether to encrypt or decrypt")
        }
        switch name {
        case "crypto.aesGCM":
            let parts = try parts(body, 4)
            return try AESCipher.gcm(
                op, key: parts[0], nonce: parts[1], additional: parts[2], data: parts[3],
                tagBits: argument.tagLength ?? 128)
        case "crypto.aesKW":
            let parts = try parts(body, 2)
            return try AESCipher.keyWrap(op, key: parts[0], data: parts[1])
        case "crypto.aesCBC":
            let parts = try parts(body, 3)
            return try AESCipher.cbc(op, key: parts[0], iv: parts[1], data: parts[2])
        default:
            let parts = try parts(body, 3)
            return try AESCipher.ctr(
                key: parts[0], counter: parts[1], counterBits: argument.length ?? 128, data: parts[2])
        }
    }
}
