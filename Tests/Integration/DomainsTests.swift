import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@Suite("Custom domains and their certificates", .serialized)
struct DomainsTests {
    /// A network with other settings in its nodes' `node.json`.
    ///
    /// - Parameter settings: For a node, by its number from 0; all nodes run while it is asked.
    private func with(
        nodes count: Int = 2, _ settings: (Int, [TestNetwork.Status.Node]) async throws -> [String: Any],
        _ body: (TestNetwork) async throws -> Void
    ) async throws {
        try await TestNetwork.with(nodes: count) { network in
            let nodes = try await network.status().nodes
            var more: [[String: Any]] = []
            for index in nodes.indices { more.append(try await settings(index, nodes)) }
            try await network.expectSuccess("down")
            for (node, more) in zip(nodes, more) {
                let file = URL(fileURLWithPath: node.data + "/node.json")
                let json = try #require(
                    try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
                try JSONSerialization.data(withJSONObject: json.merging(more) { $1 }).write(to: file)
            }
            try await network.expectSuccess("up", "--detach")
            try await body(network)
        }
    }

    private func deploy(_ network: TestNetwork) async throws {
        try network.write("the shop", to: "shop/index.html")
        _ = try await network.deploy(network.folder + "/shop", "shop")
    }

    /// What a node answers to a request for a custom domain.
    private func text(_ node: TestNetwork.Status.Node, _ domain: String) async throws -> String {
        var request = HTTPClientRequest(url: node.gateway + "/")
        request.headers.add(name: "host", value: domain)
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        return String(buffer: try await response.body.collect(upTo: 1 << 20))
    }

    @Test("A domain is bound and served after its proof only, and whoever lies about the DNS to the command is refused")
    func proofs() async throws {
        let (dns, liar) = (try await TestDNSServer(), try await TestDNSServer())
        let settings: [String: Any] = ["domains": ["resolvers": [dns.address], "zone": "edge.test"] as [String: Any]]
        try await with({ _, _ in settings }) { network in
            try await deploy(network)
            let nodes = try await network.status().nodes
            let domain = "shop.example.org"
            let first = try await network.run(["domains", "add", domain, "shop", "--resolver", dns.address])
            #expect(first.status != 0 && first.errors.contains("_skerry.\(domain)  TXT  \"skerry-app="))
            #expect(first.errors.contains("\(domain)  CNAME  shop.edge.test"))
            let proof = try #require(first.errors.split(separator: "\"").first { $0.hasPrefix("skerry-app=") })

            // Nobody sets a record for an app that is not there.
            try await network.expectFailure(
                "domains", "add", domain, "shoop", "--resolver", dns.address,
                saying: "Nobody owns the name \"shoop\"; `skerry releases list` shows all names")

            liar.set("_skerry.\(domain)", [.txt([String(proof)])])
            try await network.expectFailure(
                "domains", "add", domain, "shop", "--resolver", liar.address, saying: "ledger/domain-unproved")
            #expect(try await text(nodes[0], domain) != "the shop")

            dns.set("_skerry.\(domain)", [.txt(["other"]), .txt([String(proof)])])
            // The proof is for one account: another cannot use it.
            try await network.expectFailure(
                "domains", "add", domain, "shop", "--resolver", dns.address, saying: "only its owner may bind domains",
                account: "other")
            try await network.expectSuccess("domains", "add", domain, "shop", "--resolver", dns.address)
            for node in nodes {
                try await eventually("the domain is served") { try await text(node, domain) == "the shop" }
            }
            #expect(try await network.expectSuccess("domains", "list").output.contains(domain))
            let seen = try await network.expectSuccess("domains", "verify", domain, "--resolver", dns.address)
            #expect(seen.output.contains("seen from here") && seen.output.contains("serves the domain"))

            // An alias of the app's name is as good.
            dns.set("www.example.org", [.cname("shop.edge.test")])
            try await network.expectSuccess("domains", "add", "www.example.org", "shop", "--resolver", dns.address)
            try await eventually("the alias is served") { try await text(nodes[1], "www.example.org") == "the shop" }

            // While the DNS is silent, what was proved stays, across a restart too.
            dns.set(.silent)
            try await network.expectSuccess("down")
            try await network.expectSuccess("up", "--detach")
            let restarted = try await network.status().nodes
            try await eventually("the domain is served again") { try await text(restarted[0], domain) == "the shop" }

            try await network.expectSuccess("domains", "remove", domain)
            try await eventually("the domain is nobody's") { try await text(restarted[0], domain) != "the shop" }
        }
        await dns.stop()
        await liar.stop()
    }

    private static let hasCurl = FileManager.default.isExecutableFile(atPath: "/usr/bin/curl")

    /// Asks a node over TLS, trusting one root.
    private func overTLS(_ domain: String, port: Int, root: String) async throws -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
        process.arguments = [
            "--silent", "--max-time", "20", "--cacert", root, "--resolve", "\(domain):\(port):127.0.0.1",
            "https://\(domain):\(port)/",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: bytes, as: UTF8.self) : nil
    }

    @Test(
        "Pebble certifies a domain through one node; those that serve the app have the key, and all show the certificate",
        .enabled(if: Pebble.isHere && DomainsTests.hasCurl, "needs Debian's packages pebble, openssl and curl"),
        arguments: [("http-01", 2), ("tls-alpn-01", 2), ("http-01", 4)])
    func certificates(_ challenge: String, _ count: Int) async throws {
        let dns = try await TestDNSServer(address: "127.0.0.1")
        var ports: [Int] = []
        for _ in 0..<count { ports.append(try await Pebble.freePort()) }
        let running = Mutex<Pebble?>(nil)
        defer { running.withLock { $0 }?.stop() }
        try await with(nodes: count) { [ports] index, nodes in
            // The authority looks at the second node alone, whichever orders.
            if index == 0 {
                let pebble = try await Pebble(
                    dns: dns.address, httpPort: Int(nodes[1].port) ?? 0, tlsPort: ports[1])
                running.withLock { $0 = pebble }
            }
            let pebble = try #require(running.withLock { $0 })
            let authority: [String: Any] = [
                "directory": pebble.directory, "contact": "a@example.org", "agreesToTerms": true,
                "roots": pebble.httpsRoots, "challenges": [challenge],
            ]
            let address: [String: Any] = ["host": "127.0.0.1", "port": ports[index]]
            return [
                "domains": ["resolvers": [dns.address]],
                "tls": ["address": address, "authority": authority] as [String: Any],
            ]
        } _: { network in
            let pebble = try #require(running.withLock { $0 })
            let nodes = try await network.status().nodes
            try await deploy(network)
            let domain = "shop.example.org"
            let first = try await network.run(["domains", "add", domain, "shop", "--resolver", dns.address])
            let proof = try #require(first.errors.split(separator: "\"").first { $0.hasPrefix("skerry-app=") })
            dns.set("_skerry.\(domain)", [.txt([String(proof)])])
            try await network.expectSuccess("domains", "add", domain, "shop", "--resolver", dns.address)

            // Every node knows of it before a visitor comes, also one that serves the app's domains for others only.
            for number in 1...count {
                try await eventually(within: 60, "node \(number) tells of the certificate") {
                    let arguments = ["domains", "verify", domain, "--node", "\(number)", "--resolver", dns.address]
                    return try await network.run(arguments).output.contains("certificate:  until ")
                }
            }
            let root = network.folder + "/root.pem"
            try await pebble.saveRoot(to: root)
            for port in ports {
                try await eventually(within: 60, "the node has a certificate") {
                    try await overTLS(domain, port: port, root: root) == "the shop"
                }
            }
            // One node ordered, and gave what it got to the other.
            let issued = pebble.log.components(separatedBy: "Issued certificate").count - 1
            #expect(issued <= 1, "\(issued) certificates were issued")
            var holders = 0
            for node in nodes {
                let folder = node.data + "/certificates"
                for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
                    if file.hasPrefix(domain) { holders += 1 }
                    let bytes = try #require(FileManager.default.contents(atPath: folder + "/" + file))
                    #expect(bytes.range(of: Data("PRIVATE KEY".utf8)) == nil)
                }
            }
            #expect(holders == min(3, count))
        }
        await dns.stop()
    }
}
