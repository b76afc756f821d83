import Crypto
import Foundation

/// Signs requests as AWS and services like it want it: Signature Version 4, with SHA-256.
///
/// The steps and names are those of AWS' documentation of SigV4. Paths are encoded once, as S3 wants it.
struct SignatureV4: Sendable {
    /// A request, as far as it is signed.
    struct Request: Sendable {
        var method: String
        /// Encoded, begins with a slash.
        var path: String
        /// Not encoded.
        var query: [(name: String, value: String)] = []
        /// All that are signed; among them `host` and `x-amz-date`.
        var fields: OriginFields
        /// The SHA-256 of the body in hexadecimal digits.
        var payloadHash: String
    }

    static let emptyPayloadHash = hex(SHA256.hash(data: Data()))

    let credentials: S3Location.Credentials
    let region: String
    var service = "s3"

    /// The value of `Authorization`.
    ///
    /// - Parameter date: Such as `20130524T000000Z`.
    func authorization(_ request: Request, date: String) -> String {
        let scope = scope(date)
        let signature = signature(Self.stringToSign(Self.canonical(request), date: date, scope: scope), date: date)
        return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope),"
            + "SignedHeaders=\(Self.signedNames(request)),Signature=\(signature)"
    }

    /// The canonical request.
    static func canonical(_ request: Request) -> String {
        let names = Set(request.fields.lines.map(\.name)).sorted { Array($0.utf8).lexicographicallyPrecedes($1.utf8) }
        let lines = names.map { name in
            "\(name):\(request.fields.all(name).map(collapse).joined(separator: ","))\n"
        }
        return [
            request.method, request.path, canonicalQuery(request.query), lines.joined(), signedNames(request),
            request.payloadHash,
        ].joined(separator: "\n")
    }

    /// Names and values encoded, in the order of their bytes.
    static func canonicalQuery(_ query: [(name: String, value: String)]) -> String {
        query.map { (PercentEncoding.encode($0.name.utf8), PercentEncoding.encode($0.value.utf8)) }
            .sorted {
                $0.0 == $1.0
                    ? $0.1.utf8.lexicographicallyPrecedes($1.1.utf8) : $0.0.utf8.lexicographicallyPrecedes($1.0.utf8)
            }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    static func stringToSign(_ canonical: String, date: String, scope: String) -> String {
        ["AWS4-HMAC-SHA256", date, scope, hex(SHA256.hash(data: Data(canonical.utf8)))].joined(separator: "\n")
    }

    private func scope(_ date: String) -> String { "\(date.prefix(8))/\(region)/\(service)/aws4_request" }

    private func signature(_ text: String, date: String) -> String {
        var key = SymmetricKey(data: Data("AWS4\(credentials.secretAccessKey)".utf8))
        for part in [String(date.prefix(8)), region, service, "aws4_request"] {
            key = SymmetricKey(data: Data(HMAC<SHA256>.authenticationCode(for: Data(part.utf8), using: key)))
        }
        return Self.hex(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key))
    }

    private static func signedNames(_ request: Request) -> String {
        Set(request.fields.lines.map(\.name)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined(
            separator: ";")
    }

    /// Without blanks around it, and with one blank for several.
    private static func collapse(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
