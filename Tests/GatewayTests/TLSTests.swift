import Foundation
import NIOCore
import NIOPosix
import Streams
import Synchronization
import Testing

@testable import Gateway

extension TestGateway {
    /// A gateway with TLS and a site `site`, a function `echo` and one `flow`.
    static func secure(
        _ change: (inout Gateway.Settings) -> Void = { _ in },
        _ body: (TestGateway, Int, TestCertificates) async throws -> Void
    ) async throws {
        let certificates = try TestCertificates()
        try await TestGateway.run({
            var tls = Gateway.Settings.TLS(certificates: certificates)
            tls.redirectPort = nil
            $0.tls = tls
            change(&$0)
        }) { test in
            let small = test.blobs.addHot("small", Array("hello\n".utf8))
            let large = test.blobs.addHot("large", pattern(3 << 20))
            let cold = test.blobs.addCold("cold", pattern(3 << 20))
            try test.site(
                "site",
                [
                    "index.html": file(small, 6), "large": file(large, 3 << 20), "cold": file(cold, 3 << 20),
                ])
            test.function("echo") { request, loop in
                let stream = ByteStream()
                let promise = loop.makePromise(of: FunctionResponse.self)
                Task {
                    switch request.body {
                    case .bytes(let bytes): stream.append(bytes)
                    case .stream(let parts): while let part = try await parts.next() { try await stream.write(part) }
                    }
                    stream.finish()
                }
                promise.succeed(
                    FunctionResponse(status: 200, headers: [("x-url", request.url)], body: .stream(stream)))
                return promise.futureResult
            }
            let port = try #require(test.gateway.secureAddress?.port)
            try await body(test, port, certificates)
        }
    }
}

@Suite("TLS at the gateway")
struct TLSTests {
    private static func hello(_ name: String, _ protocols: [String]) -> [UInt8] {
        func list(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes }
        let names = list([0] + list(Array(name.utf8)))
        let offered = list(protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) })
        let extensions = list([0, 0] + list(names) + [0, 16] + list(offered))
        let body = [3, 3] + [UInt8](repeating: 7, count: 32) + [0] + [0, 2, 0x13, 0x01] + [1, 0] + extensions
        return [1, 0] + list(body)
    }

    private static func record(_ bytes: [UInt8]) -> [UInt8] {
        [22, 3, 1, UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
    }

    @Test("The first message is read however it is cut, and never trusted")
    func clientHello() {
        let message = Self.hello("A.Localhost.", ["h2", "http/1.1"])
        let wanted = ClientHello.Outcome.hello(ClientHello(serverName: "a.localhost", protocols: ["h2", "http/1.1"]))
        let whole = Self.record(message)
        #expect(ClientHello.read(ByteBuffer(bytes: whole)) == wanted)
        for cut in 0..<whole.count {
            #expect(ClientHello.read(ByteBuffer(bytes: whole.prefix(cut))) == .needsMore, "\(cut)")
        }
        for cut in 1..<message.count {
            let two = Self.record(Array(message[..<cut])) + Self.record(Array(message[cut...]))
            #expect(ClientHello.read(ByteBuffer(bytes: two)) == wanted, "\(cut)")
        }
        for bytes in [Array("GET / HTTP/1.1\r\n".utf8), [22, 2, 0], [22, 3, 1, 0, 0], [22, 3, 1, 0, 1, 2]] {
            #expect(ClientHello.read(ByteBuffer(bytes: bytes)) == .invalid, "\(bytes)")
        }
        #expect(ClientHello.read(ByteBuffer(bytes: [22, 3, 1, 64, 0, 1, 0, 255, 255])) == .invalid)
        for index in whole.indices {
            for bit in 0..<8 {
                var changed = whole
                changed[index] ^= 1 << UInt8(bit)
                _ = ClientHello.read(ByteBuffer(bytes: changed))
            }
        }
    }

    @Test("curl gets a page over both protocols, with the scheme that a function sees")
    func curl() async throws {
        try await TestGateway.secure({ $0.tls?.strictTransport = .seconds(60) }) { test, port, certificates in
            for version in ["--http1.1", "--http2"] {
                let address = ["-ksS", version, "--resolve", "*:\(port):127.0.0.1"]
                let page = try await Tool.run("curl", address + ["-i", "https://site.localhost:\(port)/"])
                guard let page else { return }
                #expect(page.status == 0 && page.text.hasSuffix("hello\n"), "\(page.text)")
                #expect(page.text.contains("strict-transport-security: max-age=60"))
                #expect(page.text.hasPrefix(version == "--http2" ? "HTTP/2 200" : "HTTP/1.1 200"))
                let body = String(repeating: "0123456789", count: 20_000)
                let echo = try await Tool.run(
                    "curl",
                    address + ["--data-binary", "@-", "-D", "/dev/stderr", "https://echo.localhost:\(port)/a?b"],
                    input: body)
                #expect(echo?.text.contains("x-url: https://echo.localhost:\(port)/a?b") == true)
                #expect(echo?.text.hasSuffix(body) == true)
            }
            #expect(certificates.asked.withLock { $0.contains("site.localhost") })
            let unknown = try await Tool.run(
                "curl", ["-ksS", "--resolve", "*:\(port):127.0.0.1", "https://nobody.example:\(port)/"])
            #expect(unknown?.status == 35)
            let old = try await Tool.run(
                "curl", ["-ksS", "--tls-max", "1.2", "https://localhost:\(port)/healthz"])
            #expect(old?.text == "alive\n", "\(String(describing: old))")
        }
    }

    @Test("Challenges of an authority are answered on both sockets, and cleartext goes to TLS when asked to")
    func challenges() async throws {
        try await TestGateway.secure({ $0.tls?.redirectsCleartext = true }) { test, port, certificates in
            certificates.tokens.withLock { $0["tok-en_1"] = "tok-en_1.key" }
            let answer = try await test.get("test.example", "/.well-known/acme-challenge/tok-en_1")
            #expect(answer.status == 200 && answer.text == "tok-en_1.key")
            let moved = try await test.get("test.example:80", "/x?y")
            #expect(moved.status == 308 && moved["location"] == "https://test.example:\(port)/x?y")
            // What stays on the machine does, too.
            #expect(try await test.get("site.localhost", "/").status == 200)
            #expect(try await test.get("other.example", "/healthz").status == 200)
            #expect(try await test.get("127.0.0.1", "/healthz").status == 200)
            certificates.challenges.withLock { _ = $0.insert("test.example") }
            let arguments = ["s_client", "-connect", "127.0.0.1:\(port)", "-servername", "test.example", "-alpn"]
            let proof = try await Tool.run("openssl", arguments + ["acme-tls/1"])
            guard let proof else { return }
            #expect(proof.text.contains("ALPN protocol: acme-tls/1"), "\(proof.text)")
        }
    }

    @Test("Who says nothing or speaks something else is dropped")
    func strangers() async throws {
        try await TestGateway.secure({ $0.tls?.handshakeTimeout = .milliseconds(100) }) { test, _, _ in
            let address = try #require(test.gateway.secureAddress)
            let silent = try await RawClient(address, autoRead: true)
            try await silent.closed()
            let plain = try await RawClient(address, autoRead: true)
            plain.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try await plain.closed()
            #expect(plain.byteCount == 0)
            let half = try await RawClient(address, autoRead: true)
            half.send(Array(Self.record(Self.hello("localhost", ["h2"])).prefix(40)))
            try await half.closed()
            let stranger = try await RawClient(address, autoRead: true)
            stranger.send(Self.record(Self.hello("nobody.example", ["h2"])))
            try await stranger.closed()
            #expect(stranger.bytes == [21, 3, 3, 0, 2, 2, 112])
            // An address is no name: what follows is about the rest of the message, which is a poor one.
            let numbered = try await RawClient(address, autoRead: true)
            numbered.send(Self.record(Self.hello("127.0.0.1", ["h2"])))
            try await numbered.closed()
            #expect(numbered.bytes.first == 21 && numbered.bytes.last != 112)
        }
    }

    @Test("Who means to speak another protocol gets an alert, and HTTP/1.0 is none")
    func protocols() async throws {
        try await TestGateway.secure { test, _, _ in
            let address = try #require(test.gateway.secureAddress)
            for (names, isOther) in [
                (["imap"], true), (["imap", "acme-tls/1"], true), (["imap", "http/1.0"], false), ([], false),
            ] {
                let client = try await RawClient(address, autoRead: true)
                client.send(Self.record(Self.hello("localhost", names)))
                try await client.closed()
                // The message is a poor one, which the handshake itself finds out.
                #expect(client.bytes.first == 21 && (client.bytes.last == 120) == isOther, "\(names)")
            }
        }
    }

    @Test("A handshake waits for a certificate that is on its way, and is refused if it does not come")
    func late() async throws {
        try await TestGateway.secure { test, _, certificates in
            let address = try #require(test.gateway.secureAddress)
            let loop = MultiThreadedEventLoopGroup.singleton.any()
            let (comes, fails) = (loop.makePromise(of: Void.self), loop.makePromise(of: Void.self))
            certificates.late.withLock { $0 = ["late.example": comes, "never.example": fails] }
            let waiting = try await RawClient(address, autoRead: true)
            waiting.send(Self.record(Self.hello("late.example", ["h2"])))
            let refused = try await RawClient(address, autoRead: true)
            refused.send(Self.record(Self.hello("never.example", ["h2"])))
            try await eventually("Both are asked about") {
                let asked = certificates.asked.withLock { $0 }
                return asked.contains("late.example") && asked.contains("never.example")
            }
            #expect(waiting.byteCount == 0 && refused.byteCount == 0)
            comes.succeed()
            fails.fail(ChannelError.eof)
            try await refused.closed()
            #expect(refused.bytes == [21, 3, 3, 0, 2, 2, 112])
            // The message is a poor one, which the handshake itself finds out.
            try await waiting.closed()
            #expect(waiting.bytes.first == 21 && waiting.bytes.last != 112)
        }
    }
}
