import Blake3
import BlobStore
import CoreMetrics
import Foundation
import Identity
import Logging
import NIOCore
import Peering
import SwiftProtobuf
import Wire

/// The begin of a fetch: asks around for the blob and lets who has it prove its size and the values of its blocks.
///
/// One peer proves at a time; if it fails, or is slow, the next one does. The first proof begins the fetch; the other
/// peers join as they answer. A blob of which the store has a part is proven already: its fetch begins at once.
struct FetchOpening {
    /// A blob's size and block values, authenticated, and its last block, which authenticated the size.
    private struct Proof: Sendable {
        let provider: FoundProvider
        let blockValues: [Digest]
        let lastBlock: ByteBuffer
    }

    private enum Event: Sendable {
        case found(FoundProvider)
        /// A peer has what this node does not take.
        case refused(ExchangeError)
        /// All peers have answered.
        case located
        case proven(Proof)
        case unproven(PeerConnection, any Error)
        case patienceIsOver
    }

    private let id: BlobID
    private let keeping: Exchange.Keeping
    private let limit: Int
    private let environment: ExchangeEnvironment
    private let ready: EventLoopPromise<BlobFetch?>
    private let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation

    private var candidates: [FoundProvider] = []
    private var proving = 0
    private var isLocating = true
    private var isPatient = true
    private var fetch: BlobFetch?
    private var worst: ExchangeError?

    /// - Parameters:
    ///   - limit: The size of the largest blob that is wanted.
    ///   - ready: Completed by ``run()`` in any case; with nil if the blob, which is to be kept, is stored by now.
    init(
        id: BlobID, keeping: Exchange.Keeping, limit: Int, environment: ExchangeEnvironment,
        ready: EventLoopPromise<BlobFetch?>
    ) {
        self.id = id
        self.keeping = keeping
        self.limit = limit
        self.environment = environment
        self.ready = ready
        (events, continuation) = AsyncStream.makeStream(of: Event.self)
    }

    /// Returns when no further peer can join.
    mutating func run() async {
        let (id, environment, continuation) = (id, environment, continuation)
        do {
            // An earlier fetch may have ended since the blob was found missing.
            if keeping == .inStore, try environment.store.contains(id) { return ready.succeed(nil) }
            environment.metrics.fetches.increment()
            try await resume()
        } catch {
            return fail(error)
        }
        environment.group.next().makeFutureWithTask {
            for await finding in environment.locate(id) {
                switch finding {
                case .success(let provider): continuation.yield(.found(provider))
                case .failure(let error): continuation.yield(.refused(error))
                }
            }
        }.whenComplete { _ in continuation.yield(.located) }
        for await event in events {
            do {
                try await take(event)
            } catch {
                return fail(error)
            }
            if !isLocating, proving == 0, fetch != nil || candidates.isEmpty { break }
        }
        if fetch != nil { return }
        fail(
            worst
                ?? ExchangeError(
                    .notFound, "No reachable node has the blob \(id); check the id, or start the node that added it"))
    }

    private func fail(_ error: any Error) {
        environment.metrics.failures.increment()
        ready.fail(error)
    }

    /// Throws only what no other peer can heal.
    private mutating func take(_ event: Event) async throws {
        switch event {
        case .found(let provider):
            if let fetch {
                fetch.add(provider)
                return
            }
            if provider.claim.byteCount > limit { return refuse(tooLarge(provider.claim.byteCount)) }
            candidates.append(provider)
            if proving == 0 || !isPatient { proveNext() }
        case .refused(let error): refuse(error)
        case .located:
            isLocating = false
            // Those that are left may have nothing to prove the blob with: then nobody else will come.
            if fetch == nil, proving == 0 { proveNext() }
        case .proven(let proof):
            proving -= 1
            if let fetch {
                fetch.add(proof.provider)
            } else {
                try await begin(proof)
            }
        case .unproven(let connection, let error):
            proving -= 1
            note(error, of: connection)
            if fetch == nil, proving == 0 { proveNext() }
        case .patienceIsOver:
            isPatient = false
            if fetch == nil { proveNext() }
        }
    }

    private mutating func refuse(_ error: ExchangeError) {
        if worst?.code != .corrupt { worst = error }
    }

    private func tooLarge(_ byteCount: Int) -> ExchangeError {
        ExchangeError(.tooLarge, "The blob \(id) has \(byteCount) bytes, the limit here is \(limit)")
    }

    /// Goes on with what an earlier fetch left; its session was opened with a proof.
    private mutating func resume() async throws {
        guard keeping == .inStore, let partial = try environment.store.partial(id), partial.held.count > 0,
            let values = try? await environment.store.blockValues(id, on: environment.group.next()).get(),
            values.count == partial.held.blockCount
        else { return }
        guard partial.byteCount <= limit else { throw tooLarge(partial.byteCount) }
        let assembly = try await environment.store.assembly(
            of: id, byteCount: partial.byteCount, blockValues: values)
        begin(
            BlobFetch(
                id: id, byteCount: partial.byteCount, blockValues: values, storage: .assembly(assembly),
                environment: environment))
    }

    private mutating func begin(_ proof: Proof) async throws {
        let (byteCount, values) = (proof.provider.claim.byteCount, proof.blockValues)
        let storage: FetchStorage =
            keeping == .nowhere
            ? .memory
            : .assembly(try await environment.store.assembly(of: id, byteCount: byteCount, blockValues: values))
        let fetch = BlobFetch(
            id: id, byteCount: byteCount, blockValues: values, storage: storage, environment: environment)
        fetch.begin(proof.provider, values.count - 1, proof.lastBlock)
        begin(fetch)
    }

    private mutating func begin(_ fetch: BlobFetch) {
        self.fetch = fetch
        ready.succeed(fetch)
        fetch.finishIfComplete()
        for provider in candidates { fetch.add(provider) }
        candidates = []
    }

    // MARK: Proving

    private mutating func proveNext() {
        // Who holds a part can prove the blob if it has the last block.
        guard let index = candidates.firstIndex(where: \.hasEnd) else {
            if !candidates.isEmpty {
                worst =
                    worst
                    ?? ExchangeError(
                        .unavailable,
                        "\(candidates.count) nodes have parts of \(id), but none has its end; try again later")
            }
            if !isLocating, proving == 0 { candidates = [] }
            return
        }
        let provider = candidates.remove(at: index)
        proving += 1
        isPatient = true
        let (id, environment, continuation) = (id, environment, continuation)
        provider.connection.eventLoop.scheduleTask(in: environment.settings.proofPause) {
            continuation.yield(.patienceIsOver)
        }
        provider.connection.eventLoop.makeFutureWithTask {
            try await FetchOpening.proof(id, provider, environment)
        }.whenComplete { result in
            switch result {
            case .success(let proof): continuation.yield(.proven(proof))
            case .failure(let error): continuation.yield(.unproven(provider.connection, error))
            }
        }
    }

    /// Remembers the worst that happened: lies before sizes before lost connections.
    private mutating func note(_ error: any Error, of connection: PeerConnection) {
        let known = error as? ExchangeError
        // Every request follows from what the peer claimed: if there is nothing like that to ask for, the claim was wrong.
        let isContradiction = [.protocolViolation, .refused].contains((error as? PeerError)?.code)
        let isLie = known?.code == .corrupt || isContradiction
        if isLie {
            environment.report(
                ProviderReport(provider: connection.peer, blob: id, offence: .description), reason: "\(error)")
        }
        if worst?.code == .corrupt { return }
        if isLie {
            worst = ExchangeError(.corrupt, "Nodes claim to have \(id) but none could prove it; the last: \(error)")
        } else if let known {
            worst = known
        } else if worst == nil {
            worst = ExchangeError(
                .unavailable, "Node \(connection.peer.short) has \(id) but does not deliver it (\(error)); try again")
        }
    }

    /// Authenticates the blob's size and block values. A size is true only once the last block verifies against it.
    private static func proof(
        _ id: BlobID, _ provider: FoundProvider, _ environment: ExchangeEnvironment
    ) async throws -> Proof {
        let (connection, byteCount) = (provider.connection, provider.claim.byteCount)
        let deadline = environment.now + Duration(environment.settings.maxProofTime)
        /// What an answer may take, so that many answers, each in time, do not hold up the fetch for minutes.
        func timeLeft() throws -> TimeAmount {
            let left = deadline - environment.now
            guard left > .zero else {
                throw ExchangeError(
                    .unavailable, "Node \(connection.peer.short) takes too long to prove that it has \(id); try again")
            }
            return min(environment.settings.proofTimeout, TimeAmount(left))
        }
        let values = try await blockValues(id, byteCount, connection, timeout: timeLeft)
        guard BlockTree.root(blockValues: values, byteCount: byteCount) == id.digest else {
            throw ExchangeError(
                .corrupt, "The block values that node \(connection.peer.short) sent are not those of \(id)")
        }
        let last = values.count - 1
        let block = try await environment.readBlock(
            id, last, byteCount: byteCount, over: connection, timeout: try timeLeft()
        ).get()
        guard block.isBlock, block.frame.body.blockValue(last, of: byteCount) == values[last] else {
            throw ExchangeError(
                .corrupt, "Node \(connection.peer.short) sent bytes that are not block \(last) of \(id)")
        }
        block.accept()
        return Proof(provider: provider, blockValues: values, lastBlock: block.frame.body)
    }

    private static func blockValues(
        _ id: BlobID, _ byteCount: Int, _ connection: PeerConnection, timeout: () throws -> TimeAmount
    ) async throws -> [Digest] {
        let count = BlockTree.blockCount(byteCount: byteCount)
        if count == 1 { return [id.digest] }
        var values: [Digest] = []
        while values.count < count {
            let wanted = min(count - values.count, BlobServing.maxBlockValues)
            let message = PeerPBReadBlockValues.with {
                $0.blob = id.bytes
                $0.first = UInt32(values.count)
                $0.count = UInt32(wanted)
            }
            let page = try await connection.call(
                .readBlockValues, message, expecting: .blockValues, as: PeerPBBlockValues.self,
                timeout: try timeout())
            guard let more = page.digests(count: wanted) else {
                throw ExchangeError(
                    .corrupt, "Node \(connection.peer.short) did not send \(wanted) block values of \(id)")
            }
            values += more
        }
        return values
    }
}

extension PeerPBBlockValues {
    /// The values, if there are exactly `count`.
    func digests(count: Int) -> [Digest]? {
        guard values.count == count * Digest.byteCount else { return nil }
        return stride(from: values.startIndex, to: values.endIndex, by: Digest.byteCount).compactMap {
            Digest(values[$0..<$0 + Digest.byteCount])
        }
    }
}
