import ControlModel
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("Content of an origin on a network", .serialized)
struct CDNTests {
    @Test("One request to the origin for all clients of three nodes; purges reach every node, also one that was away")
    func network() async throws {
        let origin = try await CountingOrigin.start()
        try await TestNetwork.with { network in
            try await CDNTests.deploy(network, origin)
            let nodes = try await network.status().nodes
            let body = try await network.request(nodes[0], host: "shop", "/warm").text
            #expect(body == "1")

            let answers = try await withThrowingTaskGroup(of: TestNetwork.Answer.self) { group in
                for client in 0..<300 {
                    let node = nodes[client % 3]
                    group.addTask { try await network.request(node, host: "shop", "/cold") }
                }
                return try await group.reduce(into: [TestNetwork.Answer]()) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 200 && $0.text == "1" })
            #expect(answers.allSatisfy { $0.headers["cache-status"].contains { $0.hasPrefix("Skerry; ") } })
            #expect(origin.count("/cold") == 1)

            let url = "http://shop.localhost:\(nodes[0].port)/cold"
            for node in nodes {
                try await eventually("it is stored") {
                    try await network.request(node, host: "shop", "/cold").headers["cache-status"].contains {
                        $0.contains("hit")
                    }
                }
            }
            let receipt: PurgeReceipt = try await network.expectSuccess("cache", "purge", url, "--json").json()
            #expect(receipt.nodes.count == 3 && receipt.nodes.allSatisfy { $0.problem == nil && $0.hits == 1 })
            for node in nodes {
                let again = try await network.request(node, host: "shop", "/cold")
                #expect(again.text == "2")
            }
            #expect(origin.count("/cold") == 2)

            kill(try #require(nodes[2].pid), SIGKILL)
            try await eventually("the node is dead") { try await network.status().nodes[2].pid == nil }
            try await network.expectSuccess("cache", "purge", url)
            #expect(try await network.request(nodes[0], host: "shop", "/cold").text == "3")
            try await network.expectSuccess("up", "--detach")
            let back = try await network.status().nodes[2]
            try await eventually(within: 60, "the node that was away hears of the purge") {
                let answer = try await network.request(back, host: "shop", "/cold")
                // It asks the origin once more where it is the first to ask for this key.
                return answer.status == 200 && ["3", "4"].contains(answer.text)
            }
            let statistics: CacheStatistics = try await network.expectSuccess("cache", "stats", "shop", "--json").json()
            #expect(statistics.nodes.count == 3)
            let inspection: CacheInspection = try await network.expectSuccess("cache", "inspect", url, "--json").json()
            #expect(inspection.nodes.contains { !$0.variants.isEmpty })
            try await network.expectFailure(
                "cache", "stats", "shop", saying: "belongs to another account", account: "other")
        }
        try await origin.stop()
    }

    /// Lets the nodes reach this machine, and deploys an app whose content is the origin's.
    private static func deploy(_ network: TestNetwork, _ origin: CountingOrigin) async throws {
        let nodes = try await network.status().nodes
        try await network.expectSuccess("down")
        for node in nodes {
            let path = URL(fileURLWithPath: node.data + "/node.json")
            let read = try JSONSerialization.jsonObject(with: Data(contentsOf: path))
            var configuration = try #require(read as? [String: Any])
            configuration["origins"] = ["allowedHosts": ["localhost"]]
            try JSONSerialization.data(withJSONObject: configuration).write(to: path)
        }
        try await network.expectSuccess("up", "--detach")
        try network.write(
            """
            name = "shop"
            kind = "origin"

            [origin]
            url = "http://localhost:\(origin.port)"
            """, to: "shop/skerry.toml")
        try await network.expectSuccess("deploy", network.folder + "/shop")
    }
}

/// A web server in this process: answers each path with how often it was asked for it, after a while.
private final class CountingOrigin: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    private let channel = Mutex<(any Channel)?>(nil)

    static func start() async throws -> CountingOrigin {
        let origin = CountingOrigin()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(CountingHandler(origin))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        origin.channel.withLock { $0 = channel }
        return origin
    }

    var port: Int { channel.withLock { $0?.localAddress?.port } ?? 0 }

    func count(_ path: String) -> Int { counts.withLock { $0[path] ?? 0 } }

    func note(_ path: String) -> Int {
        counts.withLock { counts in
            counts[path, default: 0] += 1
            return counts[path] ?? 0
        }
    }

    func stop() async throws { try await channel.withLock { $0 }?.close() }
}

private final class CountingHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Long enough for clients of all nodes to come meanwhile.
    private static let delay = TimeAmount.milliseconds(200)

    private let origin: CountingOrigin
    private var path = ""

    init(_ origin: CountingOrigin) { self.origin = origin }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head): path = head.uri
        case .body: break
        case .end:
            let body = ByteBuffer(string: String(origin.note(path)))
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: CountingHandler.delay) {
                let context = bound.value
                let headers: HTTPHeaders = [
                    "cache-control": "max-age=600", "content-length": String(body.readableBytes),
                    "content-type": "text/plain",
                ]
                let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
                context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
                context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
                context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
