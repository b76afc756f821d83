import Foundation
public import Identity

/// Proves which account sends a request to the control API: an Ed25519 signature over the request's line, the node that
/// it is for, a time and a nonce, in the `Authorization` header.
///
/// The body is not covered: an upload names its blob's hash in the path, and a transaction carries its own signature.
public struct RequestSignature: Sendable, Equatable {
    /// How far the sender's clock may be off, and how long a nonce is remembered.
    public static let maxAgeSeconds: Int64 = 60
    /// The authentication scheme.
    public static let scheme = "Skerry"

    public let key: PublicKey
    /// Seconds since 1970.
    public let time: Int64
    /// 32 hexadecimal digits, used once.
    public let nonce: String
    private let signature: Data

    /// Signs a request.
    ///
    /// - Parameters:
    ///   - target: Path and query as sent.
    ///   - node: The node that the request is for: another one refuses it.
    public init(method: String, target: String, node: String, time: Int64, key: SigningKey) throws {
        self.key = key.publicKey
        self.time = time
        nonce = (0..<2).map { _ in
            let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        signature = try key.sign(RequestSignature.message(method, target, node, time, nonce))
    }

    /// Reads a header's value; nil if it is malformed.
    public init?(header: String) {
        guard header.utf8.count <= 1_024, header.hasPrefix(RequestSignature.scheme + " ") else { return nil }
        var fields: [String: String] = [:]
        for field in header.dropFirst(RequestSignature.scheme.count + 1).split(separator: ",") {
            let pair = field.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { return nil }
            fields[pair[0].trimmingCharacters(in: .whitespaces)] = String(pair[1])
        }
        guard let key = fields["key"].flatMap(PublicKey.init(hex:)), let time = fields["time"].flatMap({ Int64($0) }),
            let nonce = fields["nonce"], nonce.utf8.count == 32, nonce.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
            let signature = fields["signature"].flatMap({ Data(base64Encoded: $0 + "==") }), signature.count == 64
        else { return nil }
        self.key = key
        self.time = time
        self.nonce = nonce
        self.signature = signature
    }

    /// The header's value.
    public var header: String {
        let encoded = signature.base64EncodedString().replacing("=", with: "")
        return "\(RequestSignature.scheme) key=\(key),time=\(time),nonce=\(nonce),signature=\(encoded)"
    }

    /// Whether the key signed this request for this node.
    public func isValid(method: String, target: String, node: String) -> Bool {
        key.isValidSignature(signature, for: RequestSignature.message(method, target, node, time, nonce))
    }

    private static func message(_ method: String, _ target: String, _ node: String, _ time: Int64, _ nonce: String)
        -> Data
    {
        Data("skerry control request v1\n\(method)\n\(target)\n\(node)\n\(time)\n\(nonce)\n".utf8)
    }
}
