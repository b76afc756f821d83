import Crypto
public import Foundation

/// The key of an account at a certificate authority: signs requests with ES256 (RFC 7518, section 3.4).
public struct ACMEAccountKey: Sendable {
    private let key: P256.Signing.PrivateKey

    /// A new key.
    public init() { key = P256.Signing.PrivateKey() }

    /// - Throws: What the crypto library throws for other bytes than ``rawRepresentation``.
    public init(rawRepresentation: Data) throws {
        key = try P256.Signing.PrivateKey(rawRepresentation: rawRepresentation)
    }

    /// The secret: 32 bytes.
    public var rawRepresentation: Data { key.rawRepresentation }

    private var coordinates: (x: String, y: String) {
        let point = key.publicKey.x963Representation
        return (Base64URL.encode(Data(point.dropFirst().prefix(32))), Base64URL.encode(Data(point.suffix(32))))
    }

    /// The key's fingerprint (RFC 7638, section 3): its members in lexical order, without spaces.
    public var thumbprint: String {
        let (x, y) = coordinates
        let text = #"{"crv":"P-256","kty":"EC","x":"\#(x)","y":"\#(y)"}"#
        return Base64URL.encode(Data(SHA256.hash(data: Data(text.utf8))))
    }

    /// What answers a challenge (RFC 8555, section 8.1).
    public func keyAuthorization(_ token: String) -> String { "\(token).\(thumbprint)" }

    private struct Header: Encodable {
        struct Key: Encodable {
            var crv = "P-256"
            var kty = "EC"
            var x: String
            var y: String
        }
        var alg = "ES256"
        var jwk: Key?
        var kid: String?
        var nonce: String
        var url: String
    }

    private struct Envelope: Encodable {
        var protected: String
        var payload: String
        var signature: String
    }

    /// A signed request (RFC 8555, section 6.2).
    ///
    /// - Parameters:
    ///   - payload: Nil for POST-as-GET (section 6.3).
    ///   - account: The account's URL; nil sends the public key.
    func signed(_ payload: Data?, url: String, nonce: String, account: String?) throws -> Data {
        let (x, y) = coordinates
        let header = Header(jwk: account == nil ? .init(x: x, y: y) : nil, kid: account, nonce: nonce, url: url)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let protected = Base64URL.encode(try encoder.encode(header))
        let body = payload.map { Base64URL.encode($0) } ?? ""
        let signature = try key.signature(for: Data("\(protected).\(body)".utf8))
        return try encoder.encode(
            Envelope(protected: protected, payload: body, signature: Base64URL.encode(signature.rawRepresentation)))
    }
}
