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

/// Keeps this node's ledger level with the network's, and brings transactions to whoever orders them.
///
/// A node without a shared log reads entries from the sequencer, or from any other node while that one is away. A node
/// with one follows it through the keeper; peers are asked now and then, for what they have when the engine is away,
/// and because entries that differ are evidence.
struct LedgerSync: Sendable {
    let node: NodeID
    let keeper: LedgerKeeper
    let peers: PeerNetwork
    let snapshots: LedgerCatchUp
    /// Whether a shared log orders the entries and this node reads it.
    let isShared: Bool
    /// Looks at bindings of domains before they are ordered.
    let domains: DomainGuard
    let logger: Logger
    /// Tries long transactions before they are ordered.
    let trial = SettlementTrial()
    let gate = SequencerGate()
    let hint = SequencerHint()

    /// How long a peer holds a request for entries that do not exist yet.
    static let longPoll = Duration.seconds(20)
    /// A request that was held shorter, and brought nothing, is not repeated at once.
    private static let leastWait = Duration.seconds(1)
    /// Entries in one answer.
    static let pageLimit = 256
    /// How often a node with a shared log asks a peer, and how many it asks at the start.
    static let crossCheck = Duration.seconds(5)
    private static let firstChecks = 3
    private static let retryPause = Duration.milliseconds(250)
    private static let answerTimeout = TimeAmount.seconds(5)
    /// Nodes that are asked at once where they are at the start, and when the last of them are.
    private static let askedAtOnce = 128
    private static let askingTime = Duration.seconds(5)

    /// Whether this node orders transactions.
    var isSequencer: Bool { keeper.isLeading }

    /// Who orders transactions, as far as this node knows. Only nodes that the genesis allows are believed to.
    var sequencer: NodeID? {
        if keeper.isLeading { return node }
        if isShared { return keeper.sequencer }
        return hint.node ?? lastSequencer
    }

    /// Without a better hint: who signed the last entry that this node saw, or the first that the genesis names.
    private var lastSequencer: NodeID? {
        guard let sequencer = keeper.sequencer, sequencer != node else { return nil }
        return sequencer
    }

    // MARK: Following

    /// Runs until cancelled, or until the ledger halts.
    ///
    /// - Parameter onFirstRound: Called once when this node is level with the others, or knows that they are away.
    func run(onFirstRound: @escaping @Sendable () -> Void) async {
        if isShared {
            gate.open()
            await crossCheck(onFirstRound)
        } else if keeper.isLeading {
            await catchUp(with: otherParticipants)
            gate.open()
            onFirstRound()
            await regainLostEntries()
        } else {
            await follow(onFirstRound)
        }
    }

    /// Asks the others again and again while this node's log ends before what it signed: until then the keeper orders
    /// nothing.
    private func regainLostEntries() async {
        var told: UInt64?
        while let reason = keeper.lostEntries, !Task.isCancelled, keeper.failure == nil {
            if told != keeper.sequence {
                told = keeper.sequence
                logger.critical("the ledger's log lost entries", metadata: ["reason": "\(reason.message)"])
            }
            try? await Task.sleep(for: LedgerSync.crossCheck)
            await catchUp(with: otherParticipants)
        }
    }

    /// Takes what these nodes have beyond this one; how many of them answered.
    ///
    /// A sequencer whose disk went back in time must do so with all before it signs a second history. All are asked at
    /// once where they are: those that hang cost the time of one.
    @discardableResult
    func catchUp(with others: [NodeID]) async -> Int {
        let heads = await LedgerSync.heads(
            of: others, atOnce: LedgerSync.askedAtOnce, within: LedgerSync.askingTime
        ) { await head(of: $0) }
        for (peer, sequence) in heads.sorted(by: { $0.sequence > $1.sequence }) {
            // Wherever a peer says that it is, it has to show the entries.
            while keeper.state.sequence < sequence, let count = try? await pull(from: peer, wait: .zero), count > 0 {
                logger.notice(
                    "took ledger entries from a peer", metadata: ["peer": "\(peer.short)", "entries": "\(count)"])
            }
        }
        return heads.count
    }

    /// Where those are that answer.
    ///
    /// - Parameters:
    ///   - atOnce: Questions under way at a time.
    ///   - time: After that no more nodes are asked, and what is under way ends.
    ///   - question: Ends by itself, whatever the peer does; nil without an answer.
    static func heads(
        of peers: [NodeID], atOnce: Int, within time: Duration,
        _ question: @escaping @Sendable (NodeID) async -> UInt64?
    ) async -> [(peer: NodeID, sequence: UInt64)] {
        let end = ContinuousClock.now + time
        return await withTaskGroup(of: (NodeID, UInt64?).self) { group in
            var waiting = peers.makeIterator()
            func askNext() {
                guard ContinuousClock.now < end, let peer = waiting.next() else { return }
                group.addTask { (peer, await question(peer)) }
            }
            for _ in 0..<max(1, atOnce) { askNext() }
            var heads: [(peer: NodeID, sequence: UInt64)] = []
            for await (peer, sequence) in group {
                if let sequence { heads.append((peer, sequence)) }
                askNext()
            }
            return heads
        }
    }

    private func head(of peer: NodeID) async -> UInt64? {
        guard let connection = try? await peers.connection(to: peer) else { return nil }
        let status = try? await connection.call(
            .awaitSequence, PeerPBAwaitSequence(), expecting: .sequenceStatus, as: PeerPBSequenceStatus.self,
            timeout: LedgerSync.answerTimeout)
        return status?.sequence
    }

    private func follow(_ onFirstRound: () -> Void) async {
        var isFirst = true
        while !Task.isCancelled, keeper.failure == nil {
            do {
                guard let source = sequencer else { throw LedgerSync.noSequencer }
                let start = ContinuousClock.now
                let count = try await pull(from: source, wait: isFirst ? .zero : LedgerSync.longPoll)
                // A node that has too many waiting answers at once.
                if !isFirst, count == 0, ContinuousClock.now - start < LedgerSync.leastWait {
                    try? await Task.sleep(for: LedgerSync.leastWait)
                }
                if isFirst, count < LedgerSync.pageLimit {
                    isFirst = false
                    onFirstRound()
                }
            } catch {
                logger.debug("the sequencer does not answer", metadata: ["error": "\(error)"])
                if let sequencer { hint.failed(sequencer) }
                await pullFromOthers()
                if isFirst {
                    isFirst = false
                    onFirstRound()
                }
                try? await Task.sleep(for: LedgerSync.retryPause)
            }
        }
        if isFirst { onFirstRound() }
    }

    private func pullFromOthers() async {
        for peer in peers.connectedPeers.shuffled() {
            if let count = try? await pull(from: peer, wait: .zero), count > 0 { return }
        }
    }

    private func crossCheck(_ onFirstRound: () -> Void) async {
        await catchUp(with: Array(otherParticipants.prefix(LedgerSync.firstChecks)))
        onFirstRound()
        while !Task.isCancelled, keeper.failure == nil {
            try? await Task.sleep(for: LedgerSync.crossCheck)
            if let base = keeper.missingBase { await snapshots.run(to: base, from: otherParticipants) }
            guard let peer = peers.connectedPeers.randomElement() else { continue }
            while let count = try? await pull(from: peer, wait: .zero), count > 0, !Task.isCancelled {}
        }
    }

    /// In another order each time.
    var otherParticipants: [NodeID] { keeper.state.participants.map(\.id).filter { $0 != node }.shuffled() }

    /// Reads and applies the next page of entries, or, where they are gone, a snapshot; returns how many entries this node
    /// has more, and 1 for a snapshot.
    private func pull(from peer: NodeID, wait: Duration) async throws -> Int {
        let connection = try await peers.connection(to: peer)
        let from = keeper.state.sequence + 1
        let request = PeerPBReadEntries.with {
            $0.from = from
            $0.limit = UInt32(LedgerSync.pageLimit)
            $0.waitMillis = UInt32(wait.milliseconds)
        }
        let page = try await connection.call(
            .readEntries, request, expecting: .entries, as: PeerPBEntries.self,
            timeout: .milliseconds(wait.milliseconds) + LedgerSync.answerTimeout)
        learn(page.sequencer, from: peer)
        if page.entries.isEmpty, page.first > from {
            try await snapshots.run(from: peer)
            return 1
        }
        return page.entries.isEmpty ? 0 : try await LedgerSync.take(page.entries, after: from - 1, into: keeper)
    }

    /// Adds entries that a peer sent for those behind `sequence`; how many this node has more than up to there.
    ///
    /// - Throws: What ``LedgerKeeper/ingest(_:)-([Data])`` throws; `PeerError` `.protocolViolation` if all of them were known:
    ///   whoever sends such is asked no further, or it could keep this node busy for ever.
    static func take(_ entries: [Data], after sequence: UInt64, into keeper: LedgerKeeper) async throws -> Int {
        try await keeper.ingest(entries)
        let added = keeper.sequence - min(sequence, keeper.sequence)
        // Whoever leads in a shared log takes new ones from there.
        if added == 0, !keeper.isLeading {
            throw PeerError(.protocolViolation, "The peer sent entries that were not asked for; another one is asked")
        }
        return Int(clamping: added)
    }

    /// Takes a peer's word for who orders, if the genesis allows that node to.
    private func learn(_ bytes: Data, from peer: NodeID) {
        guard let named = NodeID(bytes), named != node, keeper.state.genesis.sequencers.contains(named) else { return }
        hint.named(named)
    }

    /// Asks a node that turned a transaction down who orders instead.
    func askForSequencer(_ peer: NodeID) async { _ = try? await pull(from: peer, wait: .zero) }

    static var noSequencer: PeerError {
        PeerError(
            .unreachable,
            "No node is known to order transactions now: nothing can be changed until one does. What is deployed stays "
                + "served. Repeat the command in a moment")
    }
}

extension NodeID {
    /// Reads the 32 bytes that peers send; nil for anything else.
    init?(_ bytes: Data) {
        guard let digest = Digest(bytes) else { return nil }
        self.init(digest)
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
