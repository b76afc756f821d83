import NIOCore
import Streams
import Testing

@testable import Origins

@Suite("Tunnels to origins")
struct TunnelTests {
    private let request = OriginRequest(path: "/ws", fields: ["upgrade": "websocket", "sec-websocket-key": "k"])

    @Test("An upgraded connection passes bytes both ways, what came with the head too")
    func bothWays() async throws {
        try await RawServer.with({ request in
            request.method == "GET"
                ? [
                    .text(
                        "HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: a\r\n\r\nhi"
                    )
                ]
                : [.text("echo \(request.body)"), .close]
        }) { server in
            try await withClient { client in
                let from = OriginDescription(.http(url: server.url))
                let tunnel = try await client.connect(request, to: from)
                #expect(tunnel.fields == ["sec-websocket-accept": "a", "upgrade": "websocket"])
                let sent = ByteStream()
                tunnel.start(sent)
                // The test's server takes everything for requests.
                sent.append(ByteBuffer(string: "RAW x y\r\ncontent-length: 4\r\n\r\nbody"))
                let text = String(buffer: try await tunnel.fromOrigin.collect(limit: 100))
                #expect(text == "hiecho body")
                sent.finish()
                let seen = try #require(server.requests.first)
                #expect(seen.field("connection") == "upgrade")
                #expect(seen.field("upgrade") == "websocket")
                #expect(seen.field("via") == "1.1 skerry")
            }
        }
    }

    @Test("Origins that do not upgrade, or may not be reached, are errors")
    func refusals() async throws {
        try await RawServer.with({ _ in RawServer.answer(200, [], [1]) }) { server in
            try await withClient { client in
                let from = OriginDescription(.http(url: server.url))
                let plain = await originError { try await client.connect(request, to: from) }
                #expect(plain?.code == .badResponse)
                let none = await originError { try await client.connect(OriginRequest(path: "/"), to: from) }
                #expect(none?.code == .badRequest)
                let inner = OriginDescription(.http(url: "http://10.0.0.1/"))
                let refused = await originError { try await client.connect(request, to: inner) }
                #expect(refused?.code == .refusedAddress)
            }
        }
        let port = try await RawServer.with({ _ in [] }) { $0.port }
        try await withClient { client in
            let gone = OriginDescription(.http(url: "http://127.0.0.1:\(port)"))
            let error = await originError { try await client.connect(request, to: gone) }
            #expect(error?.code == .unreachable)
        }
    }
}
