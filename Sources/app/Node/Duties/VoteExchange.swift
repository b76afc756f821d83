import Blake3
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import NIOCore
import Peering
import SwiftProtobuf
import Wire

/// Collects the committee's votes for checkpoints: each member signs what its own replay arrived at and hands all that it
/// knows to some other members, who answer with what they know. No node is special.
actor VoteExchange {
    /// Hands votes to a member; its answer, or nil if there was none.
    typealias Ask = @Sendable (NodeID, PeerPBExchangeVotes) async -> PeerPBVotes?

    /// Members that are told in a round.
    static let fanout = 6
    /// Between two rounds while a certificate is incomplete.
    static let interval = Duration.milliseconds(500)
    /// Votes in one frame at most: some 300 KiB.
    static let maxVotes = 1_000
    private static let answerTimeout = TimeAmount.seconds(3)

    private let node: NodeID
    private let key: SigningKey
    private let keeper: LedgerKeeper
    private let ask: Ask
    private let logger: Logger
    private var book = VoteBook()
    /// Members that were asked and did not answer yet, and whether they are to be asked again when they did.
    private var asked: [NodeID: Bool] = [:]
    private let (rounds, nextRound) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let (faultStream, faultSink) = AsyncStream.makeStream(
        of: FaultEvidence.self, bufferingPolicy: .bufferingNewest(16))

    init(key: SigningKey, keeper: LedgerKeeper, peers: PeerNetwork, logger: Logger) {
        self.init(key: key, keeper: keeper, logger: logger) { member, request in
            guard let connection = try? await peers.connection(to: member) else { return nil }
            return try? await connection.call(
                .exchangeVotes, request, expecting: .votes, as: PeerPBVotes.self, timeout: VoteExchange.answerTimeout)
        }
    }

    /// - Parameter ask: Ends by itself, whatever the member does.
    init(key: SigningKey, keeper: LedgerKeeper, logger: Logger, ask: @escaping Ask) {
        node = key.publicKey.node
        self.key = key
        self.keeper = keeper
        self.ask = ask
        self.logger = logger
    }

    /// Proof of members that signed two checkpoints of one sequence. For one reader.
    nonisolated var faults: AsyncStream<FaultEvidence> { faultStream }

    /// The newest complete certificate, and the committee that made it.
    var certificate: (certificate: Certificate, committee: [NodeID])? {
        guard let certificate = book.certificate else { return nil }
        return (certificate, book.committee(of: certificate.checkpoint.sequence))
    }

    /// Votes and exchanges until cancelled. Call it once.
    func run() async {
        let checkpoints = keeper.checkpoints()
        // What was reached before and may still be certified: a restart must not take this node's vote away. Later ones
        // come from the stream.
        let certified = keeper.state.certified.sequence
        for (checkpoint, state) in keeper.uncertifiedCheckpoints where checkpoint.sequence > certified {
            await reached(checkpoint, state)
        }
        nextRound.yield()
        await withDiscardingTaskGroup { group in
            group.addTask { for await (checkpoint, state) in checkpoints { await self.reached(checkpoint, state) } }
            group.addTask {
                while (try? await Task.sleep(for: VoteExchange.interval)) != nil { self.nextRound.yield() }
            }
            // Nobody waits for an answer: a member that hangs holds up neither the next vote nor the others.
            for await _ in rounds {
                for member in round() { group.addTask { await self.exchange(with: member) } }
            }
        }
        faultSink.finish()
    }

    private func reached(_ checkpoint: Checkpoint, _ state: LedgerState) async {
        let committee = state.epoch.committee
        book.open(checkpoint, committee)
        nextRound.yield()
        guard committee.index(of: node) != nil, !book.hasVote(of: node, for: checkpoint.sequence) else { return }
        do {
            guard try await keeper.mayVote(for: checkpoint) else {
                return logger.warning(
                    "no vote for a checkpoint: this node signed another one of its sequence or above",
                    metadata: ["sequence": "\(checkpoint.sequence)"])
            }
            take(try CheckpointVote(signing: checkpoint, with: key))
        } catch {
            if !Task.isCancelled { logger.error("cannot sign a checkpoint", metadata: ["error": "\(error)"]) }
        }
        nextRound.yield()
    }

    // MARK: Exchanging

    /// Whom to ask now: a few members of the committee of the newest checkpoint that lacks a certificate.
    private func round() -> [NodeID] {
        guard let newest = book.open.first, newest.sequence > keeper.state.certified.sequence else { return [] }
        let others = book.committee(of: newest.sequence).filter { $0 != node }
        for member in others where asked[member] != nil { asked[member] = true }
        let members = others.filter { asked[$0] == nil }.shuffled().prefix(VoteExchange.fanout)
        for member in members { asked[member] = false }
        return Array(members)
    }

    /// Exchanges with one member, once more for all that came up meanwhile.
    private func exchange(with member: NodeID) async {
        repeat {
            asked[member] = false
            let mine = book.votes(after: keeper.state.certified.sequence).prefix(VoteExchange.maxVotes)
            if mine.isEmpty { break }
            let request = PeerPBExchangeVotes.with { $0.votes = mine.map(PeerPBLedgerVote.init) }
            if let answer = await ask(member, request) { take(answer.votes) }
        } while asked[member] == true && !Task.isCancelled
        asked[member] = nil
    }

    /// A peer's votes; what this node knows of the same checkpoints.
    func exchange(_ votes: [PeerPBLedgerVote]) -> [PeerPBLedgerVote] {
        take(votes)
        let sequences = Set(
            votes.prefix(VoteExchange.maxVotes).compactMap { try? Checkpoint(decoding: $0.checkpoint).sequence })
        return book.votes(of: sequences).prefix(VoteExchange.maxVotes).map(PeerPBLedgerVote.init)
    }

    /// Whoever hands votes on has verified them: behind a forged one nothing is looked at, or a frame of them would keep this
    /// node verifying for a while.
    private func take(_ votes: [PeerPBLedgerVote]) {
        for message in votes.prefix(VoteExchange.maxVotes) {
            guard let vote = CheckpointVote(message) else { continue }
            guard take(vote) else { return }
        }
    }

    /// False for a forged one.
    @discardableResult
    private func take(_ vote: CheckpointVote) -> Bool {
        switch book.add(vote) {
        case .ignored, .counted: break
        case .forged: return false
        case .completed(let certificate):
            logger.debug("a certificate is complete", metadata: ["sequence": "\(certificate.checkpoint.sequence)"])
        case .contradicts(let other):
            logger.critical(
                "a committee member signed two checkpoints of one sequence",
                metadata: ["node": "\(vote.node)", "sequence": "\(vote.checkpoint.sequence)"])
            faultSink.yield(
                .contradictingVotes(
                    vote.node, first: other.checkpoint.bytes, firstSignature: other.signature,
                    second: vote.checkpoint.bytes, secondSignature: vote.signature))
        }
        return true
    }
}

extension CheckpointVote {
    /// Reads what a peer sent; nil for what is no vote. Nothing is verified.
    init?(_ message: PeerPBLedgerVote) {
        guard let node = NodeID(message.node), let checkpoint = try? Checkpoint(decoding: message.checkpoint) else {
            return nil
        }
        self.init(checkpoint: checkpoint, node: node, signature: message.signature)
    }
}

extension PeerPBLedgerVote {
    init(_ vote: CheckpointVote) {
        self.init()
        checkpoint = vote.checkpoint.bytes
        node = Data(vote.node.digest.bytes)
        signature = vote.signature
    }
}
