import Foundation
import Identity
import Ledger
import LedgerLog
import NIOCore
import Peering
import SwiftProtobuf
import Wire

/// Bringing transactions to the sequencer.
extension LedgerSync {
    /// How long a transaction is tried again while one sequencer takes another's place: a lead lasts 10 s, and etcd may
    /// take some seconds for itself. A transaction may be submitted as often as one likes: it counts once.
    static let failOverPatience = Duration.seconds(20)
    /// How long one sequencer may take to answer before another is looked for.
    static let forwardTimeout = TimeAmount.seconds(6)
    private static let firstPause = Duration.milliseconds(50)
    private static let longestPause = Duration.seconds(1)
    /// How long other nodes get to apply an entry before a client is told that they are behind.
    static let spreadTimeout = Duration.seconds(3)
    private static let applyTimeout = Duration.seconds(10)

    /// As ``submit(_:)-(SignedTransaction)``, for bytes that anybody may have sent.
    func submit(_ bytes: Data) async throws -> (sequence: UInt64, release: String?) {
        try await submit(keeper.read(bytes))
    }

    /// Hands a transaction to the sequencer and waits until this node has applied it.
    ///
    /// Where several nodes may order, it is tried again, for up to ``failOverPatience``, while they change over.
    ///
    /// - Throws: ``LedgerError`` for a refusal, ``PeerError`` or ``LedgerLogError`` if nobody took it.
    func submit(_ transaction: SignedTransaction) async throws -> (sequence: UInt64, release: String?) {
        let mayChange = keeper.state.genesis.sequencers.count > 1
        let deadline = ContinuousClock.now + (mayChange ? LedgerSync.failOverPatience : .zero)
        var pause = LedgerSync.firstPause
        while true {
            do {
                return try await submitOnce(transaction, mayChange)
            } catch {
                guard LedgerSync.isPassing(error), ContinuousClock.now < deadline else { throw error }
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, LedgerSync.longestPause)
        }
    }

    private func submitOnce(
        _ transaction: SignedTransaction, _ mayChange: Bool
    ) async throws -> (sequence: UInt64, release: String?) {
        guard let sequencer else { throw LedgerSync.noSequencer }
        if sequencer == node { return try await order(transaction) }
        do {
            let result = try await forward(
                transaction.bytes, to: sequencer, timeout: mayChange ? LedgerSync.forwardTimeout : nil)
            if !result.refusalCode.isEmpty {
                let refusal = LedgerError(.init(result.refusalCode), result.refusalMessage)
                // Whoever asks this node for the transaction may not know where it was refused.
                await keeper.note(refusalOf: transaction.id, refusal)
                throw refusal
            }
            _ = await keeper.waitForSequence(result.sequence, timeout: LedgerSync.applyTimeout)
            return (result.sequence, result.release.isEmpty ? nil : result.release)
        } catch let error as PeerError where mayChange {
            hint.failed(sequencer)
            if error.code.description == LedgerLogError.Code.notSequencer.description {
                await askForSequencer(sequencer)
            }
            throw error
        }
    }

    /// Orders a transaction here. Its signature was verified once, when its bytes were read.
    func order(_ transaction: SignedTransaction) async throws -> (sequence: UInt64, release: String?) {
        guard gate.isOpen else {
            throw PeerError(.busy, "The sequencer is still reading the ledger; repeat the command in a moment")
        }
        try await domains.check(transaction)
        try await trial.check(transaction) { [keeper] in keeper.state }
        let result = try await keeper.submit(transaction)
        switch result.outcome {
        case .applied(let release): return (result.sequence, release?.description)
        case .refused(let error): throw error
        }
    }

    /// Hands a transaction to `sequencer`, whatever it says.
    func forward(
        _ transaction: Data, to sequencer: NodeID, timeout: TimeAmount?
    ) async throws -> PeerPBTransactionResult {
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
        return try await connection.call(
            .submitTransaction, request, expecting: .transactionResult, as: PeerPBTransactionResult.self,
            timeout: timeout)
    }

    /// Whether the same transaction may well be taken in a moment.
    private static func isPassing(_ error: any Error) -> Bool {
        let code: String
        switch error {
        case let error as PeerError: code = error.code.description
        case let error as LedgerLogError: code = error.code.description
        default: return false
        }
        return passingCodes.contains(code)
    }

    private static let passingCodes: Set<String> = [
        LedgerLogError.Code.notSequencer.description, LedgerLogError.Code.unavailable.description,
        LedgerLogError.Code.overloaded.description, PeerError.Code.unreachable.description,
        PeerError.Code.closed.description, PeerError.Code.timeout.description, PeerError.Code.busy.description,
    ]

    /// Waits until the other nodes have applied entry `sequence`; returns who has and who has not.
    func spread(_ sequence: UInt64) async -> (applied: [NodeID], behind: [NodeID]) {
        let request = PeerPBAwaitSequence.with {
            $0.sequence = sequence
            $0.waitMillis = UInt32(LedgerSync.spreadTimeout.milliseconds)
        }
        return await withTaskGroup(of: (NodeID, Bool).self) { group in
            for peer in keeper.state.participants.map(\.id) where peer != node {
                group.addTask {
                    guard let connection = try? await peers.connection(to: peer),
                        let status = try? await connection.call(
                            .awaitSequence, request, expecting: .sequenceStatus, as: PeerPBSequenceStatus.self,
                            timeout: .milliseconds(LedgerSync.spreadTimeout.milliseconds + 1_000))
                    else { return (peer, false) }
                    return (peer, status.sequence >= sequence)
                }
            }
            var applied = keeper.state.isParticipating(node) ? [node] : []
            var behind: [NodeID] = []
            for await (peer, hasIt) in group {
                if hasIt { applied.append(peer) } else { behind.append(peer) }
            }
            return (applied.sorted(), behind.sorted())
        }
    }
}
