import Crypto
import CryptoExtras
import Foundation

/// The hash functions of the Web Cryptography API.
enum HashName: String, Sendable, Codable, CaseIterable {
    case sha1 = "SHA-1"
    case sha256 = "SHA-256"
    case sha384 = "SHA-384"
    case sha512 = "SHA-512"

    /// Length of a digest, in bytes.
    var byteCount: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// The name that PBKDF2 takes.
    var forPBKDF2: KDF.Insecure.PBKDF2.HashFunction {
        switch self {
        case .sha1: .insecureSHA1
        case .sha256: .sha256
        case .sha384: .sha384
        case .sha512: .sha512
        }
    }

    /// HKDF (RFC 5869), both steps.
    func hkdf(key: [UInt8], salt: [UInt8], info: [UInt8], byteCount: Int) -> [UInt8] {
        func derive<Hash: HashFunction>(_: Hash.Type) -> [UInt8] {
            HKDF<Hash>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: key), salt: salt, info: info, outputByteCount: byteCount
            ).withUnsafeBytes(Array.init)
        }
        return switch self {
        case .sha1: derive(Insecure.SHA1.self)
        case .sha256: derive(SHA256.self)
        case .sha384: derive(SHA384.self)
        case .sha512: derive(SHA512.self)
        }
    }
}

/// A digest, or a message authentication code (RFC 2104), of bytes that come in parts.
enum RunningHash {
    case sha1(Insecure.SHA1)
    case sha256(SHA256)
    case sha384(SHA384)
    case sha512(SHA512)
    case hmacSHA1(HMAC<Insecure.SHA1>)
    case hmacSHA256(HMAC<SHA256>)
    case hmacSHA384(HMAC<SHA384>)
    case hmacSHA512(HMAC<SHA512>)

    init(digest name: HashName) {
        switch name {
        case .sha1: self = .sha1(Insecure.SHA1())
        case .sha256: self = .sha256(SHA256())
        case .sha384: self = .sha384(SHA384())
        case .sha512: self = .sha512(SHA512())
        }
    }

    init(hmac name: HashName, key: [UInt8]) {
        let key = SymmetricKey(data: key)
        switch name {
        case .sha1: self = .hmacSHA1(HMAC(key: key))
        case .sha256: self = .hmacSHA256(HMAC(key: key))
        case .sha384: self = .hmacSHA384(HMAC(key: key))
        case .sha512: self = .hmacSHA512(HMAC(key: key))
        }
    }

    mutating func update(_ data: some DataProtocol) {
        switch self {
        case .sha1(var hash):
            hash.update(data: data)
            self = .sha1(hash)
        case .sha256(var hash):
            hash.update(data: data)
            self = .sha256(hash)
        case .sha384(var hash):
            hash.update(data: data)
            self = .sha384(hash)
        case .sha512(var hash):
            hash.update(data: data)
            self = .sha512(hash)
        case .hmacSHA1(var hash):
            hash.update(data: data)
            self = .hmacSHA1(hash)
        case .hmacSHA256(var hash):
            hash.update(data: data)
            self = .hmacSHA256(hash)
        case .hmacSHA384(var hash):
            hash.update(data: data)
            self = .hmacSHA384(hash)
        case .hmacSHA512(var hash):
            hash.update(data: data)
            self = .hmacSHA512(hash)
        }
    }

    func finish() -> [UInt8] {
        switch self {
        case .sha1(let hash): Array(hash.finalize())
        case .sha256(let hash): Array(hash.finalize())
        case .sha384(let hash): Array(hash.finalize())
        case .sha512(let hash): Array(hash.finalize())
        case .hmacSHA1(let hash): Array(hash.finalize())
        case .hmacSHA256(let hash): Array(hash.finalize())
        case .hmacSHA384(let hash): Array(hash.finalize())
        case .hmacSHA512(let hash): Array(hash.finalize())
        }
    }
}
