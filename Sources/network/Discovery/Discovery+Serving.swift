import Blake3
import Foundation
import Identity
public import NIOCore
public import Peering
import SwiftProtobuf
import Synchronization
import Wire

extension Discovery {
    /// Answers a peer's request about provider records; nil if the request is about something else.
    public func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        switch request.type {
        case .findProviders:
            eventLoop.makeCompletedFuture { try self.explaining { try self.find(request) } }
        case .storeRecords:
            eventLoop.makeFutureWithTask { try await self.explaining { try await self.store(request) } }
        default: nil
        }
    }

    /// Lets the peer see this module's errors, and counts them.
    private func explaining<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as DiscoveryError { throw seen(error) }
    }

    private func explaining<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error as DiscoveryError { throw seen(error) }
    }

    private func seen(_ error: DiscoveryError) -> PeerError {
        count(error.code)
        return PeerError(.init(error.code.description), error.message)
    }

    // MARK: Finding

    private func find(_ request: PeerRequest) throws -> PeerReply {
        let message: PeerPBFindProviders = try request.message()
        guard let digest = Digest(message.key) else {
            throw DiscoveryError(
                .malformed, "A key has \(message.key.count) bytes instead of \(Digest.byteCount)")
        }
        let key = BlobID(digest)
        let limit = min(Int(message.limit), DiscoverySettings.maxAnswerRecords)
        let now = clock.now()
        var (records, isProvided, snapshot) = state.withLock { state in
            (state.store.records(of: key, limit: limit, now: now), state.plan.contains(key), state.snapshot)
        }
        if isProvided, limit > 0 {
            // The provider itself knows best, also where no replica has heard of it yet.
            records = [try ownRecord(key, isWithdrawn: false)] + records.prefix(limit - 1)
        }
        var reply = PeerPBProviders()
        reply.records = records.map(\.message)
        if message.wantCloser {
            let nearest = snapshot.space.replicas(of: Position(digest), count: settings.replicas) { node in
                node != request.peer && (node == peers.node || view.isUsable(node))
            }
            reply.closer = nearest.map { Data($0.digest.bytes) }
        }
        if message.wantToken {
            let token = state.withLock { $0.tokens.token(for: request.peer, now: now, using: &$0.random) }
            reply.token = Data(token.bytes)
        }
        return try PeerReply(.providers, reply)
    }

    /// A new record of this node.
    func ownRecord(_ key: BlobID, isWithdrawn: Bool) throws -> ProviderRecord {
        let wall = clock.wallMillis()
        let sequence = state.withLock { state in
            // The wall clock lets the sequence grow over restarts without being stored; where it goes back, one is
            // added.
            state.lastSequence = max(state.lastSequence &+ 1, UInt64(max(wall, 0)))
            return state.lastSequence
        }
        return try ProviderRecord.sign(
            key: key, sequence: sequence, expiresMillis: life.expiry(wallMillis: wall), isWithdrawn: isWithdrawn,
            network: network, with: self.key)
    }

    // MARK: Storing

    private struct Pending {
        let index: Int
        let record: ProviderRecord
        let provider: DiscoveryNode
        let life: Duration
    }

    private func store(_ request: PeerRequest) async throws -> PeerReply {
        let isAdmitted = state.withLock { state in
            guard state.storing[request.peer, default: 0] < settings.maxStoresPerPeer else { return false }
            state.storing[request.peer, default: 0] += 1
            return true
        }
        guard isAdmitted else {
            throw DiscoveryError(.busy, "Earlier records of yours are still being verified; wait for the answers")
        }
        defer {
            state.withLock { state in
                let rest = (state.storing[request.peer] ?? 1) - 1
                state.storing[request.peer] = rest > 0 ? rest : nil
            }
        }
        let message = try admit(request)
        refreshView()
        var refusals: [DiscoveryError.Code?] = Array(repeating: nil, count: message.records.count)
        var pending: [Pending] = []
        for (index, encoded) in message.records.enumerated() {
            do throws(DiscoveryError) {
                pending.append(try check(encoded, at: index, from: request.peer))
            } catch { refusals[index] = error.code }
        }
        let validCount = await verifier.countValid(pending.map { ($0.record, $0.provider.publicKey) })
        for forged in pending[validCount...] { refusals[forged.index] = .badSignature }
        keep(pending[..<validCount], &refusals)
        for case .some(let code) in refusals { count(code) }
        var reply = PeerPBStoreResult()
        reply.refusals = refusals.map { $0?.description ?? "" }
        return try PeerReply(.storeResult, reply)
    }

    private func admit(_ request: PeerRequest) throws -> PeerPBStoreRecords {
        let message: PeerPBStoreRecords = try request.message()
        let now = clock.now()
        let hasToken = state.withLock {
            $0.tokens.isValid(message.token, for: request.peer, now: now, using: &$0.random)
        }
        guard hasToken else {
            throw DiscoveryError(.badToken, "The write token is not valid any more; ask for a new one")
        }
        guard message.records.count <= DiscoverySettings.maxStoreRecords else {
            throw DiscoveryError(
                .tooMany,
                "\(message.records.count) records are above \(DiscoverySettings.maxStoreRecords); split the request")
        }
        return message
    }

    /// All that can be checked without the costly look at the signature.
    private func check(
        _ encoded: PeerPBProviderRecord, at index: Int, from peer: NodeID
    ) throws(DiscoveryError) -> Pending {
        let record = try ProviderRecord(unverified: encoded, network: network)
        let (snapshot, isStale) = state.withLock { ($0.snapshot, $0.store.isStale(record)) }
        guard let provider = snapshot.nodes[record.provider] else {
            throw DiscoveryError(.notOnLedger, "The provider \(record.provider.short) is not on the ledger")
        }
        // Only providers publish: old records cannot be brought back by others.
        guard record.provider == peer else {
            throw DiscoveryError(.notTheProvider, "A record of \(record.provider.short) came from \(peer.short)")
        }
        let life = try life.remaining(expiresMillis: record.expiresMillis, wallMillis: clock.wallMillis())
        let isReplica = snapshot.space.isReplica(
            peers.node, of: Position(record.key.digest), count: settings.replicas, slack: settings.responsibilitySlack
        ) { view.isUsable($0) }
        guard isReplica else {
            throw DiscoveryError(
                .notResponsible,
                "The \(settings.replicas) replicas of the key are far nearer to it than this node; update your view")
        }
        guard !isStale else {
            throw DiscoveryError(.stale, "A newer record of this provider for the key is here; raise the sequence")
        }
        return Pending(index: index, record: record, provider: provider, life: life)
    }

    private func keep(_ pending: ArraySlice<Pending>, _ refusals: inout [DiscoveryError.Code?]) {
        let now = clock.now()
        for pending in pending {
            do throws(DiscoveryError) {
                try state.withLock { state throws(DiscoveryError) in
                    try state.store.insert(
                        pending.record, operatorID: pending.provider.operatorID, life: pending.life, now: now)
                }
            } catch { refusals[pending.index] = error.code }
        }
    }
}
