import Exchange
import Foundation
import Identity
import Ledger
import LedgerLog
import NIOCore
import Peering
import SwiftProtobuf
import Synchronization
import Wire

/// Answers peers: hands each request to the room that it is for.
final class NodePeerService: PeerRequestHandler {
    /// The longest that a peer may ask to wait.
    private static let maxWait = Duration.seconds(30)
    /// Entries in one answer at most.
    private static let maxEntries = 1_024

    private struct Rooms {
        let exchange: Exchange
        let keeper: LedgerKeeper
        let sync: LedgerSync
        let releases: ReleaseKeeper
    }

    /// Set once, after the rooms that themselves need the peer network have been made.
    private let rooms = Mutex<Rooms?>(nil)

    func attach(exchange: Exchange, keeper: LedgerKeeper, sync: LedgerSync, releases: ReleaseKeeper) {
        rooms.withLock { $0 = Rooms(exchange: exchange, keeper: keeper, sync: sync, releases: releases) }
    }

    func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        guard let rooms = rooms.withLock({ $0 }) else {
            return eventLoop.makeFailedFuture(PeerError(.busy, "This node is still starting; try again"))
        }
        if let answer = rooms.exchange.serve(request, on: eventLoop) { return answer }
        return eventLoop.makeFutureWithTask { try await NodePeerService.answer(request, rooms) }
    }

    private static func answer(_ request: PeerRequest, _ rooms: Rooms) async throws -> PeerReply {
        switch request.type {
        case .readEntries: try await entries(try request.message(), rooms.keeper)
        case .submitTransaction: try await submit(try request.message(), rooms.sync)
        case .awaitSequence: try await sequence(try request.message(), rooms.keeper)
        case .releaseReadiness: try await readiness(try request.message(), rooms.releases)
        default:
            throw PeerError(.unsupported, "This node does not know \(request.type); update it")
        }
    }

    private static func wait(_ millis: UInt32) -> Duration { min(.milliseconds(Int64(millis)), maxWait) }

    private static func entries(_ request: PeerPBReadEntries, _ keeper: LedgerKeeper) async throws -> PeerReply {
        if keeper.state.sequence < request.from, request.waitMillis > 0 {
            _ = await keeper.waitForSequence(request.from, timeout: wait(request.waitMillis))
        }
        let limit = min(Int(request.limit), maxEntries)
        var reply = PeerPBEntries()
        reply.entries = try await keeper.entries(from: request.from, limit: limit)
        return try PeerReply(.entries, reply)
    }

    private static func submit(_ request: PeerPBSubmitTransaction, _ sync: LedgerSync) async throws -> PeerReply {
        guard sync.isSequencer else { throw PeerError(.unsupported, "This node is not the sequencer") }
        var result = PeerPBTransactionResult()
        do {
            let (sequence, release) = try await sync.submit(request.transaction)
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

    private static func sequence(_ request: PeerPBAwaitSequence, _ keeper: LedgerKeeper) async throws -> PeerReply {
        _ = await keeper.waitForSequence(request.sequence, timeout: wait(request.waitMillis))
        return try PeerReply(.sequenceStatus, PeerPBSequenceStatus.with { $0.sequence = keeper.state.sequence })
    }

    private static func readiness(_ request: PeerPBReleaseReadiness, _ releases: ReleaseKeeper) async throws
        -> PeerReply
    {
        let isReady = await releases.isReady(
            name: request.name, release: request.release, wait: wait(request.waitMillis))
        return try PeerReply(.releaseStatus, PeerPBReleaseStatus.with { $0.ready = isReady })
    }
}
