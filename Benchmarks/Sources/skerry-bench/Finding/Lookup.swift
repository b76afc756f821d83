import ArgumentParser
import Blake3
import Discovery
import Identity
import Logging
import NIOCore
import NIOPosix
import Peering
import Synchronization
import Wire

/// Finding who has a blob among nodes in one process, over loopback mutual TLS.
struct Lookup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Looks providers up among 20 nodes, beside bare requests between the same nodes.")

    private static let nodeCount = 20
    /// Nodes that keep a record. With the default of 20, every node would know everything already.
    fileprivate static let replicas = 4
    /// Each node provides so many blobs.
    private static let blobsPerNode = 100
    /// Lookups of one round, one by one and many at once.
    private static let singleCount = 1_000
    private static let manyCount = 10_000
    private static let width = 64

    @Option(help: "Rounds in which the contenders take turns, 1 to 100.") var rounds = 5

    func validate() throws {
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds is \(rounds) and must be 1 to 100") }
    }

    func run() async throws {
        let swarm = try await Swarm(nodes: Lookup.nodeCount, blobsPerNode: Lookup.blobsPerNode)
        do {
            try await measure(swarm)
        } catch {
            await swarm.stop()
            throw error
        }
        await swarm.stop()
    }

    private func measure(_ swarm: Swarm) async throws {
        let bare = "one request, 1 at once"
        let bareMany = "one request, \(Lookup.width) at once"
        let latencies = Mutex<[Double]>([])
        var contest = Contest(
            "lookups among \(Lookup.nodeCount) nodes in one process over loopback mutual TLS 1.3", unit: "lookups",
            bases: [bare, bareMany])
        contest.add(bare) {
            try await Lookup.timed(Lookup.singleCount, atOnce: 1) { try await swarm.echo($0) }
        }
        contest.add("lookup, 1 at once") {
            try await Lookup.timed(Lookup.singleCount, atOnce: 1) { number in
                let start = ContinuousClock.now
                try await swarm.find(number)
                let micros = (ContinuousClock.now - start).inSeconds * 1e6
                latencies.withLock { $0.append(micros) }
            }
        }
        contest.add(bareMany) {
            try await Lookup.timed(Lookup.manyCount, atOnce: Lookup.width) { try await swarm.echo($0) }
        }
        contest.add("lookup, \(Lookup.width) at once") {
            try await Lookup.timed(Lookup.manyCount, atOnce: Lookup.width) { try await swarm.find($0) }
        }
        try await contest.run(rounds: rounds)
        let micros = latencies.withLock { $0 }
        print(
            "  one lookup at a time: median \(Table.number(Statistics.median(micros))) µs, 99 % within "
                + "\(Table.number(Statistics.quantile(0.99, of: micros))) µs until the first provider is known")
    }

    private static func timed(
        _ count: Int, atOnce width: Int, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> Sample {
        try await Sample.timed(Double(count)) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<count {
                    if number >= width { try await group.next() }
                    group.addTask { try await body(number) }
                }
                try await group.waitForAll()
            }
        }
    }
}

/// Nodes with discovery in this process; node n provides the blobs n, n + nodes, n + 2 × nodes and so on.
private final class Swarm: Sendable {
    /// A request that is answered with its own body, by nobody but this benchmark.
    private static let echo = FrameType(rawValue: 200)
    private static let publishTimeout = Duration.seconds(60)

    private let ledger: Ledger
    private let members: [Member]
    private let blobs: [BlobID]
    private let running: Task<Void, Never>

    init(nodes: Int, blobsPerNode: Int) async throws {
        let keys = (0..<nodes).map { _ in SigningKey() }
        let ledger = Ledger(keys)
        var members: [Member] = []
        for (number, key) in keys.enumerated() {
            members.append(try await Member(key, ledger, number: number))
        }
        self.ledger = ledger
        self.members = members
        blobs = (0..<nodes * blobsPerNode).map { number in
            BlobID(Blake3.hash(withUnsafeBytes(of: UInt64(number).littleEndian) { Array($0) }))
        }
        running = Task { [members] in
            await withTaskGroup(of: Void.self) { group in
                for member in members { group.addTask { await member.discovery.run() } }
            }
        }
        for (number, member) in members.enumerated() {
            member.discovery.provide(stride(from: number, to: blobs.count, by: nodes).map { blobs[$0] })
        }
        try await untilPublished()
    }

    /// Waits until every blob is found from every side: then all connections are open too.
    private func untilPublished() async throws {
        let deadline = ContinuousClock.now + Swarm.publishTimeout
        for number in 0..<blobs.count {
            while true {
                do {
                    try await find(number)
                    break
                } catch {
                    guard ContinuousClock.now < deadline else { throw error }
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
        }
    }

    /// Looks a blob up from a node that does not provide it and checks the answer.
    func find(_ number: Int) async throws {
        let blob = number % blobs.count
        let provider = members[blob % members.count]
        let seeker = members[(blob + 1 + number / blobs.count) % members.count]
        guard seeker.node != provider.node else { return }
        for await found in seeker.discovery.providers(of: blobs[blob]) {
            guard found == provider.node else { throw BenchError("blob \(blob) is said to be on \(found.short)") }
            return
        }
        throw BenchError("nobody is known to have blob \(blob)")
    }

    /// One request from a node to another.
    func echo(_ number: Int) async throws {
        let seeker = members[number % members.count]
        let other = members[(number + 1 + number / members.count % (members.count - 1)) % members.count]
        let connection = try await seeker.peers.connection(to: other.node)
        let answer = try await connection.request(Swarm.echo, ByteBuffer(integer: UInt64(number))).get()
        guard answer.body.getInteger(at: answer.body.readerIndex, as: UInt64.self) == UInt64(number) else {
            throw BenchError("a wrong echo came back")
        }
    }

    func stop() async {
        running.cancel()
        for member in members { await member.peers.shutdown() }
        await running.value
    }

    private struct Member: Sendable {
        let node: NodeID
        let peers: PeerNetwork
        let discovery: Discovery

        init(_ key: SigningKey, _ ledger: Ledger, number: Int) async throws {
            let group = MultiThreadedEventLoopGroup.singleton
            let service = Service()
            node = key.publicKey.node
            peers = try PeerNetwork(
                key: key, network: Cast.network, directory: ledger, handler: service, ledgerSequence: { 1 },
                group: group, logger: Cast.quiet)
            var settings = DiscoverySettings()
            settings.replicas = Lookup.replicas
            discovery = Discovery(
                key: key, network: Cast.network, peers: peers, view: ledger.view, settings: settings, group: group,
                logger: Cast.quiet)
            service.attach(discovery)
            ledger.register(node, port: try await peers.listen(host: "127.0.0.1", port: 0))
        }
    }

    private final class Service: PeerRequestHandler {
        private let discovery = Mutex<Discovery?>(nil)

        func attach(_ discovery: Discovery) { self.discovery.withLock { $0 = discovery } }

        func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
            if request.type == Swarm.echo {
                return eventLoop.makeSucceededFuture(PeerReply(type: Swarm.echo, body: request.body))
            }
            return discovery.withLock { $0 }?.serve(request, on: eventLoop)
                ?? eventLoop.makeFailedFuture(PeerError(.unsupported, "Only discovery is served here"))
        }
    }

    /// All nodes, each of its own operator and in a network of its own.
    private struct View: DiscoveryView {
        let nodes: [DiscoveryNode]
        let version: UInt64 = 1

        init(_ keys: [SigningKey]) {
            nodes = keys.enumerated().map { number, key in
                DiscoveryNode(
                    id: key.publicKey.node, publicKey: key.publicKey, operatorID: key.publicKey.account,
                    addressGroup: "10.\(number)")
            }
        }

        func isUsable(_ node: NodeID) -> Bool { true }
        func estimatedRoundTrip(to node: NodeID) -> Duration? { nil }
    }

    private final class Ledger: PeerDirectory {
        private let keys: [NodeID: PublicKey]
        private let ports = Mutex<[NodeID: Int]>([:])
        let nodes: [NodeID]
        let view: View

        init(_ keys: [SigningKey]) {
            self.keys = Dictionary(uniqueKeysWithValues: keys.map { ($0.publicKey.node, $0.publicKey) })
            nodes = keys.map(\.publicKey.node)
            view = View(keys)
        }

        func register(_ node: NodeID, port: Int) { ports.withLock { $0[node] = port } }

        func isParticipating(_ key: PublicKey) -> Bool { keys[key.node] == key }
        func publicKey(of node: NodeID) -> PublicKey? { keys[node] }
        func endpoint(of node: NodeID) -> PeerEndpoint? {
            ports.withLock { $0[node] }.map { PeerEndpoint(host: "127.0.0.1", port: $0) }
        }
    }
}
