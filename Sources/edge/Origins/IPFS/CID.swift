import Blake3
import Crypto
import Foundation

/// The name of a block of IPFS: what its bytes hash to, and how they are read.
struct CID: Hashable, Sendable, CustomStringConvertible {
    /// How a block is read.
    enum Codec: UInt64, Sendable {
        /// Bytes as they are.
        case raw = 0x55
        /// A node with links, in protobuf.
        case dagPB = 0x70
    }

    /// How a block is hashed.
    enum HashFunction: UInt64, Sendable {
        /// The block itself instead of a hash.
        case identity = 0x00
        case sha256 = 0x12
        case blake3 = 0x1e
    }

    /// Why bytes or a text are no CID that this software can use.
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    /// Longest text.
    static let maxTextBytes = 512
    /// Longest block inside an identity CID.
    static let maxIdentityBytes = 128
    private static let digestBytes = 32

    let version: Int
    let codec: Codec
    let function: HashFunction
    let digest: [UInt8]

    /// From text: `Qm…` (version 0), or version 1 in base32, base58btc or base16.
    init(_ text: some StringProtocol) throws(Malformed) {
        guard text.utf8.count <= Self.maxTextBytes, let first = text.utf8.first else {
            throw Malformed(description: "a CID has 1 to \(Self.maxTextBytes) characters")
        }
        if text.utf8.count == 46, text.hasPrefix("Qm") {
            try self.init(bytes: Multibase.decodeBase58(text) ?? [])
            return
        }
        let digits = text.dropFirst()
        let bytes: [UInt8]? =
            switch first {
            case UInt8(ascii: "b"): Multibase.decodeBase32(digits)
            case UInt8(ascii: "B"):
                digits.contains(where: \.isLowercase) ? nil : Multibase.decodeBase32(digits.lowercased())
            case UInt8(ascii: "z"): Multibase.decodeBase58(digits)
            case UInt8(ascii: "f"): Multibase.decodeBase16(digits)
            default: nil
            }
        guard let bytes else {
            throw Malformed(description: "a CID is written in base32 (bafy…), base58 (Qm…, z…) or base16 (f…)")
        }
        guard bytes.first == 1 else { throw Malformed(description: "the CID's version is not known") }
        try self.init(bytes: bytes)
    }

    /// From bytes, as links have them.
    init(bytes: [UInt8]) throws(Malformed) {
        var rest = bytes[...]
        if bytes.count == 34, bytes[0] == 0x12, bytes[1] == 0x20 {
            version = 0
            codec = .dagPB
        } else {
            guard Varint.read(&rest, isMinimal: true) == 1 else {
                throw Malformed(description: "the CID's version is not known")
            }
            guard let code = Varint.read(&rest, isMinimal: true), let known = Codec(rawValue: code) else {
                throw Malformed(description: "the CID's codec is neither raw nor dag-pb")
            }
            version = 1
            codec = known
        }
        guard let code = Varint.read(&rest, isMinimal: true), let known = HashFunction(rawValue: code) else {
            throw Malformed(description: "the CID's hash function is neither SHA-256, BLAKE3 nor identity")
        }
        guard let length = Varint.read(&rest, isMinimal: true), length == UInt64(rest.count) else {
            throw Malformed(description: "the CID's hash is not as long as it says")
        }
        guard known == .identity ? rest.count <= Self.maxIdentityBytes : rest.count == Self.digestBytes else {
            throw Malformed(description: "the CID's hash has not the length of its function")
        }
        function = known
        digest = Array(rest)
    }

    /// The name of a block, by SHA-256, in version 1.
    init(hashing block: [UInt8], codec: Codec) {
        version = 1
        self.codec = codec
        function = .sha256
        digest = Array(SHA256.hash(data: Data(block)))
    }

    /// As links have it.
    var bytes: [UInt8] {
        let hash = Varint.encode(function.rawValue) + Varint.encode(UInt64(digest.count)) + digest
        return version == 0 ? hash : Varint.encode(1) + Varint.encode(codec.rawValue) + hash
    }

    /// The canonical text: base58btc for version 0, base32 for version 1.
    var description: String {
        version == 0 ? Multibase.encodeBase58(bytes) : "b" + Multibase.encodeBase32(bytes)
    }

    /// The block, where the CID has it in itself.
    var inlineBlock: [UInt8]? { function == .identity ? digest : nil }

    /// Whether a block is the one with this name.
    func matches(_ block: [UInt8]) -> Bool {
        switch function {
        case .identity: block == digest
        case .sha256: Array(SHA256.hash(data: Data(block))) == digest
        case .blake3: block.withUnsafeBytes { Blake3.hash($0) }.bytes == digest
        }
    }
}
