import Identity
import NIOCore
import NIOPosix
import Testing

@testable import Certificates

@Suite("Answers of the DNS")
struct DNSMessageTests {
    static let header: [UInt8] = [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]
    static let question: [UInt8] = [1, 97, 2, 100, 101, 0, 0, 16, 0, 1]
    static let record: [UInt8] = [0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 9, 0, 6, 2, 104, 105, 2, 33, 33]

    private func read(_ bytes: [UInt8], id: UInt16 = 0x1234, name: String = "a.de") -> DNSMessage.Answer? {
        DNSMessage.answer(bytes, id: id, name: name, type: .txt)
    }

    @Test("Are read with compressed names and joined strings")
    func right() {
        let answer = read(DNSMessageTests.header + DNSMessageTests.question + DNSMessageTests.record)
        #expect(answer?.records == [DNSRecord(name: "a.de", value: .txt("hi!!"))])
        #expect(answer?.responseCode == 0 && answer?.isTruncated == false)
    }

    @Test("Must be for the question that was asked")
    func others() {
        let bytes = DNSMessageTests.header + DNSMessageTests.question + DNSMessageTests.record
        #expect(read(bytes, id: 1) == nil)
        #expect(read(bytes, name: "b.de") == nil)
        #expect(DNSMessage.answer(bytes, id: 0x1234, name: "a.de", type: .cname) == nil)
        var query = bytes
        query[2] = 0x01
        #expect(read(query) == nil, "a question is no answer")
    }

    @Test("Of any length end without a trap")
    func cut() {
        let bytes = DNSMessageTests.header + DNSMessageTests.question + DNSMessageTests.record
        for count in 0..<bytes.count { #expect(read(Array(bytes.prefix(count))) == nil) }
    }

    @Test(
        "With names that lead in circles or forwards are refused",
        arguments: [[0xc0, 22], [0xc0, 23], [0xc0, 0xff], [0xff, 0xff], [0x40, 1], [1, 46, 0]] as [[UInt8]])
    func circles(_ name: [UInt8]) {
        let tail: [UInt8] = [0, 16, 0, 1, 0, 0, 0, 9, 0, 1, 0]
        #expect(read(DNSMessageTests.header + DNSMessageTests.question + name + tail) == nil)
    }

    @Test("Are asked for by names of the DNS only")
    func queries() {
        #expect(DNSMessage.query(id: 1, name: "_skerry.a.de", type: .txt)?.count == 12 + 14 + 4)
        #expect(DNSMessage.query(id: 1, name: String(repeating: "a", count: 63) + ".de", type: .txt) != nil)
        for name in ["", "a..de", ".de", String(repeating: "a", count: 64), "ä.de", "a b.de"] {
            #expect(DNSMessage.query(id: 1, name: name, type: .txt) == nil, "\(name)")
        }
        let label = String(repeating: "a", count: 49) + "."
        #expect(DNSMessage.query(id: 1, name: String(repeating: label, count: 5) + "abc", type: .txt) != nil)
        #expect(DNSMessage.query(id: 1, name: String(repeating: label, count: 5) + "abcd", type: .txt) == nil)
    }
}

@Suite("Asking the DNS")
struct DNSResolverTests {
    private func with(_ body: (TestDNSServer, DNSResolver) async throws -> Void) async throws {
        let server = try await TestDNSServer()
        var settings = DNSResolver.Settings()
        settings.servers = [server.address]
        settings.timeout = .milliseconds(500)
        try await body(server, DNSResolver(settings: settings, group: MultiThreadedEventLoopGroup.singleton))
        await server.stop()
    }

    @Test("Gives texts, aliases and the texts behind them, and nothing for names that are not there")
    func records() async throws {
        try await with { server, resolver in
            server.set("_skerry.a.de", [.txt(["x", "y"]), .txt(["z"])])
            server.set("b.de", [.cname("_skerry.a.de")])
            let texts = try await resolver.records(of: "_skerry.a.de", .txt)
            #expect(texts.map(\.value) == [.txt("xy"), .txt("z")])
            let behind = try await resolver.records(of: "b.de", .txt)
            #expect(behind.map(\.value) == [.cname("_skerry.a.de"), .txt("xy"), .txt("z")])
            let alias = try await resolver.records(of: "b.de", .cname)
            #expect(alias.map(\.value) == [.cname("_skerry.a.de")])
            let none = try await resolver.records(of: "c.de", .txt)
            #expect(none.isEmpty)
        }
    }

    @Test("Asks again over TCP when an answer does not fit, and takes no answer to another question")
    func moods() async throws {
        try await with { server, resolver in
            server.set("a.de", [.txt(["text"])])
            for mood in [TestDNSServer.Mood.long, .forged] {
                server.set(mood)
                let texts = try await resolver.records(of: "a.de", .txt)
                #expect(texts.map(\.value) == [.txt("text")], "\(mood)")
            }
        }
    }

    @Test("Says so when no server answers, or the server has a problem")
    func failures() async throws {
        try await with { server, resolver in
            for (mood, text) in [(TestDNSServer.Mood.silent, "in time"), (.failing, "code 2")] {
                server.set(mood)
                let error = await #expect(throws: CertificateError.self) {
                    _ = try await resolver.records(of: "a.de", .txt)
                }
                #expect(error?.code == .dnsFailed && error?.message.contains(text) == true, "\(error as Any)")
            }
        }
    }

    @Test("Reads resolvers' addresses and the system's list")
    func addresses() {
        let pairs = [
            ("127.0.0.1:5353", "127.0.0.1", 5353), ("127.0.0.1", "127.0.0.1", 53), ("[::1]:54", "::1", 54),
            ("[::1]", "::1", 53), ("::1", "::1", 53),
        ]
        for (text, host, port) in pairs {
            let address = DNSResolver.address(text)
            #expect(address?.host == host && address?.port == port, "\(text)")
        }
        for text in ["", "a:b", "[::1", "[::1]x", ":53", "a:65536"] {
            #expect(DNSResolver.address(text) == nil, "\(text)")
        }
        let list = DNSResolver.servers(in: "# x\nsearch a\nnameserver 10.0.0.1\nnameserver\tfe80::1\n")
        #expect(list == ["10.0.0.1:53", "[fe80::1]:53"])
    }
}

@Suite("Proofs of domains")
struct DomainProofTests {
    let account = SigningKey().publicKey.account

    private func proof(_ zone: String? = "edge.example.net", app: String = "shop") -> DomainProof {
        DomainProof(domain: "a.de", app: app, account: account, network: [1], zone: zone)
    }

    @Test("Are for one account, one app, one domain and one network")
    func texts() {
        let texts = [
            proof().text, proof(app: "other").text,
            DomainProof(domain: "b.de", app: "shop", account: account, network: [1], zone: nil).text,
            DomainProof(domain: "a.de", app: "shop", account: account, network: [2], zone: nil).text,
            DomainProof(
                domain: "a.de", app: "shop", account: SigningKey().publicKey.account, network: [1], zone: nil
            ).text,
        ]
        #expect(Set(texts).count == texts.count)
        #expect(proof().text == proof(nil).text)
    }

    @Test("Are seen in texts, in texts behind aliases, and in aliases of the app's name; in nothing else")
    func verdicts() {
        let (good, text) = (proof(), proof().text)
        func record(_ name: String, _ value: DNSRecord.Value) -> DNSRecord { DNSRecord(name: name, value: value) }
        let own = record("_skerry.a.de", .txt(text))
        #expect(good.verdict(texts: [own], aliases: nil) == .proved)
        #expect(
            good.verdict(
                texts: [record("_skerry.a.de", .cname("x.de")), record("x.de", .txt(text))], aliases: []) == .proved)
        #expect(good.verdict(texts: [], aliases: [record("a.de", .cname("shop.edge.example.net"))]) == .proved)
        let hops = [record("a.de", .cname("b.de")), record("b.de", .cname("shop.edge.example.net"))]
        #expect(good.verdict(texts: nil, aliases: hops) == .proved)

        let refused: [([DNSRecord], [DNSRecord])] = [
            ([record("x.de", .txt(text))], []),
            ([record("_skerry.a.de", .txt(text + "x"))], []),
            ([record("_skerry.a.de", .txt(proof(app: "other").text))], []),
            ([], [record("a.de", .cname("other.edge.example.net"))]),
            ([], [record("a.de", .cname("shop.edge.example.net.evil.de"))]),
            ([], [record("b.de", .cname("shop.edge.example.net"))]),
            ([record("_skerry.a.de", .cname("_skerry.a.de"))], [record("a.de", .cname("a.de"))]),
        ]
        for (texts, aliases) in refused {
            guard case .absent = good.verdict(texts: texts, aliases: aliases) else {
                Issue.record("\(texts) \(aliases)")
                continue
            }
        }
        guard case .absent = proof(nil).verdict(texts: [], aliases: hops) else {
            Issue.record("an alias is no proof where the network has no name")
            return
        }
    }

    @Test("Are unknown while the DNS is silent")
    func silence() {
        #expect(proof().verdict(texts: nil, aliases: nil, problem: "p") == .unknown("p"))
        #expect(proof().verdict(texts: [], aliases: nil, problem: "p") == .unknown("p"))
        #expect(proof(nil).verdict(texts: nil, aliases: nil, problem: "p") == .unknown("p"))
    }
}
