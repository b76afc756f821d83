import Foundation
import NIOHTTP1

@testable import Images

/// A registry on loopback with some images (OCI Distribution 1.1, "Pull").
enum TestRegistry {
    /// Answers as a registry does.
    ///
    /// - Parameters:
    ///   - repository: The only one.
    ///   - tags: Documents by tag, with their media types.
    ///   - token: Asked for, if there is one.
    static func answer(
        _ request: TestServer.Request, repository: String, blobs: [ImageDigest: [UInt8]],
        tags: [String: (bytes: [UInt8], type: String)], token: String? = nil, realm: String = ""
    ) -> TestServer.Answer {
        let path = request.target.split(separator: "?").first.map(String.init) ?? ""
        if path == "/token" {
            let query = request.target.split(separator: "?").dropFirst().joined()
            guard query.contains("scope=repository:\(repository):pull"), query.contains("service=test") else {
                return .init(status: 400)
            }
            return .init(body: Array(#"{"token":"\#(token ?? "")","expires_in":60}"#.utf8))
        }
        if let token, request.headers.first(name: "authorization") != "Bearer \(token)" {
            let challenge = #"Bearer realm="\#(realm)",service="test",scope="repository:\#(repository):pull""#
            return .init(status: 401, headers: [("www-authenticate", challenge)])
        }
        let manifests = "/v2/\(repository)/manifests/"
        if path.hasPrefix(manifests) {
            let name = String(path.dropFirst(manifests.count))
            var found = tags[name]
            if let digest = ImageDigest(name) {
                found =
                    tags.values.first { ImageDigest(hashing: $0.bytes) == digest }
                    ?? blobs[digest].map { ($0, ImageMediaType.manifest) }
            }
            guard let found else { return .init(status: 404) }
            let digest = ImageDigest(hashing: found.bytes).description
            return .init(headers: [("content-type", found.type), ("docker-content-digest", digest)], body: found.bytes)
        }
        let prefix = "/v2/\(repository)/blobs/"
        if path.hasPrefix(prefix), let digest = ImageDigest(String(path.dropFirst(prefix.count))),
            let bytes = blobs[digest]
        {
            return .init(headers: [("content-type", "application/octet-stream")], body: bytes)
        }
        return .init(status: 404)
    }
}
