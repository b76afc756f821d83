import Blake3
import ControlModel
import Foundation
import Identity
import Ledger
import NIOCore
import NIOHTTP1
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("Bad input", .serialized)
struct BadInputTests {
    /// Sends raw bytes to a port on loopback, ends the sending direction and reads everything that comes back.
    private func exchange(port: Int, _ bytes: [UInt8]) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 15, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        #expect(bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } >= 0)
        shutdown(descriptor, Int32(SHUT_WR))
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }

    private func port(_ url: String) throws -> Int { try #require(url.split(separator: ":").last.flatMap { Int($0) }) }

    private func upload(
        _ node: TestNetwork.Status.Node, _ key: SigningKey, id: BlobID, length: Int, body: [UInt8],
        nodeID: String? = nil, time: Int64? = nil
    ) throws -> String {
        let target = "/api/v1/blobs/\(id)"
        let signature = try RequestSignature(
            method: "PUT", target: target, node: nodeID ?? node.id, time: time ?? Int64(Date().timeIntervalSince1970),
            key: key)
        let head =
            "PUT \(target) HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: \(length)\r\n"
            + "authorization: \(signature.header)\r\nconnection: close\r\n\r\n"
        return try exchange(port: try port(node.control), Array(head.utf8) + body)
    }

    @Test("An upload that is truncated, mislabelled, unsigned, stale or meant for another node stores nothing")
    func uploads() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let node = try await network.status().nodes[0]
            try await network.expectSuccess("account", "show")
            let key = try KeyFile.load(network.folder + "/config/skerry/account.key")
            let body = Array("some bytes".utf8)
            let id = BlobID(Blake3.hash(body))

            let truncated = try upload(node, key, id: id, length: 1_000, body: body)
            #expect(truncated.hasPrefix("HTTP/1.1 400") && truncated.contains("blob/truncated"), "\(truncated)")
            let mislabelled = try upload(node, key, id: BlobID(Blake3.hash([1])), length: body.count, body: body)
            #expect(mislabelled.hasPrefix("HTTP/1.1 422"), "\(mislabelled)")
            #expect(mislabelled.contains("blob/digest-mismatch"))
            let huge = try upload(node, key, id: id, length: 1 << 40, body: body)
            #expect(huge.hasPrefix("HTTP/1.1 413"), "\(huge)")
            for time in [Int64(1_000), .min, .max] {
                let stale = try upload(node, key, id: id, length: body.count, body: body, time: time)
                #expect(stale.contains("control/stale-signature"), "\(stale)")
            }
            let elsewhere = try upload(
                node, key, id: id, length: body.count, body: body, nodeID: String(repeating: "0", count: 64))
            #expect(elsewhere.contains("control/bad-signature"), "\(elsewhere)")
            let unsigned = try exchange(
                port: try port(node.control),
                Array(
                    "PUT /api/v1/blobs/\(id) HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nsome bytes".utf8))
            #expect(unsigned.contains("control/unsigned"), "\(unsigned)")
            let rebound = try exchange(
                port: try port(node.control), Array("GET /api/v1/node HTTP/1.1\r\nhost: evil.example\r\n\r\n".utf8))
            #expect(rebound.contains("control/wrong-host"), "\(rebound)")
            let passedOn = try exchange(
                port: try port(node.control),
                Array("GET /api/v1/node HTTP/1.1\r\nhost: 127.0.0.1\r\ncdn-loop: skerry\r\n\r\n".utf8))
            #expect(passedOn.hasPrefix("HTTP/1.1 403") && passedOn.contains("control/for-visitors"), "\(passedOn)")
            // No name leads to an address, so one that is bound to all of them answers at each.
            for host in ["192.0.2.7", "192.0.2.7:4000", "[2001:db8::7]:4000"] {
                let answer = try exchange(
                    port: try port(node.control), Array("GET /api/v1/node HTTP/1.1\r\nhost: \(host)\r\n\r\n".utf8))
                #expect(!answer.contains("control/wrong-host"), "\(answer)")
            }

            try await eventually("nothing is left over") {
                try FileManager.default.contentsOfDirectory(atPath: node.data + "/blobs/tmp").isEmpty
            }
            try await network.expectFailure("blob", "stat", id.description, saying: "does not store")
            #expect(try upload(node, key, id: id, length: body.count, body: body).hasPrefix("HTTP/1.1 201"))
        }
    }

    /// A transaction that would be applied.
    private func valid(_ node: TestNetwork.Status.Node, _ network: TestNetwork) throws -> Data {
        let key = try KeyFile.loadOrCreate(network.folder + "/config/skerry/account.key")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: node.data + "/genesis"))
        let builder = TransactionBuilder(networkID: try Genesis(decoding: bytes).networkID, key: key)
        return try builder.sign(.claimName(try AppName(checking: "name")), nonce: 1).bytes
    }

    @Test("A transaction that is garbage, or signed wrongly, is refused and changes nothing")
    func transactions() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            // The network certifies its first entries meanwhile: what such a transaction changed, it would change each time.
            for _ in 0..<5 {
                let before = try await network.status().nodes.map(\.ledger)
                try await offerBadTransactions(to: network)
                if try await network.status().nodes.map(\.ledger) == before { return }
            }
            Issue.record("The ledger changed each time")
        }
    }

    private func offerBadTransactions(to network: TestNetwork) async throws {
        for node in try await network.status().nodes {
            let garbage = try exchange(
                port: try port(node.control),
                Array("POST /api/v1/transactions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\nabcd".utf8)
            )
            #expect(garbage.hasPrefix("HTTP/1.1 400"), "\(garbage)")
            #expect(garbage.contains("ledger/malformed"), "\(garbage)")
            var bytes = Array(try valid(node, network))
            bytes[bytes.count - 1] ^= 1
            let head =
                "POST /api/v1/transactions HTTP/1.1\r\nhost: localhost\r\ncontent-length: \(bytes.count)\r\n\r\n"
            let wrong = try exchange(port: try port(node.control), Array(head.utf8) + bytes)
            #expect(wrong.contains("ledger/bad-signature"), "\(wrong)")
        }
    }

    @Test("The gateway refuses what is too large or leaves the site, and goes on")
    func gateway() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            try network.write("fine", to: "site/index.html")
            try network.write("export default { fetch() { return new Response('ok') } };", to: "f.js")
            _ = try await network.deploy(network.folder + "/site", "site")
            _ = try await network.deploy(network.folder + "/f.js", "f")
            let node = try await network.status().nodes[0]
            let gateway = try port(node.gateway)
            func get(_ path: String, _ more: String = "") throws -> String {
                try exchange(
                    port: gateway,
                    Array("GET \(path) HTTP/1.1\r\nhost: site.localhost\r\n\(more)connection: close\r\n\r\n".utf8))
            }
            for path in ["/../index.html", "/a/../../x", "/%2e%2e/x", "/a/%2E%2e%2f..", "/%00"] {
                #expect(try get(path).hasPrefix("HTTP/1.1 400"), "\(path)")
            }
            let field = "x: " + String(repeating: "a", count: 100_000) + "\r\n"
            #expect(try get("/", field).hasPrefix("HTTP/1.1 431"))
            #expect(try get("/" + String(repeating: "a", count: 100_000)).hasPrefix("HTTP/1.1 414"))
            let head = "POST / HTTP/1.1\r\nhost: f.localhost\r\ncontent-length: \((6 << 20) + 1)\r\n\r\n"
            #expect(try exchange(port: gateway, Array(head.utf8)).hasPrefix("HTTP/1.1 413"))
            let body = ByteBuffer(repeating: 97, count: 6 << 20)
            #expect(try await network.request(node, host: "f", "/", method: .POST, body: body).text == "ok")
            #expect(try await network.request(node, host: "site", "/").text == "fine")
            #expect(try await network.request(node, host: "f", "/").text == "ok")
        }
    }

    @Test("A flipped bit on a disk is never served: the blob comes from another node")
    func damagedDisk() async throws {
        try await TestNetwork.with { network in
            let path = try network.randomFile("blob", byteCount: 1 << 20)
            let id = try await network.expectSuccess("blob", "add", path, "--node", "1").output.trimmingCharacters(
                in: .newlines)
            try await network.expectSuccess("blob", "add", path, "--node", "2")
            let node = try await network.status().nodes[0]
            try await network.expectSuccess("down")
            let hex = try #require(BlobID(id)).hex
            let stored = "\(node.data)/blobs/data/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)"
            let handle = try #require(FileHandle(forUpdatingAtPath: stored))
            try handle.seek(toOffset: 300_000)
            let byte = try #require(try handle.read(upToCount: 1))[0]
            try handle.seek(toOffset: 300_000)
            try handle.write(contentsOf: [byte ^ 1])
            try handle.close()
            try await network.expectSuccess("up", "--detach")
            let copy = network.folder + "/copy"
            // The first read finds the damage and puts the file aside; what was sent is never completed.
            let first = try await network.run(["blob", "get", id, "--node", "1", "-o", copy])
            #expect(first.status != 0 || FileManager.default.contentsEqual(atPath: path, andPath: copy))
            try await network.expectSuccess("blob", "get", id, "--node", "1", "-o", copy)
            #expect(FileManager.default.contentsEqual(atPath: path, andPath: copy))
            let log = try String(contentsOfFile: node.data + "/node.log", encoding: .utf8)
            #expect(log.contains("corrupt"))
        }
    }
}
