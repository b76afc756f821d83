import BlobStore
import Identity
import Logging
import NIOCore
import Peering
import SwiftProtobuf
import Wire

/// What a peer says that it has of a blob.
struct FoundProvider: Sendable {
    let connection: PeerConnection
    let claim: BlobClaim
    let roundTrip: Duration

    /// Whether it claims to have the last block, and so can prove the blob's size.
    var hasEnd: Bool {
        guard let held = claim.held else { return true }
        return held.contains(held.blockCount - 1)
    }
}

extension ExchangeEnvironment {
    /// Who has something of the blob, or why this node cannot take it from them.
    typealias Finding = Result<FoundProvider, ExchangeError>

    /// The size of the largest blob that this node takes.
    var maxBlobBytes: Int { min(store.settings.maxBlobBytes, BlobClaim.maxBlobBytes) }

    /// Asks those whom the finder names, some at a time; yields each that has something of the blob, as answers come.
    /// Ends when all have answered or had ``ExchangeSettings/locateTimeout``.
    func locate(_ id: BlobID) -> AsyncStream<Finding> {
        let (stream, continuation) = AsyncStream.makeStream(of: Finding.self)
        group.next().makeFutureWithTask { await self.askAll(id, continuation) }
            .whenComplete { _ in continuation.finish() }
        return stream
    }

    private func askAll(_ id: BlobID, _ continuation: AsyncStream<Finding>.Continuation) async {
        var asked: Set<NodeID> = [peers.node]
        await withTaskGroup(of: Void.self) { tasks in
            var running = 0
            for await node in finder.providers(of: id) where asked.insert(node).inserted && !isBanned(node) {
                if running >= max(1, settings.maxLocating) {
                    await tasks.next()
                    running -= 1
                }
                running += 1
                tasks.addTask {
                    do {
                        if let found = try await self.stat(id, at: node).get() { continuation.yield(.success(found)) }
                    } catch let error as ExchangeError {
                        continuation.yield(.failure(error))
                    } catch {}
                }
            }
        }
    }

    /// What `node` has of the blob; nil if it has nothing, does not answer in time or answers what cannot be. Fails with
    /// `blob/too-large` if it claims a size that this node does not take.
    func stat(_ id: BlobID, at node: NodeID) -> EventLoopFuture<FoundProvider?> {
        let loop = group.next()
        let promise = loop.makePromise(of: FoundProvider?.self)
        // Dialling has limits of its own, which are longer: a peer that hangs must not delay the others' answers.
        let timer = loop.scheduleTask(in: settings.locateTimeout) { promise.succeed(nil) }
        peers.connection(to: node, on: loop).flatMap { self.ask($0, for: id).hop(to: loop) }.whenComplete { result in
            timer.cancel()
            switch result {
            case .success(let found): promise.succeed(found)
            case .failure(let error as ExchangeError): promise.fail(error)
            case .failure(let error):
                self.logger.debug(
                    "a peer does not say what it has",
                    metadata: ["peer": "\(node.short)", "blob": "\(id)", "error": "\(error)"])
                promise.succeed(nil)
            }
        }
        return promise.futureResult
    }

    private func ask(_ connection: PeerConnection, for id: BlobID) -> EventLoopFuture<FoundProvider?> {
        do {
            let body: [UInt8] = try PeerPBStatBlob.with { $0.blob = id.bytes }.serializedBytes()
            let began = now
            return connection.request(.statBlob, ByteBuffer(bytes: body), timeout: settings.locateTimeout)
                .flatMapThrowing { frame in
                    guard frame.type == .blobStatus else { return nil }
                    guard let claim = try BlobClaim(frame.body, of: id, maxBytes: self.maxBlobBytes) else { return nil }
                    let estimate = self.finder.estimatedRoundTrip(to: connection.peer)
                    return FoundProvider(
                        connection: connection, claim: claim, roundTrip: estimate ?? self.now - began)
                }
        } catch {
            return connection.eventLoop.makeFailedFuture(error)
        }
    }
}
