import Foundation
import NIOCore
import NIOPosix
import Testing

@Suite("A release for a share of the visitors")
struct LedgerRolloutTests {
    /// The body that a gateway answers to a visitor at this address.
    private func body(_ node: TestNetwork.Status.Node, from address: String) async throws -> String {
        let port = try #require(Int(node.port))
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(to: SocketAddress(ipAddress: address, port: 0))
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let head = "GET / HTTP/1.1\r\nhost: site.localhost:\(port)\r\nconnection: close\r\n\r\n"
            try await outbound.write(ByteBuffer(string: head))
            var answer = ""
            for try await bytes in inbound { answer += String(buffer: bytes) }
            return answer.components(separatedBy: "\r\n\r\n").last ?? ""
        }
    }

    @Test("Visitors are divided by their addresses, alike on every node, until the release is live for all")
    func percent() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            let nodes = try await network.status().nodes
            try network.write("one", to: "site/index.html")
            let first = try await network.deploy(network.folder + "/site", "site")
            try network.write("two", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "site")
            let addresses = (2..<62).map { "127.0.0.\($0)" }
            func answers(_ node: TestNetwork.Status.Node) async throws -> [String] {
                var bodies: [String] = []
                for address in addresses { bodies.append(try await body(node, from: address)) }
                return bodies
            }
            #expect(Set(try await answers(nodes[0])) == ["two"])

            try await network.expectSuccess("promote", "site", first.release, "--percent", "50")
            try await eventually("both nodes divide the visitors alike") {
                let (first, second) = (try await answers(nodes[0]), try await answers(nodes[1]))
                return Set(first) == ["one", "two"] && first == second
            }
            let half = try await answers(nodes[0])
            try await network.expectSuccess("promote", "site", first.release, "--percent", "80")
            try await eventually("a larger share only takes visitors in") {
                let bodies = try await answers(nodes[1])
                guard bodies.count(where: { $0 == "one" }) > half.count(where: { $0 == "one" }) else { return false }
                return zip(half, bodies).allSatisfy { $0 == "two" || $1 == "one" }
            }
            try await network.expectSuccess("releases", "rollback", "site")
            try await eventually("everybody is back") { Set(try await answers(nodes[1])) == ["two"] }
            try await network.expectSuccess("promote", "site", first.release, "--percent", "100")
            try await eventually("it is live for all") { Set(try await answers(nodes[1])) == ["one"] }
        }
    }
}
