import Crypto
import Foundation

/// What the three curves of NIST have in common, for signing keys.
protocol NISTSigningKey {
    associatedtype Public: NISTPublicKey

    init()
    init(der: [UInt8]) throws
    init(scalar: [UInt8]) throws
    var derRepresentation: Data { get }
    var rawRepresentation: Data { get }
    var publicKey: Public { get }
    func signature(over data: [UInt8], hash: HashName) throws -> [UInt8]
}

/// What the three curves of NIST have in common, for public keys.
protocol NISTPublicKey {
    init(uncompressed point: [UInt8]) throws
    init(compressed point: [UInt8]) throws
    init(der: [UInt8]) throws
    var derRepresentation: Data { get }
    var x963Representation: Data { get }
    func isValid(_ signature: [UInt8], over data: [UInt8], hash: HashName) -> Bool
}

extension NISTPublicKey {
    /// A point in either form of SEC 1, section 2.3.3.
    init(point: [UInt8]) throws {
        if point.first == 2 || point.first == 3 {
            try self.init(compressed: point)
        } else {
            try self.init(uncompressed: point)
        }
    }
}

extension P256.Signing.PrivateKey: NISTSigningKey {
    init() { self.init(compactRepresentable: false) }
    init(der: [UInt8]) throws { try self.init(derRepresentation: der) }
    init(scalar: [UInt8]) throws { try self.init(rawRepresentation: scalar) }

    func signature(over data: [UInt8], hash: HashName) throws -> [UInt8] {
        let signature =
            switch hash {
            case .sha1: try signature(for: Insecure.SHA1.hash(data: data))
            case .sha256: try signature(for: SHA256.hash(data: data))
            case .sha384: try signature(for: SHA384.hash(data: data))
            case .sha512: try signature(for: SHA512.hash(data: data))
            }
        return Array(signature.rawRepresentation)
    }
}

extension P256.Signing.PublicKey: NISTPublicKey {
    init(uncompressed point: [UInt8]) throws { try self.init(x963Representation: point) }
    init(compressed point: [UInt8]) throws { try self.init(compressedRepresentation: point) }
    init(der: [UInt8]) throws { try self.init(derRepresentation: der) }

    func isValid(_ signature: [UInt8], over data: [UInt8], hash: HashName) -> Bool {
        guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
        return switch hash {
        case .sha1: isValidSignature(signature, for: Insecure.SHA1.hash(data: data))
        case .sha256: isValidSignature(signature, for: SHA256.hash(data: data))
        case .sha384: isValidSignature(signature, for: SHA384.hash(data: data))
        case .sha512: isValidSignature(signature, for: SHA512.hash(data: data))
        }
    }
}

extension P384.Signing.PrivateKey: NISTSigningKey {
    init() { self.init(compactRepresentable: false) }
    init(der: [UInt8]) throws { try self.init(derRepresentation: der) }
    init(scalar: [UInt8]) throws { try self.init(rawRepresentation: scalar) }

    func signature(over data: [UInt8], hash: HashName) throws -> [UInt8] {
        let signature =
            switch hash {
            case .sha1: try signature(for: Insecure.SHA1.hash(data: data))
            case .sha256: try signature(for: SHA256.hash(data: data))
            case .sha384: try signature(for: SHA384.hash(data: data))
            case .sha512: try signature(for: SHA512.hash(data: data))
            }
        return Array(signature.rawRepresentation)
    }
}

extension P384.Signing.PublicKey: NISTPublicKey {
    init(uncompressed point: [UInt8]) throws { try self.init(x963Representation: point) }
    init(compressed point: [UInt8]) throws { try self.init(compressedRepresentation: point) }
    init(der: [UInt8]) throws { try self.init(derRepresentation: der) }

    func isValid(_ signature: [UInt8], over data: [UInt8], hash: HashName) -> Bool {
        guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
        return switch hash {
        case .sha1: isValidSignature(signature, for: Insecure.SHA1.hash(data: data))
        case .sha256: isValidSignature(signature, for: SHA256.hash(data: data))
        case .sha384: isValidSignature(signature, for: SHA384.hash(data: data))
        case .sha512: isValidSignature(signature, for: SHA512.hash(data: data))
        }
    }
}

extension P521.Signing.PrivateKey: NISTSigningKey {
    init() { self.init(compactRepresentable: false) }
    init(der: [UInt8]) throws { try self.init(derRepresentation: der) }
    init(scalar: [UInt8]) throws { try self.init(rawRepresentation: scalar) }

    func signature(over data: [UInt8], hash: HashName) throws -> [UInt8] {
        let signature =
            switch hash {
            case .sha1: try signature(for: Insecure.SHA1.hash(data: data))
            case .sha256: try signature(for: SHA256.hash(data: data))
            case .sha384: try signature(for: SHA384.hash(data: data))
            case .sha512: try signature(for: SHA512.hash(data: data))
            }
        return Array(signature.rawRepresentation)
    }
}

extension P521.Signing.PublicKey: NISTPublicKey {
    init(uncompressed point: [UInt8]) throws { try self.init(x963Representation: point) }
    init(compressed point: [UInt8]) throws { try self.init(compressedRepresentation: point) }
    init(der: [UInt8]) throws { try self.init(derRepresentation: der) }

    func isValid(_ signature: [UInt8], over data: [UInt8], hash: HashName) -> Bool {
        guard let signature = try? P521.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
        return switch hash {
        case .sha1: isValidSignature(signature, for: Insecure.SHA1.hash(data: data))
        case .sha256: isValidSignature(signature, for: SHA256.hash(data: data))
        case .sha384: isValidSignature(signature, for: SHA384.hash(data: data))
        case .sha512: isValidSignature(signature, for: SHA512.hash(data: data))
        }
    }
}
