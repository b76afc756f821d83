import Blake3
import BlobStore
import Channels
import Exchange
import Foundation
import Identity
import Logging
import NIOCore
import NIOPosix
import PaidDelivery
import Peering
import Synchronization
import Wire

@testable import Ledger

let loops = MultiThreadedEventLoopGroup.singleton
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
let testNetwork = NetworkID(Blake3.hash(Array("paid".utf8)))
let blockBytes = BlockTree.blockByteCount

/// Who takes part, and which channels are open.
final class TestLedger: PeerDirectory {
    private let records = Mutex<[NodeID: (key: PublicKey, endpoint: PeerEndpoint)]>([:])
    private let channels = Mutex<[ChannelID: ChannelRecord]>([:])

    func register(_ key: SigningKey, port: Int) {
        records.withLock { $0[key.publicKey.node] = (key.publicKey, PeerEndpoint(host: "127.0.0.1", port: port)) }
    }

    func isParticipating(_ key: PublicKey) -> Bool { records.withLock { $0[key.node]?.key == key } }
    func publicKey(of node: NodeID) -> PublicKey? { records.withLock { $0[node]?.key } }
    func endpoint(of node: NodeID) -> PeerEndpoint? { records.withLock { $0[node]?.endpoint } }
    var nodes: [NodeID] { records.withLock { Array($0.keys) } }

    func put(_ record: ChannelRecord) { channels.withLock { $0[record.id] = record } }
    func channel(_ id: ChannelID) -> ChannelRecord? { channels.withLock { $0[id] } }

    /// Opens a channel from a payer to a node, and gives what the payer pays with.
    func openChannel(
        from payer: SigningKey, to payee: NodeID, units: UInt64 = 4096, price: UInt64 = 1, nonce: UInt64 = 1
    ) throws -> PayingClient.Wallet {
        let expires = Int64(Date().timeIntervalSince1970 * 1000) + 3_600_000
        let plan = try ChannelPlan(
            key: payer, network: testNetwork, payee: payee, nonce: nonce, expiresMilliseconds: expires,
            purchases: [.init(commodity: .bytes, unitPrice: price, maxUnits: units)])
        let id = ChannelID(Blake3.hash(payer.publicKey.bytes + payee.digest.bytes + [UInt8(truncatingIfNeeded: nonce)]))
        put(
            ChannelRecord(
                id: id, payer: payer.publicKey.account, payerKey: payer.publicKey, payee: payee,
                expiresMilliseconds: expires, openedSequence: 1, deposit: units * price,
                chains: plan.channel.chains.map(ChannelRecord.Chain.init)))
        guard let chain = plan.chains[.bytes] else { throw PeerError(.internalError, "no chain") }
        return PayingClient.Wallet(channel: id, commodity: .bytes, chain: chain)
    }
}

/// Answers from the sessions and the exchange, unless `change` says something else.
final class TestService: PeerRequestHandler {
    typealias Change = @Sendable (PeerRequest) -> PeerReply?

    private let rooms = Mutex<(exchange: Exchange, paid: PaidServing)?>(nil)
    private let served = Mutex<[FrameType: Int]>([:])
    private let change: Change?

    init(_ change: Change?) { self.change = change }

    func attach(_ exchange: Exchange, _ paid: PaidServing) { rooms.withLock { $0 = (exchange, paid) } }
    func count(_ type: FrameType) -> Int { served.withLock { $0[type] ?? 0 } }

    func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        served.withLock { $0[request.type, default: 0] += 1 }
        if let changed = change?(request) { return eventLoop.makeSucceededFuture(changed) }
        let rooms = rooms.withLock { $0 }
        return rooms?.paid.serve(request, on: eventLoop) ?? rooms?.exchange.serve(request, on: eventLoop)
            ?? eventLoop.makeFailedFuture(PeerError(.unsupported, "unknown"))
    }
}

/// A node that sells and buys, in a folder that goes with it.
final class PaidNode: Sendable {
    let key: SigningKey
    let store: BlobStore
    let peers: PeerNetwork
    let exchange: Exchange
    let service: TestService
    let payee: PayeeLedger
    let paid: PaidServing
    let payer: PayingClient
    private let folder = NSTemporaryDirectory() + "paid-\(UUID().uuidString)"

    var id: NodeID { key.publicKey.node }

    init(
        _ ledger: TestLedger, free: FreeUse = .units(0), account: SigningKey = SigningKey(),
        settings payeeSettings: PayeeSettings = .init(), change: TestService.Change? = nil
    ) async throws {
        key = SigningKey()
        store = try BlobStore(folder: folder, settings: .init(), threadPool: .singleton, logger: quiet)
        service = TestService(change)
        peers = try PeerNetwork(
            key: key, network: Data(count: 32), directory: ledger, handler: service, ledgerSequence: { 1 },
            group: loops, logger: quiet)
        var log = AckLogSettings()
        log.byteCount = 64 << 10
        payee = try PayeeLedger(
            folder: folder + "/acks", key: key, network: testNetwork, settings: payeeSettings, log: log)
        paid = PaidServing(payee: payee, free: free) { ledger.channel($0) }
        payer = PayingClient(
            key: account, holder: key.publicKey.node, network: testNetwork, logger: quiet)
        var settings = ExchangeSettings()
        settings.searchTimeout = .seconds(1)
        settings.searchInterval = .milliseconds(100)
        exchange = Exchange(
            store: store, peers: peers, directory: ledger, meter: paid, payer: payer, settings: settings, group: loops,
            logger: quiet)
        service.attach(exchange, paid)
        let port = try await peers.listen(host: "127.0.0.1", port: 0)
        ledger.register(key, port: port)
    }

    deinit {
        payee.close()
        try? store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func stop() async {
        exchange.shutdown()
        await peers.shutdown()
    }

    /// Units that were acknowledged to this node, by all.
    var earned: UInt64 { payee.openChannels.reduce(0) { $0 + $1.acknowledgedUnits } }
}

/// A network of nodes that is stopped whatever happens.
func withNodes(_ work: (TestLedger, inout [PaidNode]) async throws -> Void) async throws {
    var nodes: [PaidNode] = []
    do {
        try await work(TestLedger(), &nodes)
    } catch {
        for node in nodes { await node.stop() }
        throw error
    }
    for node in nodes { await node.stop() }
}

/// Waits until `condition` holds, for at most 30 seconds.
func eventually(_ condition: () throws -> Bool) async throws -> Bool {
    for _ in 0..<3_000 {
        if try condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return try condition()
}

/// The code of a ``PeerError``, or of an ``ExchangeError``, that `body` throws; nil if it throws none.
func code(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? PeerError)?.code.description ?? (error as? ExchangeError)?.code.description ?? "\(error)"
    }
}

func bytes(blocks: Int, extra: Int = 0) -> ByteBuffer {
    var bytes = ByteBuffer()
    for block in 0..<blocks { bytes.writeRepeatingByte(UInt8(truncatingIfNeeded: block &* 37 &+ 1), count: blockBytes) }
    bytes.writeRepeatingByte(9, count: extra)
    return bytes
}
