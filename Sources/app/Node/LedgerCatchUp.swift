import Blake3
import BlobStore
import Exchange
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import NIOCore
import Peering
import SwiftProtobuf
import Wire

/// Brings a node level whose next entries are gone: from a snapshot. Nothing is believed but the genesis: its nodes
/// certified who followed them, these who followed them, and the last ones the snapshot's state.
struct LedgerCatchUp: Sendable {
    /// Pages of handovers that one peer is asked for; each holds as many as fit into a frame.
    private static let maxPages = 10_000
    private static let answerTimeout = TimeAmount.seconds(20)

    let keeper: LedgerKeeper
    let peers: PeerNetwork
    let exchange: Exchange
    let snapshots: SnapshotStore
    let logger: Logger

    /// Installs the newest snapshot that `peer` has, if it is ahead of this node. When this returns, it is durable.
    ///
    /// - Throws: ``PeerError`` if the peer has none or does not answer, ``LedgerError`` if anything does not prove what it
    ///   says, what fetching a blob throws.
    func run(from peer: NodeID) async throws {
        let connection = try await peers.connection(to: peer)
        var client = LightClient(genesis: keeper.state.genesis)
        var handovers: [Handover] = []
        for _ in 0..<LedgerCatchUp.maxPages {
            let request = PeerPBReadLedgerBase.with { $0.afterEpoch = client.epoch }
            let reply = try await connection.call(
                .readLedgerBase, request, expecting: .ledgerBase, as: PeerPBLedgerBase.self,
                timeout: LedgerCatchUp.answerTimeout)
            guard reply.sequence > keeper.state.sequence else {
                throw PeerError(.notFound, "Node \(peer.short) has no snapshot that is ahead of this node")
            }
            let certificate = try Certificate(decoding: reply.certificate)
            if certificate.checkpoint.committee == client.committee.hash {
                return try await install(reply, certificate, client, handovers)
            }
            guard !reply.handovers.isEmpty else { break }
            // Not further than to who signed: they may have handed over since.
            for bytes in reply.handovers where client.committee.hash != certificate.checkpoint.committee {
                let handover = try Handover(decoding: bytes)
                try client.accept(handover)
                handovers.append(handover)
            }
        }
        throw PeerError(.notFound, "Node \(peer.short) cannot show who certified its snapshot; ask another")
    }

    /// As ``run(from:)``, from the first of `candidates` that can, until the state is at `base` or ahead of it.
    func run(to base: LogBase, from candidates: [NodeID]) async {
        for peer in candidates where keeper.state.sequence < base.sequence {
            do { try await run(from: peer) } catch {
                logger.debug("no snapshot from a peer", metadata: ["peer": "\(peer.short)", "error": "\(error)"])
            }
        }
    }

    private func install(
        _ reply: PeerPBLedgerBase, _ certificate: Certificate, _ client: LightClient, _ handovers: [Handover]
    ) async throws {
        let checkpoint = try client.verify(certificate)
        guard checkpoint.sequence == reply.sequence, let digest = Digest(reply.snapshot),
            let byteCount = Int(exactly: reply.snapshotBytes), (1...SnapshotStore.maxByteCount).contains(byteCount)
        else {
            throw LedgerError(
                .badSnapshot,
                "The snapshot that a peer offers has \(reply.snapshotBytes) bytes and is of entry \(reply.sequence), "
                    + "but its certificate is of entry \(checkpoint.sequence); ask another peer")
        }
        let id = BlobID(digest)
        logger.notice(
            "fetching a snapshot of the ledger", metadata: ["sequence": "\(checkpoint.sequence)", "blob": "\(id)"])
        let handle = try await exchange.open(id, limit: byteCount)
        guard handle.byteCount == byteCount else {
            throw LedgerError(
                .badSnapshot, "The snapshot \(id) has \(handle.byteCount) bytes instead of \(byteCount)")
        }
        let wasHere = try snapshots.store.stat(id) != nil
        try await exchange.fetchWhole(id)
        let state: LedgerState
        do {
            state = try await snapshots.read(
                id, of: keeper.state.genesis, stateRoot: checkpoint.stateRoot, entryHash: checkpoint.entryHash)
        } catch let error as LedgerError {
            // The certificate does not name the blob: whoever does may fill the disk with something else.
            if !wasHere { _ = try? snapshots.store.remove(id) }
            throw error
        }
        let base = LogBase(
            sequence: checkpoint.sequence, hash: checkpoint.entryHash, stateRoot: checkpoint.stateRoot, snapshot: id,
            snapshotByteCount: UInt64(byteCount), certificate: certificate.bytes)
        try await snapshots.pin(id)
        try await keeper.install(state, base: base, handovers: handovers)
        withExtendedLifetime(handle) {}
        logger.notice("installed a snapshot of the ledger", metadata: ["sequence": "\(checkpoint.sequence)"])
    }
}
