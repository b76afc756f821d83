import Blake3
import Foundation
import Identity
import Logging
import NIOCore
import NIOPosix
import Peering
import SwiftProtobuf
import Synchronization
import Testing
import Wire

@testable import Discovery

let testNetwork = Data(repeating: 7, count: 32)

/// A wall clock time in the year 2026.
let testWall: Int64 = 1_790_000_000_000

/// A reproducible generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

func digest(_ text: String) -> Digest { Blake3.hash(Array(text.utf8)) }
func node(_ number: Int) -> NodeID { NodeID(digest("node \(number)")) }
func key(_ number: Int) -> BlobID { BlobID(digest("key \(number)")) }
func account(_ number: Int) -> AccountID { AccountID(digest("account \(number)")) }

func member(_ number: Int, operator account: Int? = nil, group: String? = nil) -> Keyspace.Member {
    .init(
        id: node(number), operatorID: DiscoveryTests.account(account ?? number), addressGroup: group ?? "10.\(number)")
}

/// A record that needs no proof.
func record(
    _ key: Int, by provider: Int, sequence: UInt64 = 1, isWithdrawn: Bool = false, byteCount: Int? = nil
) -> ProviderRecord {
    ProviderRecord(
        key: DiscoveryTests.key(key), provider: node(provider), sequence: sequence, expiresMillis: testWall,
        isWithdrawn: isWithdrawn, signed: byteCount.map { Array(repeating: 1, count: $0) } ?? [])
}

/// The code that `body` throws; nil if it throws none.
func refusal(_ body: () throws(DiscoveryError) -> Void) -> DiscoveryError.Code? {
    do throws(DiscoveryError) {
        try body()
        return nil
    } catch { return error.code }
}

// MARK: A network on loopback

let loops = MultiThreadedEventLoopGroup.singleton
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// All nodes of a test, as the ledger lists them.
final class Ledger: PeerDirectory {
    private let records = Mutex<[NodeID: (DiscoveryNode, PeerEndpoint?)]>([:])
    private let changes = Mutex<UInt64>(0)

    func register(_ key: SigningKey, port: Int?, operatorNumber: Int = 0, group: String = "127.0") {
        let node = DiscoveryNode(
            id: key.publicKey.node, publicKey: key.publicKey, operatorID: account(operatorNumber),
            addressGroup: group)
        records.withLock { $0[node.id] = (node, port.map { PeerEndpoint(host: "127.0.0.1", port: $0) }) }
        changes.withLock { $0 += 1 }
    }

    var version: UInt64 { changes.withLock { $0 } }
    var all: [DiscoveryNode] { records.withLock { $0.values.map(\.0) } }
    var nodes: [NodeID] { records.withLock { Array($0.keys) } }
    func isParticipating(_ key: PublicKey) -> Bool { records.withLock { $0[key.node]?.0.publicKey == key } }
    func publicKey(of node: NodeID) -> PublicKey? { records.withLock { $0[node]?.0.publicKey } }
    func endpoint(of node: NodeID) -> PeerEndpoint? { records.withLock { $0[node]?.1 } }
}

/// What a node believes of the others; tests change it.
final class TestView: DiscoveryView {
    let ledger: Ledger
    let down = Mutex<Set<NodeID>>([])
    let trips = Mutex<[NodeID: Duration]>([:])

    init(_ ledger: Ledger) { self.ledger = ledger }

    var nodes: [DiscoveryNode] { ledger.all }
    var version: UInt64 { ledger.version }
    func isUsable(_ node: NodeID) -> Bool { down.withLock { !$0.contains(node) } }
    func estimatedRoundTrip(to node: NodeID) -> Duration? { trips.withLock { $0[node] } }
}

/// Hands requests to discovery, or to a lie.
final class Router: PeerRequestHandler {
    typealias Lie = @Sendable (PeerRequest, any EventLoop) -> EventLoopFuture<PeerReply>?

    let discovery = Mutex<Discovery?>(nil)
    let lie = Mutex<Lie?>(nil)
    let served = Mutex(0)

    func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        served.withLock { $0 += 1 }
        if let answer = lie.withLock({ $0 })?(request, eventLoop) { return answer }
        return discovery.withLock { $0 }?.serve(request, on: eventLoop)
            ?? eventLoop.makeFailedFuture(PeerError(.unsupported, "unknown"))
    }
}

/// A clock for the wall and one that never goes back, both set by hand.
final class ManualClock: Sendable {
    private let state = Mutex<(now: Duration, wall: Int64)>((.zero, testWall))

    func advance(_ duration: Duration) {
        state.withLock { state in
            state.now += duration
            state.wall += duration.components.seconds * 1_000
        }
    }

    func setWall(_ millis: Int64) { state.withLock { $0.wall = millis } }

    var clock: DiscoveryClock {
        DiscoveryClock(now: { self.state.withLock { $0.now } }, wallMillis: { self.state.withLock { $0.wall } })
    }
}

/// A node: its key, its connections, its discovery.
struct TestNode {
    let key: SigningKey
    let peers: PeerNetwork
    let router = Router()
    let view: TestView
    let discovery: Discovery

    var id: NodeID { key.publicKey.node }

    init(
        _ ledger: Ledger, settings: DiscoverySettings = .quick, clock: DiscoveryClock = .system,
        operatorNumber: Int = 0
    ) async throws {
        let key = SigningKey()
        self.key = key
        view = TestView(ledger)
        peers = try PeerNetwork(
            key: key, network: testNetwork, directory: ledger, handler: router, ledgerSequence: { 1 }, group: loops,
            logger: quiet)
        let port = try await peers.listen(host: "127.0.0.1", port: 0)
        ledger.register(key, port: port, operatorNumber: operatorNumber)
        discovery = Discovery(
            key: key, network: testNetwork, peers: peers, view: view, settings: settings, group: loops, logger: quiet,
            clock: clock)
        router.discovery.withLock { [discovery] in $0 = discovery }
    }

    /// All providers of a lookup.
    func find(_ key: BlobID) async -> [NodeID] {
        var found: [NodeID] = []
        for await node in discovery.providers(of: key) { found.append(node) }
        return found
    }

    /// A write token of `other` for this node.
    func token(of other: TestNode) async throws -> Data {
        let reply: PeerPBProviders = try await discovery.ask(
            other.id, .findProviders,
            PeerPBFindProviders.with {
                $0.key = Data(count: 32)
                $0.wantToken = true
            }, expecting: .providers)
        return reply.token
    }

    /// Sends records as they are; what `other` says of each.
    func store(_ records: [PeerPBProviderRecord], at other: TestNode) async throws -> [String] {
        let token = try await token(of: other)
        let reply: PeerPBStoreResult = try await discovery.ask(
            other.id, .storeRecords,
            PeerPBStoreRecords.with {
                $0.token = token
                $0.records = records
            }, expecting: .storeResult)
        return reply.refusals
    }
}

extension DiscoverySettings {
    /// Seconds where the network takes minutes.
    static var quick: DiscoverySettings {
        var settings = DiscoverySettings()
        settings.refreshSpread = .milliseconds(10)
        settings.replicaCheckInterval = .zero
        settings.patience = .milliseconds(150)
        settings.requestTimeout = .seconds(2)
        return settings
    }
}

/// Runs nodes of one network, their discovery included, for as long as `work` takes.
func withNodes(
    _ count: Int, settings: DiscoverySettings = .quick, clock: DiscoveryClock = .system,
    _ work: ([TestNode]) async throws -> Void
) async throws {
    let ledger = Ledger()
    var nodes: [TestNode] = []
    for number in 0..<count {
        nodes.append(try await TestNode(ledger, settings: settings, clock: clock, operatorNumber: number))
    }
    let running = nodes
    let failure = await withTaskGroup(of: Void.self) { group -> (any Error)? in
        for node in running { group.addTask { await node.discovery.run() } }
        var failure: (any Error)?
        do { try await work(running) } catch { failure = error }
        group.cancelAll()
        return failure
    }
    for node in running { await node.peers.shutdown() }
    if let failure { throw failure }
}

/// Expects that `condition` holds within 8 seconds.
func expectEventually(_ location: SourceLocation = #_sourceLocation, _ condition: () async -> Bool) async throws {
    for _ in 0..<400 {
        if await condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    let holds = await condition()
    #expect(holds, sourceLocation: location)
}
