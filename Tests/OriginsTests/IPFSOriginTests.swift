import NIOCore
import Streams
import Testing

@testable import Origins

@Suite("IPFS as an origin")
struct IPFSOriginTests {
    /// A gateway that has a tree's blocks, and changes what `tamper` says.
    private static func gateway(
        _ tree: FileTree, tamper: @escaping @Sendable (CID, [UInt8]) -> [UInt8]? = { $1 },
        _ body: (RawServer) async throws -> Void
    ) async throws {
        try await RawServer.with(
            { request in
                guard request.field("accept") == "application/vnd.ipld.raw", request.target.hasSuffix("?format=raw"),
                    let cid = try? CID(request.path.dropFirst("/ipfs/".count)),
                    let block = tree.blocks[cid].flatMap({ tamper(cid, $0) })
                else { return RawServer.answer(404) }
                return RawServer.answer(200, [("content-type", "application/vnd.ipld.raw")], block)
            }, body)
    }

    private func description(_ cid: CID, _ gateways: String...) -> OriginDescription {
        OriginDescription(.ipfs(IPFSLocation(cid: "\(cid)", gateways: gateways)))
    }

    @Test("A file of several blocks comes whole and in ranges, of which only the needed blocks are fetched")
    func largeFile() async throws {
        var tree = FileTree()
        let content = FileTree.bytes(1_500_000)
        let file = tree.addFile(content, leafBytes: 64 << 10, links: 8)
        let root = tree.addFolder([("film.mp4", file), ("index.html", tree.add(Array("<p>hi".utf8), .raw))])
        try await Self.gateway(tree) { server in
            try await withClient { client in
                let from = description(root, server.url)
                let whole = try await client.fetch(OriginRequest(path: "/film.mp4"), from: from)
                #expect(whole.status == 200)
                #expect(whole.length == 1_500_000)
                #expect(whole.fields["content-type"] == "video/mp4")
                #expect(whole.fields["etag"] == "\"\(file)\"")
                let bytes = try await whole.bytes()
                #expect(bytes == content)
                let before = server.requests.count
                let part = try await client.fetch(
                    OriginRequest(path: "/film.mp4", range: .bytes(first: 700_000, last: 700_099)), from: from)
                #expect(part.status == 206)
                #expect(part.fields["content-range"] == "bytes 700000-700099/1500000")
                let some = try await part.bytes()
                #expect(some == Array(content[700_000..<700_100]))
                // One leaf; the nodes above are remembered.
                #expect(server.requests.count - before == 1)
                let index = try await client.fetch(OriginRequest(path: "/"), from: from)
                let text = try await index.text()
                #expect(text == "<p>hi")
                let again = try await client.fetch(
                    OriginRequest(path: "/film.mp4", fields: ["if-none-match": "\"\(file)\""]), from: from)
                #expect(again.status == 304)
                #expect(client.statistics.first?.inFlight == 0)
            }
        }
    }

    @Test("A gateway that lies is left for the next one; without another, not one wrong byte comes out")
    func lies() async throws {
        var tree = FileTree()
        let content = FileTree.bytes(300_000)
        let file = tree.addFile(content, leafBytes: 64 << 10, links: 8)
        let leaf = CID(hashing: Array(content[(128 << 10)..<(192 << 10)]), codec: .raw)
        let corrupt: @Sendable (CID, [UInt8]) -> [UInt8]? = { cid, block in
            cid == leaf ? [block[0] ^ 1] + block.dropFirst() : block
        }
        try await Self.gateway(tree, tamper: corrupt) { liar in
            try await Self.gateway(tree) { honest in
                try await withClient { client in
                    let both = try await client.fetch(
                        OriginRequest(path: "/"), from: description(file, liar.url, honest.url))
                    let bytes = try await both.bytes()
                    #expect(bytes == content)
                    #expect(honest.requests.count == 1)
                }
                try await withClient { client in
                    var from = description(file, liar.url)
                    from.retries = 0
                    let alone = try await client.fetch(OriginRequest(path: "/"), from: from)
                    var received: [UInt8] = []
                    let error = await originError {
                        while let part = try await alone.body.next() { received += part.readableBytesView }
                        return 0
                    }
                    #expect(error?.code == .verificationFailed)
                    #expect(received == Array(content.prefix(received.count)))
                    #expect(received.count <= 128 << 10)
                }
            }
        }
    }

    @Test("Blocks that are too large, nowhere, or of a kind that is not read are named so")
    func failures() async throws {
        var tree = FileTree()
        let large = tree.add([UInt8](repeating: 7, count: DAGNode.maxBlockBytes + 1), .raw)
        let largest = tree.add([UInt8](repeating: 7, count: DAGNode.maxBlockBytes), .raw)
        let sharded = tree.addFolder([("00a", largest)], kind: .shardedDirectory)
        let link = tree.addFolder([], kind: .symlink)
        let inner = tree.addFolder([("a", largest)])
        let root = tree.addFolder([("s", sharded), ("l", link), ("d", inner)])
        let absent = CID(hashing: [9], codec: .raw)
        try await Self.gateway(tree) { server in
            try await withClient { client in
                func code(_ cid: CID, _ path: String) async -> OriginError.Code? {
                    var from = description(cid, server.url)
                    from.retries = 0
                    return await originError { try await client.fetch(OriginRequest(path: path), from: from) }?.code
                }
                #expect(await code(large, "/") == .tooLarge)
                #expect(await code(absent, "/") == .notFound)
                #expect(await code(root, "/s/a") == .unsupported)
                #expect(await code(root, "/l") == .unsupported)
                #expect(await code(root, "/none") == .notFound)
                #expect(await code(root, "/d/") == .notFound)
                #expect(await code(root, "/d/a/b") == .notFound)
                let whole = try await client.fetch(OriginRequest(path: "/"), from: description(largest, server.url))
                let count = try await whole.bytes().count
                #expect(count == DAGNode.maxBlockBytes)
                let folder = try await client.fetch(OriginRequest(path: "/d"), from: description(root, server.url))
                #expect(folder.status == 301)
                #expect(folder.fields["location"] == "./d/")
                let post = try await client.fetch(
                    OriginRequest(method: "POST", path: "/"), from: description(root, server.url))
                #expect(post.status == 405)
            }
        }
    }

    @Test("Descriptions are checked", arguments: ["", "hello", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3N0"])
    func badDescriptions(_ cid: String) async throws {
        try await withClient { client in
            let bad = OriginDescription(.ipfs(IPFSLocation(cid: cid, gateways: ["https://ipfs.test"])))
            let error = #expect(throws: OriginError.self) { try client.check(bad) }
            #expect(error?.code == .badDescription)
        }
    }
}
