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

/// The begin of a fetch: asks everybody for the blob and lets who has it prove its size and the values of its blocks.
///
/// One peer proves at a time; if it fails, or is slow, the next one does. The first proof begins the fetch; the other
/// peers join as they answer.
struct FetchOpening {
    /// A blob's size and block values, authenticated, and its last block, which authenticated the size.
    private struct Proof: Sendable {
        let connection: PeerConnection
        let byteCount: Int
        let blockValues: [Digest]
        let lastBlock: ByteBuffer
    }

    private enum Event: Sendable {
        case found(PeerConnection, Int)
        /// All peers have answered.
        case located
        case proven(Proof)
        case unproven(PeerConnection, any Error)
        case patienceIsOver
    }

    private let id: BlobID
    private let environment: ExchangeEnvironment
    private let ready: EventLoopPromise<BlobFetch>
    private let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation

    private var candidates: [(PeerConnection, Int)] = []
    private var proving = 0
    private var isLocating = true
    private var isPatient = true
    private var fetch: BlobFetch?
    private var worst: ExchangeError?

    /// - Parameter ready: Completed by ``run()`` in any case.
    init(id: BlobID, environment: ExchangeEnvironment, ready: EventLoopPromise<BlobFetch>) {
        self.id = id
        self.environment = environment
        self.ready = ready
        (events, continuation) = AsyncStream.makeStream(of: Event.self)
    }

    /// Returns when no further peer can join.
    mutating func run() async {
        environment.metrics.fetches.increment()
        let (id, environment, continuation) = (id, environment, continuation)
        environment.group.next().makeFutureWithTask {
            for await (connection, size) in environment.locate(id) { continuation.yield(.found(connection, size)) }
        }.whenComplete { _ in continuation.yield(.located) }
        for await event in events {
            do {
                try take(event)
            } catch {
                environment.metrics.failures.increment()
                return ready.fail(error)
            }
            if !isLocating, proving == 0, fetch != nil || candidates.isEmpty { break }
        }
        if fetch != nil { return }
        environment.metrics.failures.increment()
        ready.fail(
            worst
                ?? ExchangeError(
                    .notFound, "No reachable node has the blob \(id); check the id, or start the node that added it"))
    }

    /// Throws only what no other peer can heal.
    private mutating func take(_ event: Event) throws {
        switch event {
        case .found(let connection, let size):
            if let fetch {
                if fetch.byteCount == size { fetch.add(connection) }
                return
            }
            candidates.append((connection, size))
            if proving == 0 || !isPatient { proveNext() }
        case .located:
            isLocating = false
        case .proven(let proof):
            proving -= 1
            if let fetch { return fetch.add(proof.connection) }
            try begin(proof)
        case .unproven(let connection, let error):
            proving -= 1
            note(error, of: connection)
            if fetch == nil, proving == 0 { proveNext() }
        case .patienceIsOver:
            isPatient = false
            if fetch == nil { proveNext() }
        }
    }

    private mutating func begin(_ proof: Proof) throws {
        let assembly = try environment.store.assemble(id, byteCount: proof.byteCount, blockValues: proof.blockValues)
        let fetch = BlobFetch(
            id: id, byteCount: proof.byteCount, blockValues: proof.blockValues, assembly: assembly,
            environment: environment)
        self.fetch = fetch
        fetch.begin(proof.connection, proof.blockValues.count - 1, proof.lastBlock)
        ready.succeed(fetch)
        for (connection, size) in candidates where size == proof.byteCount { fetch.add(connection) }
        candidates = []
    }

    // MARK: Proving

    private mutating func proveNext() {
        guard !candidates.isEmpty else { return }
        let (connection, size) = candidates.removeFirst()
        proving += 1
        isPatient = true
        let (id, environment, continuation) = (id, environment, continuation)
        connection.eventLoop.scheduleTask(in: environment.settings.proofPause) {
            continuation.yield(.patienceIsOver)
        }
        connection.eventLoop.makeFutureWithTask {
            try await FetchOpening.proof(id, size, connection, environment)
        }.whenComplete { result in
            switch result {
            case .success(let proof): continuation.yield(.proven(proof))
            case .failure(let error): continuation.yield(.unproven(connection, error))
            }
        }
    }

    /// Remembers the worst that happened: lies before sizes before lost connections.
    private mutating func note(_ error: any Error, of connection: PeerConnection) {
        let known = error as? ExchangeError
        let isLie = known?.code == .corrupt || (error as? PeerError)?.code == .protocolViolation
        if isLie {
            environment.metrics.corruptBlocks.increment()
            environment.logger.warning(
                "a peer could not prove the blob that it claims",
                metadata: ["peer": "\(connection.peer)", "blob": "\(id)", "reason": "\(error)"])
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
        _ id: BlobID, _ byteCount: Int, _ connection: PeerConnection, _ environment: ExchangeEnvironment
    ) async throws -> Proof {
        let limit = min(environment.store.settings.maxBlobBytes, maxBlobBytes)
        guard byteCount <= limit else {
            throw ExchangeError(.tooLarge, "The blob \(id) has \(byteCount) bytes; this node takes at most \(limit)")
        }
        let values = try await blockValues(id, byteCount, connection, environment)
        guard BlockTree.root(blockValues: values, byteCount: byteCount) == id.digest else {
            throw ExchangeError(
                .corrupt, "The block values that node \(connection.peer.short) sent are not those of \(id)")
        }
        let last = values.count - 1
        let body: [UInt8] = try PeerPBReadBlock.with {
            $0.blob = id.bytes
            $0.index = UInt32(last)
        }.serializedBytes()
        let frame = try await connection.request(
            .readBlock, ByteBuffer(bytes: body), timeout: environment.settings.blockTimeout
        ).get()
        guard frame.type == .block, frame.body.isBlock(last, of: byteCount, value: values[last]) else {
            throw ExchangeError(
                .corrupt, "Node \(connection.peer.short) sent bytes that are not block \(last) of \(id)")
        }
        return Proof(connection: connection, byteCount: byteCount, blockValues: values, lastBlock: frame.body)
    }

    /// The largest blob whose blocks have 32-bit indices: 1 PiB.
    private static let maxBlobBytes = Int(UInt32.max) * BlockTree.blockByteCount

    private static func blockValues(
        _ id: BlobID, _ byteCount: Int, _ connection: PeerConnection, _ environment: ExchangeEnvironment
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
                timeout: environment.settings.blockTimeout)
            guard page.values.count == wanted * Digest.byteCount else {
                throw ExchangeError(
                    .corrupt, "Node \(connection.peer.short) did not send \(wanted) block values of \(id)")
            }
            for offset in stride(from: 0, to: page.values.count, by: Digest.byteCount) {
                let start = page.values.startIndex + offset
                if let value = Digest(page.values[start..<start + Digest.byteCount]) { values.append(value) }
            }
        }
        return values
    }
}
