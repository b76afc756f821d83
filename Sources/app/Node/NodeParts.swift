import Blake3
import BlobStore
import ControlModel
import Exchange
import Foundation
import Functions
import Gateway
import Identity
import Ledger
import LedgerLog
import Logging
import NIOCore
import Peering
import Synchronization

/// The rooms of a running node, made in order of their dependencies and stopped in reverse.
final class NodeParts: Sendable {
    let node: NodeID
    let group: any EventLoopGroup
    let keeper: LedgerKeeper
    let store: BlobStore
    let peers: PeerNetwork
    let exchange: Exchange
    let routes = RouteTable()
    let releases: ReleaseKeeper
    let sync: LedgerSync
    let functions: FunctionPool
    private let logger: Logger
    private let gateway = Mutex<Gateway?>(nil)

    init(
        key: SigningKey, keeper: LedgerKeeper, store: BlobStore, group: any EventLoopGroup, logger: Logger,
        worker: String
    ) throws {
        node = key.publicKey.node
        self.group = group
        self.keeper = keeper
        self.store = store
        self.logger = logger
        let service = NodePeerService()
        let directory = LedgerDirectory(keeper: keeper)
        peers = try PeerNetwork(
            key: key, network: Data(keeper.state.networkID.digest.bytes), directory: directory, handler: service,
            ledgerSequence: { keeper.state.sequence }, group: group, logger: NodeParts.labelled(logger, "peering"))
        exchange = Exchange(
            store: store, peers: peers, directory: directory, group: group,
            logger: NodeParts.labelled(logger, "exchange"))
        releases = ReleaseKeeper(
            node: node, keeper: keeper, store: store, exchange: exchange, routes: routes,
            logger: NodeParts.labelled(logger, "releases"))
        sync = LedgerSync(node: node, keeper: keeper, peers: peers, logger: NodeParts.labelled(logger, "ledger"))
        functions = FunctionPool(
            settings: FunctionPool.Settings(workerPath: worker), group: group,
            logger: NodeParts.labelled(logger, "functions"))
        let console = NodeParts.labelled(logger, "console")
        functions.onLog = { version, line in
            var metadata: Logger.Metadata = ["app": "\(version.tenant)", "release": "\(version.release)"]
            if let request = line.requestID { metadata["request"] = "\(request)" }
            console.log(level: line.level, "\(line.text)", metadata: metadata)
        }
        service.attach(exchange: exchange, keeper: keeper, sync: sync, releases: releases)
    }

    func logger(for room: String) -> Logger { NodeParts.labelled(logger, room) }

    private static func labelled(_ logger: Logger, _ room: String) -> Logger {
        var logger = logger
        logger[metadataKey: "room"] = "\(room)"
        return logger
    }

    /// Takes over the gateway's shutdown.
    func adopt(_ gateway: Gateway) { self.gateway.withLock { $0 = gateway } }

    /// Visitors first: requests in flight end before what serves them goes.
    func stop(drain: Duration) async {
        await gateway.withLock { $0 }?.shutdown(drain: drain)
        await functions.shutdown()
        exchange.shutdown()
        await peers.shutdown()
        do { try await keeper.close() } catch {
            logger.error("closing the ledger failed", metadata: ["error": "\(error)"])
        }
        do { try store.close() } catch {
            logger.error("closing the blob store failed", metadata: ["error": "\(error)"])
        }
    }

    func status(_ run: NodeRun, data: String, isReady: Bool, detail: String) -> NodeStatus {
        let state = keeper.state
        let connected = Set(peers.connectedPeers)
        let others = state.nodes.filter { $0.id != node }.map { record in
            NodeStatus.Peer(
                id: record.id.description, peer: record.peer.description, connected: connected.contains(record.id))
        }
        let usage = store.usage
        return NodeStatus(
            id: run.id, network: state.networkID.description, version: SkerryNode.version, gateway: run.gateway,
            peer: run.peer, control: run.control, data: data, pid: run.pid, ready: isReady, detail: detail,
            ledger: .init(sequence: state.sequence, root: state.root.hex, sequencer: sync.isSequencer),
            peers: others, blobCount: usage.blobs, blobBytes: usage.bytes)
    }
}
