import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import NIOCore
import Peering
import SwiftProtobuf
import Wire

/// Keeps this node's ledger level with the network's: followers read from the sequencer, or from any other node while
/// the sequencer is away; transactions go to the sequencer.
struct LedgerSync: Sendable {
    let node: NodeID
    let keeper: LedgerKeeper
    let peers: PeerNetwork
    let logger: Logger
    private let gate = SequencerGate()

    /// How long a peer holds a request for entries that do not exist yet.
    static let longPoll = Duration.seconds(20)
    /// Entries in one answer.
    static let pageLimit = 256
    private static let retryPause = Duration.milliseconds(250)
    /// How long other nodes get to apply an entry before a client is told that they are behind.
    static let spreadTimeout = Duration.seconds(3)

    var sequencer: NodeID { keeper.state.genesis.sequencer }
    var isSequencer: Bool { sequencer == node }

    /// A sequencer whose disk went back in time must not sign a second history: it takes what the others have first.
    func catchUpBeforeSequencing() async {
        for peer in keeper.state.nodes.map(\.id) where peer != node {
            while let count = try? await pull(from: peer, wait: .zero), count > 0 {
                logger.notice(
                    "took ledger entries back from a peer", metadata: ["peer": "\(peer.short)", "entries": "\(count)"])
            }
        }
        gate.open()
    }

    /// Follows the ledger until cancelled.
    ///
    /// - Parameter onFirstRound: Called once when this node is level with the sequencer, or knows that it is away.
    func follow(onFirstRound: () -> Void) async {
        var isFirst = true
        while !Task.isCancelled {
            do {
                let count = try await pull(from: sequencer, wait: isFirst ? .zero : LedgerSync.longPoll)
                if isFirst, count < LedgerSync.pageLimit {
                    isFirst = false
                    onFirstRound()
                }
            } catch {
                if let failure = keeper.failure {
                    logger.critical("the ledger is halted; content is still served", metadata: ["error": "\(failure)"])
                    if isFirst { onFirstRound() }
                    return
                }
                logger.debug("the sequencer does not answer", metadata: ["error": "\(error)"])
                await pullFromOthers()
                if isFirst {
                    isFirst = false
                    onFirstRound()
                }
                try? await Task.sleep(for: LedgerSync.retryPause)
            }
        }
    }

    private func pullFromOthers() async {
        for peer in peers.connectedPeers where peer != sequencer {
            if let count = try? await pull(from: peer, wait: .zero), count > 0 { return }
        }
    }

    /// Reads and applies the next page of entries; returns how many there were.
    private func pull(from peer: NodeID, wait: Duration) async throws -> Int {
        let connection = try await peers.connection(to: peer)
        let request = PeerPBReadEntries.with {
            $0.from = keeper.state.sequence + 1
            $0.limit = UInt32(LedgerSync.pageLimit)
            $0.waitMillis = UInt32(wait.milliseconds)
        }
        let page = try await connection.call(
            .readEntries, request, expecting: .entries, as: PeerPBEntries.self,
            timeout: .milliseconds(wait.milliseconds + 5_000))
        if !page.entries.isEmpty { try await keeper.ingest(page.entries) }
        return page.entries.count
    }

    /// Hands a transaction to the sequencer and waits until this node has applied it.
    ///
    /// - Throws: ``LedgerError`` for a refusal, ``PeerError`` if the sequencer cannot be reached.
    func submit(_ transaction: Data) async throws -> (sequence: UInt64, release: String?) {
        if isSequencer {
            guard gate.isOpen else {
                throw PeerError(.busy, "The sequencer is still reading the ledger; repeat the command in a moment")
            }
            let result = try await keeper.submit(transaction)
            switch result.outcome {
            case .applied(let release): return (result.sequence, release?.description)
            case .refused(let error): throw error
            }
        }
        let connection: PeerConnection
        do {
            connection = try await peers.connection(to: sequencer)
        } catch {
            throw PeerError(
                .unreachable,
                "The ledger's sequencer, node \(sequencer.short), cannot be reached: nothing can be changed until it is "
                    + "back. What is deployed stays served. Start it and repeat the command")
        }
        let request = PeerPBSubmitTransaction.with { $0.transaction = transaction }
        let result = try await connection.call(
            .submitTransaction, request, expecting: .transactionResult, as: PeerPBTransactionResult.self)
        if !result.refusalCode.isEmpty { throw LedgerError(.init(result.refusalCode), result.refusalMessage) }
        _ = await keeper.waitForSequence(result.sequence, timeout: .seconds(10))
        return (result.sequence, result.release.isEmpty ? nil : result.release)
    }

    /// Waits until the other nodes have applied entry `sequence`; returns who has and who has not.
    func spread(_ sequence: UInt64) async -> (applied: [NodeID], behind: [NodeID]) {
        let request = PeerPBAwaitSequence.with {
            $0.sequence = sequence
            $0.waitMillis = UInt32(LedgerSync.spreadTimeout.milliseconds)
        }
        return await withTaskGroup(of: (NodeID, Bool).self) { group in
            for peer in keeper.state.nodes.map(\.id) where peer != node {
                group.addTask {
                    guard let connection = try? await peers.connection(to: peer),
                        let status = try? await connection.call(
                            .awaitSequence, request, expecting: .sequenceStatus, as: PeerPBSequenceStatus.self,
                            timeout: .milliseconds(LedgerSync.spreadTimeout.milliseconds + 1_000))
                    else { return (peer, false) }
                    return (peer, status.sequence >= sequence)
                }
            }
            var applied = [node]
            var behind: [NodeID] = []
            for await (peer, hasIt) in group {
                if hasIt { applied.append(peer) } else { behind.append(peer) }
            }
            return (applied.sorted(), behind.sorted())
        }
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
