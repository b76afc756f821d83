import Crypto
import Foundation
import Testing

@testable import Origins

@Suite("S3-compatible services as origins")
struct S3OriginTests {
    private static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

    private func location(_ url: String, _ bucket: String = "films") -> S3Location {
        var location = S3Location(endpoint: url, bucket: bucket)
        location.region = "eu-test-1"
        location.credentials = .init(accessKeyID: "AKID", secretAccessKey: Self.secret)
        return location
    }

    /// Computes the signature of what was received, with steps of its own.
    private static func isSigned(_ request: RawServer.Request) -> Bool {
        guard let authorization = request.field("authorization"), let date = request.field("x-amz-date"),
            let names = authorization.firstMatch(of: /SignedHeaders=([^,]*)/)?.1,
            let signature = authorization.firstMatch(of: /Signature=([0-9a-f]*)/)?.1,
            names.split(separator: ";").contains("host")
        else { return false }
        var canonical = "\(request.method)\n\(request.path)\n\n"
        for name in names.split(separator: ";") { canonical += "\(name):\(request.field(String(name)) ?? "")\n" }
        canonical += "\n\(names)\n\(request.field("x-amz-content-sha256") ?? "")"
        let day = String(date.prefix(8))
        let hash = SHA256.hash(data: Data(canonical.utf8)).map { String(format: "%02x", $0) }.joined()
        let text = "AWS4-HMAC-SHA256\n\(date)\n\(day)/eu-test-1/s3/aws4_request\n\(hash)"
        var key = Data("AWS4\(secret)".utf8)
        for part in [day, "eu-test-1", "s3", "aws4_request", text] {
            key = Data(HMAC<SHA256>.authenticationCode(for: Data(part.utf8), using: SymmetricKey(data: key)))
        }
        return key.map { String(format: "%02x", $0) }.joined() == signature
    }

    private static let handler: RawServer.Handler = { request in
        guard isSigned(request) else {
            return RawServer.answer(403, [], Array("<Error><Code>SignatureDoesNotMatch</Code></Error>".utf8))
        }
        switch request.path {
        case "/films/pre/a%20%2B%C3%BC%28%29.txt", "/films/pre/index.html":
            if request.field("range") == "bytes=1-3" {
                return RawServer.answer(
                    206, [("content-range", "bytes 1-3/10"), ("x-amz-request-id", "1")], Array("123".utf8))
            }
            return RawServer.answer(200, [("x-amz-request-id", "1"), ("etag", "\"e\"")], Array("0123456789".utf8))
        case "/films/pre/closed":
            return RawServer.answer(403, [], Array("<Error><Code>AccessDenied</Code></Error>".utf8))
        case "/films/pre/skewed":
            return RawServer.answer(403, [], Array("<Error><Code>RequestTimeTooSkewed</Code></Error>".utf8))
        case "/films/pre/region":
            return RawServer.answer(400, [], Array("<Error><Code>AuthorizationHeaderMalformed</Code></Error>".utf8))
        default: return RawServer.answer(404, [], Array("<Error><Code>NoSuchKey</Code></Error>".utf8))
        }
    }

    @Test("Objects come by signed requests; a server that computes the signature itself agrees")
    func objects() async throws {
        try await RawServer.with(Self.handler) { server in
            try await withClient { client in
                var bucket = location(server.url)
                bucket.prefix = "pre/"
                let from = OriginDescription(.s3(bucket))
                let whole = try await client.fetch(
                    OriginRequest(path: "/a%20+%C3%BC().txt", query: "acl", fields: ["cookie": "c"]), from: from)
                #expect(whole.status == 200)
                #expect(whole.fields["x-amz-request-id"] == nil)
                #expect(whole.fields["etag"] == "\"e\"")
                let text = try await whole.text()
                #expect(text == "0123456789")
                #expect(server.requests.last?.target.contains("?") == false)
                #expect(server.requests.last?.field("cookie") == nil)
                #expect(server.requests.last?.field("cdn-loop") == "skerry")
                let part = try await client.fetch(
                    OriginRequest(path: "/", fields: ["range": "bytes=1-3"]), from: from)
                #expect(part.status == 206)
                let some = try await part.text()
                #expect(some == "123")
                func status(_ path: String) async throws -> Int {
                    try await client.fetch(OriginRequest(path: path), from: from).status
                }
                #expect(try await status("/none") == 404)
                #expect(try await status("/closed") == 403)
                let post = try await client.fetch(OriginRequest(method: "DELETE", path: "/x"), from: from)
                #expect(post.status == 405)
                for path in ["/skewed", "/region"] {
                    let error = await originError { try await client.fetch(OriginRequest(path: path), from: from) }
                    #expect(error?.code == .badDescription)
                }
                #expect(client.statistics.first?.inFlight == 0)
            }
        }
    }

    @Test("A wrong secret is an error for the app's owner, without the secret in it")
    func wrongSecret() async throws {
        try await RawServer.with(Self.handler) { server in
            try await withClient { client in
                var bucket = location(server.url)
                bucket.credentials = .init(accessKeyID: "AKID", secretAccessKey: "not-the-secret")
                let from = OriginDescription(.s3(bucket))
                let error = await originError { try await client.fetch(OriginRequest(path: "/a"), from: from) }
                #expect(error?.code == .badDescription)
                #expect(error?.message.contains("not-the-secret") == false)
            }
        }
    }

    @Test("The bucket stands in the host if the path style is off")
    func virtualHosts() async throws {
        try await RawServer.with({ request in
            RawServer.answer(200, [], Array("\(request.field("host") ?? "") \(request.path)".utf8))
        }) { server in
            let names = FixedNames(["films.s3.test": ["127.0.0.1"]])
            try await withClient(resolver: names) { client in
                var bucket = location("http://s3.test:\(server.port)")
                bucket.usesPathStyle = false
                let response = try await client.fetch(OriginRequest(path: "/a"), from: OriginDescription(.s3(bucket)))
                let text = try await response.text()
                #expect(text == "films.s3.test:\(server.port) /a")
            }
        }
    }

    @Test("Descriptions and keys that cannot be are refused")
    func badDescriptions() async throws {
        try await withClient { client in
            for (url, bucket, isPathStyle) in [
                ("http://s3.test/path", "b", true), ("http://s3.test", "", true), ("http://s3.test", "a/b", true),
                ("http://s3.test", "..", true), ("http://127.0.0.1", "b", false), ("s3.test", "b", true),
            ] {
                var bad = location(url, bucket)
                bad.usesPathStyle = isPathStyle
                #expect(throws: OriginError.self, "\(url) \(bucket)") { try client.check(OriginDescription(.s3(bad))) }
            }
            let from = OriginDescription(.s3(location("http://127.0.0.1:9")))
            let long = "/" + String(repeating: "k", count: 1_025)
            let error = await originError { try await client.fetch(OriginRequest(path: long), from: from) }
            #expect(error?.code == .notFound)
        }
    }
}
