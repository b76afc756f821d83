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

    @Test("A page elsewhere that leads its own name here gets nothing")
    func otherHost() async throws {
        try await TestNode(network: try TestNetwork()).serve { url async throws in
            let (answer, _) = try await file(url + "/", host: "evil.example")
            #expect(answer.status.code == 421)
        }
    }
}
