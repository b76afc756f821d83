import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@Suite("The console", .timeLimit(.minutes(1)))
struct ConsoleTests {
    private func file(_ url: String, host: String? = nil) async throws -> (answer: HTTPClientResponse, text: String) {
        var request = HTTPClientRequest(url: url)
        if let host { request.headers.add(name: "host", value: host) }
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        return (answer, String(buffer: try await answer.body.collect(upTo: 1 << 20)))
    }

    @Test("Its files come with a policy that lets a browser load and ask nothing else")
    func files() async throws {
        try await TestNode(network: try TestNetwork()).serve { url async throws in
            for (path, type) in [("/", "text/html"), ("/console.css", "text/css"), ("/console.js", "text/javascript")] {
                let (answer, text) = try await file(url + path)
                #expect(answer.status == .ok)
                #expect(answer.headers.first(name: "content-type") == type + "; charset=utf-8")
                #expect(answer.headers.first(name: "x-content-type-options") == "nosniff")
                let policy = answer.headers.first(name: "content-security-policy") ?? ""
                #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; "), "\(policy)")
                #expect(policy.contains("frame-ancestors 'none'"))
                // What comes from elsewhere is shown as text only, and nothing is loaded from elsewhere.
                for danger in ["innerHTML", "insertAdjacentHTML", "document.write", "https://", "<style", "style="] {
                    #expect(!text.contains(danger), "\(path): \(danger)")
                }
            }
        }
    }

    @Test("HEAD is answered as GET is, without the bytes, and other methods with those that there are")
    func methods() async throws {
        try await TestNode(network: try TestNetwork()).serve { url async throws in
            func ask(_ method: HTTPMethod, _ path: String) async throws -> (answer: HTTPClientResponse, bytes: Int) {
                var request = HTTPClientRequest(url: url + path)
                request.method = method
                let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
                return (answer, try await answer.body.collect(upTo: 1 << 20).readableBytes)
            }
            for path in ["/", "/console.css", "/console.js"] {
                let (whole, byteCount) = try await ask(.GET, path)
                let (head, none) = try await ask(.HEAD, path)
                #expect(head.status == .ok)
                #expect(none == 0)
                #expect(head.headers.first(name: "content-length") == "\(byteCount)")
                for name in ["content-type", "content-security-policy"] {
                    #expect(head.headers.first(name: name) == whole.headers.first(name: name))
                }
                for method in [HTTPMethod.POST, .PUT, .DELETE, .PATCH, .OPTIONS] {
                    let (refusal, _) = try await ask(method, path)
                    #expect(refusal.status == .methodNotAllowed, "\(method) \(path)")
                    #expect(refusal.headers.first(name: "allow") == "GET, HEAD")
                }
            }
            let (missing, _) = try await ask(.HEAD, "/nothing")
            #expect(missing.status == .notFound)
        }
    }

    @Test("A page elsewhere that leads its own name here gets nothing")
    func otherHost() async throws {
        try await TestNode(network: try TestNetwork()).serve { url async throws in
            let (answer, _) = try await file(url + "/", host: "evil.example")
            #expect(answer.status.code == 421)
        }
    }
}
