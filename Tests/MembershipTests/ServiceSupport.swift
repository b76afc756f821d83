import Foundation
import Identity
import Logging
import NIOCore
import NIOPosix
import Peering
import Synchronization
import Wire

@testable import Membership

let loops = MultiThreadedEventLoopGroup.singleton
let testNetwork = Data(repeating: 7, count: 32)
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Who takes part, and where; may change while nodes run.
final class Ledger: PeerDirectory {
    private struct Record {
        let key: PublicKey
        let endpoint: PeerEndpoint
    }

    private let records = Mutex<[NodeID: Record]>([:])

    func register(_ key: PublicKey, port: Int) {
        let record = Record(key: key, endpoint: PeerEndpoint(host: "127.0.0.1", port: port))
        records.withLock { $0[key.node] = record }
    }

    func remove(_ node: NodeID) { records.withLock { $0[node] = nil } }

    func isParticipating(_ key: PublicKey) -> Bool { records.withLock { $0[key.node]?.key == key } }
    func publicKey(of node: NodeID) -> PublicKey? { records.withLock { $0[node]?.key } }
    func endpoint(of node: NodeID) -> PeerEndpoint? { records.withLock { $0[node]?.endpoint } }
    var nodes: [NodeID] { records.withLock { $0.keys.sorted() } }
}

/// Hands requests to a membership that is made after the peer network.
final class Hand: PeerRequestHandler {
    private let membership = Mutex<Membership?>(nil)

    func attach(_ membership: Membership?) { self.membership.withLock { $0 = membership } }

    func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        membership.withLock { $0 }?.serve(request, on: eventLoop)
            ?? eventLoop.makeFailedFuture(PeerError(.unsupported, "no such request"))
    }
}

/// A node that probes until it is stopped.
final class TestNode: Sendable {
    let key: SigningKey
    let port: Int
    let peers: PeerNetwork
    let membership: Membership
    private let hand = Hand()
    private let running: Task<Void, Never>

    var id: NodeID { key.publicKey.node }

    init(
        _ ledger: Ledger, key: SigningKey = SigningKey(), port: Int = 0,
        settings: MembershipSettings = TestNode.quickSettings
    ) async throws {
        self.key = key
        peers = try PeerNetwork(
            key: key, network: testNetwork, directory: ledger, handler: hand, ledgerSequence: { 1 }, group: loops,
            logger: quiet)
        self.port = try await peers.listen(host: "127.0.0.1", port: port)
        ledger.register(key.publicKey, port: self.port)
        let membership = Membership(
            key: key, network: testNetwork, peers: peers, directory: ledger, settings: settings, group: loops,
            logger: quiet)
        self.membership = membership
        hand.attach(membership)
        running = Task { await membership.run() }
    }

    /// Ends as a crash does for the others: nothing is said.
    func stop() async {
        running.cancel()
        await running.value
        await peers.shutdown()
        hand.attach(nil)
    }

    /// Ten times as quick as usual.
    static var quickSettings: MembershipSettings {
        var settings = MembershipSettings()
        settings.probeInterval = .milliseconds(100)
        settings.directTimeout = .milliseconds(200)
        settings.roundTimeout = .milliseconds(500)
        settings.syncInterval = .milliseconds(500)
        settings.refutationInterval = .milliseconds(50)
        settings.maxLocalHealth = 2
        settings.ledgerInterval = .milliseconds(100)
        settings.deadProbeEvery = 4
        return settings
    }
}

/// Waits until `condition` holds, for at most 20 seconds by default.
func eventually(seconds: Int = 20, _ condition: () -> Bool) async throws -> Bool {
    for _ in 0..<seconds * 100 {
        if condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return condition()
}

/// The code of the ``PeerError`` that `body` throws; nil if it throws none.
func code(_ body: () async throws -> Void) async -> PeerError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? PeerError)?.code
    }
}
