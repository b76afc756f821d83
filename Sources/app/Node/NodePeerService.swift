import Blake3
import ControlModel
import Discovery
import EdgeCache
import Exchange
import Foundation
import Identity
import Ledger
import LedgerLog
import Membership
import NIOCore
import PaidDelivery
import Peering
import Recordings
import SwiftProtobuf
import Synchronization
import Wire

/// Answers peers: hands each request to the room that it is for.
final class NodePeerService: PeerRequestHandler {
    /// The longest that a peer may ask to wait.
    private static let maxWait = Duration.seconds(30)
    /// Entries in one answer at most.
    private static let maxEntries = 1_024
    /// Handovers in one answer at most, and their bytes, of which a frame holds twice as many.
    private static let maxHandovers = 64
    private static let maxHandoverBytes = 1 << 20

    private struct Rooms {
        let exchange: Exchange
        let membership: Membership
        let discovery: Discovery
        let keeper: LedgerKeeper
        let sync: LedgerSync
        let votes: VoteExchange
        let releases: ReleaseKeeper
        let keyValues: NodeKV
        let secrets: SecretKeeper
        let cache: EdgeCache
        let certificates: NodeCertificates
        let calls: CallServer
        let receipts: ReceiptBook
        let rollouts: RolloutKeeper
        let paid: PaidServing
        let machines: NodeMachines
    }

    /// Set once, after the rooms that themselves need the peer network have been made.
    private let rooms = Mutex<Rooms?>(nil)

    func attach(
        exchange: Exchange, membership: Membership, discovery: Discovery, keeper: LedgerKeeper, sync: LedgerSync,
        votes: VoteExchange, releases: ReleaseKeeper, keyValues: NodeKV, secrets: SecretKeeper,
        cache: EdgeCache, certificates: NodeCertificates, calls: CallServer,
        receipts: ReceiptBook, rollouts: RolloutKeeper, paid: PaidServing, machines: NodeMachines
    ) {
        let rooms = Rooms(
            exchange: exchange, membership: membership, discovery: discovery, keeper: keeper, sync: sync, votes: votes,
            releases: releases, keyValues: keyValues, secrets: secrets, cache: cache, certificates: certificates,
            calls: calls, receipts: receipts, rollouts: rollouts, paid: paid, machines: machines)
        self.rooms.withLock { $0 = rooms }
    }

    func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        guard let rooms = rooms.withLock({ $0 }) else {
            return eventLoop.makeFailedFuture(PeerError(.busy, "This node is still starting; try again"))
        }
        // The handshake saw to that, but the connection may be older than the node's leaving. It also lets in who has a
        // channel open, for what belongs to paid delivery and paid calls.
        if let refusal = NodePeerService.refusal(of: request.type, by: request.peer, rooms.keeper.state) {
            return eventLoop.makeFailedFuture(refusal)
        }
        if let answer = rooms.paid.serve(request, on: eventLoop) { return answer }
        if let answer = rooms.exchange.serve(request, on: eventLoop) { return answer }
        if let answer = rooms.membership.serve(request, on: eventLoop) { return answer }
        if let answer = rooms.discovery.serve(request, on: eventLoop) { return answer }
        if let answer = rooms.keyValues.serve(request, on: eventLoop) { return answer }
        if let answer = rooms.calls.serve(request, on: eventLoop) { return answer }
        if let answer = rooms.certificates.serve(request, on: eventLoop) { return answer }
        if let answer = rooms.secrets.serve(request, on: eventLoop) { return answer }
        if let answer = rooms.machines.serve(request, on: eventLoop) { return answer }
        if let answer = rooms.cache.serve(request.type, request.body, from: request.peer, on: eventLoop) {
            return answer.map { PeerReply(type: $0.0, body: $0.1) }.flatMapErrorThrowing { error in
                throw error as? PeerError ?? PeerError(.init("cache/refused"), "\(error)")
            }
        }
        return eventLoop.makeFutureWithTask { try await NodePeerService.answer(request, rooms) }
    }

    /// What the ledger needs of a node that left, and what that node needs for it: entries and snapshots to vote on, and
    /// the way to the sequencer.
    private static let ledgerFrames: Set<FrameType> = [
        .readEntries, .submitTransaction, .awaitSequence, .exchangeVotes, .readLedgerBase,
    ]

    /// Whether a peer may ask this: anything if it takes part, what belongs to the ledger if that needs it, and whether
    /// somebody takes over its values if it is leaving.
    static func isAdmitted(_ peer: NodeID, _ type: FrameType, _ state: LedgerState) -> Bool {
        state.isParticipating(peer) || ledgerFrames.contains(type) && LedgerDirectory.mayConnect(peer, state)
            || type == .kvOffer && LedgerDirectory.isLeaving(peer, state)
    }

    /// Why a peer may not ask this; nil if it may.
    static func refusal(of type: FrameType, by peer: NodeID, _ state: LedgerState) -> PeerError? {
        if isAdmitted(peer, type, state) { return nil }
        // What a payer gets without paying, the exchange's meter says; a node that left is given nothing.
        let isPayer = type != .readBlock || state.node(peer) == nil
        if isPayer, PaidServing.payerFrames.contains(type) { return nil }
        return PeerError(.notOnLedger, "Node \(peer.short) does not take part; let its operator opt in")
    }

    private static func answer(_ request: PeerRequest, _ rooms: Rooms) async throws -> PeerReply {
        switch request.type {
        case .readEntries: try await entries(try request.message(), rooms)
        case .submitTransaction: try await submit(try request.message(), rooms.sync)
        case .awaitSequence: try await sequence(try request.message(), rooms.keeper)
        case .releaseReadiness: try await readiness(try request.message(), rooms.releases)
        case .exchangeVotes: try await votes(try request.message(), rooms.votes)
        case .readLedgerBase: try await ledgerBase(try request.message(), rooms.keeper)
        case .keepRollback: try await rollback(request.body, rooms.rollouts)
        case .readRollback: try await rollbackDone(request.body, rooms.rollouts)
        case .readReceipt: try await receipt(request.body, rooms.receipts)
        default:
            throw PeerError(.unsupported, "This node does not know \(request.type); update it")
        }
    }

    private static func rollback(_ order: ByteBuffer, _ rollouts: RolloutKeeper) async throws -> PeerReply {
        do { try await rollouts.keep(Data(order.readableBytesView)) } catch let error as ControlFailure {
            throw PeerError(.init(error.code), error.message)
        }
        return PeerReply(type: .rollbackKept, body: ByteBuffer())
    }

    private static func rollbackDone(_ name: ByteBuffer, _ rollouts: RolloutKeeper) async throws -> PeerReply {
        guard name.readableBytes <= AppName.maxByteCount, let app = AppName(String(buffer: name)),
            let last = await rollouts.lastHere(app)
        else { return PeerReply(type: .rollbackDone, body: ByteBuffer()) }
        return PeerReply(type: .rollbackDone, body: ByteBuffer(bytes: try JSONEncoder().encode(last)))
    }

    private static func receipt(_ id: ByteBuffer, _ receipts: ReceiptBook) async throws -> PeerReply {
        guard id.readableBytes <= ReceiptLimits.maxTextBytes,
            let signed = await receipts.receipt(String(buffer: id))
        else { throw PeerError(.notFound, "This node has no such receipt") }
        return PeerReply(type: .receipt, body: ByteBuffer(bytes: signed.bytes))
    }

    private static func wait(_ millis: UInt32) -> Duration { min(.milliseconds(Int64(millis)), maxWait) }

    private static func entries(_ request: PeerPBReadEntries, _ rooms: Rooms) async throws -> PeerReply {
        let keeper = rooms.keeper
        if keeper.state.sequence < request.from, request.waitMillis > 0 {
            _ = await keeper.waitForSequence(request.from, timeout: wait(request.waitMillis))
        }
        let limit = min(Int(request.limit), maxEntries)
        var reply = PeerPBEntries()
        if let sequencer = rooms.sync.sequencer { reply.sequencer = Data(sequencer.digest.bytes) }
        do {
            reply.entries = try await keeper.entries(from: request.from, limit: limit)
        } catch let error as LedgerLogError where error.code == .truncated {
            // Taken while the question was on its way, the base may be gone again: then there is nothing to tell.
            reply.first = try await keeper.base().map { $0.sequence &+ 1 } ?? 0
        }
        return try PeerReply(.entries, reply)
    }

    private static func submit(_ request: PeerPBSubmitTransaction, _ sync: LedgerSync) async throws -> PeerReply {
        guard sync.isSequencer else {
            throw PeerError(
                .init(LedgerLogError.Code.notSequencer.description),
                "This node does not order transactions; ask it for entries to hear who does")
        }
        var result = PeerPBTransactionResult()
        do {
            let (sequence, release) = try await sync.order(sync.keeper.read(request.transaction))
            result.sequence = sequence
            result.release = release ?? ""
        } catch let error as LedgerError {
            result.refusalCode = error.code.description
            result.refusalMessage = error.message
        } catch let error as LedgerLogError {
            throw PeerError(.init(error.code.description), error.message)
        }
        return try PeerReply(.transactionResult, result)
    }

    private static func votes(_ request: PeerPBExchangeVotes, _ votes: VoteExchange) async throws -> PeerReply {
        let known = await votes.exchange(request.votes)
        return try PeerReply(.votes, PeerPBVotes.with { $0.votes = known })
    }

    private static func ledgerBase(_ request: PeerPBReadLedgerBase, _ keeper: LedgerKeeper) async throws -> PeerReply {
        var reply = PeerPBLedgerBase()
        var byteCount = 0
        for handover in try await keeper.handovers(after: request.afterEpoch, limit: maxHandovers) {
            let bytes = handover.bytes
            byteCount += bytes.count
            if byteCount > maxHandoverBytes { break }
            reply.handovers.append(bytes)
        }
        if let base = try await keeper.base() {
            reply.sequence = base.sequence
            reply.snapshot = Data(base.snapshot.digest.bytes)
            reply.snapshotBytes = base.snapshotByteCount
            reply.certificate = base.certificate
        }
        return try PeerReply(.ledgerBase, reply)
    }

    private static func sequence(_ request: PeerPBAwaitSequence, _ keeper: LedgerKeeper) async throws -> PeerReply {
        _ = await keeper.waitForSequence(request.sequence, timeout: wait(request.waitMillis))
        return try PeerReply(.sequenceStatus, PeerPBSequenceStatus.with { $0.sequence = keeper.state.sequence })
    }

    private static func readiness(_ request: PeerPBReleaseReadiness, _ releases: ReleaseKeeper) async throws
        -> PeerReply
    {
        guard let name = AppName(request.name), let release = ReleaseID(request.release) else {
            throw PeerError(
                .notFound,
                "There can be no such release: its name or its id is malformed; send them as the ledger has them")
        }
        let status = await releases.status(of: name, release, wait: wait(request.waitMillis))
        return try PeerReply(
            .releaseStatus,
            PeerPBReleaseStatus.with {
                $0.ready = status.isReady
                $0.noRoom = !status.hasRoom
                $0.keeps = status.keeps
            })
    }
}
