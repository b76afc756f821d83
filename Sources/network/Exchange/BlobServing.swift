import Blake3
import BlobStore
import Foundation
import Identity
import Metrics
import NIOCore
import Peering
import Synchronization
import Wire

/// Answers peers that ask for blobs, from the store alone: whole blobs, and what is here of those that are not whole.
///
/// Blocks in service are bounded; see ``ServingQueue``. Everything else is small and answered at once.
final class BlobServing: Sendable {
    /// Block values in one answer: 8,192 × 32 bytes = 256 KiB.
    static let maxBlockValues = 8_192
    /// What a peer reads when it asks for a block of a partial blob that has not arrived.
    static let incomplete = PeerError.Code(BlobStoreError.Code.incomplete.description)

    /// A request for a block that waits for its turn.
    private struct Ticket: Sendable {
        let block: Wanted
        let eventLoop: any EventLoop
        let promise: EventLoopPromise<PeerReply>
    }

    private struct Wanted: Sendable {
        let id: BlobID
        let index: Int
        let peer: NodeID
        /// Nil if nothing is paid for it.
        var payment: BlockPayment?
    }

    private let environment: ExchangeEnvironment
    private let queue: Mutex<ServingQueue<Ticket>>

    init(_ environment: ExchangeEnvironment) {
        self.environment = environment
        let block = BlockTree.blockByteCount
        queue = Mutex(
            ServingQueue(
                maxTotal: environment.settings.servingMemoryBytes / block,
                maxPerPeer: environment.settings.servingMemoryBytesPerPeer / block))
    }

    /// - Parameter onStat: Called with the blob that a peer looks for.
    func serve(
        _ request: PeerRequest, on eventLoop: any EventLoop, onStat: (BlobID) -> Void
    ) -> EventLoopFuture<PeerReply>? {
        let answer: EventLoopFuture<PeerReply>
        switch request.type {
        case .statBlob: answer = stat(request, on: eventLoop, onStat)
        case .readBlockValues: answer = blockValues(request, on: eventLoop)
        case .readBlock: answer = block(request, on: eventLoop)
        case .readPaidBlock: answer = paidBlock(request, on: eventLoop)
        default: return nil
        }
        return answer.flatMapErrorThrowing { error in
            guard let error = error as? BlobStoreError else { throw error }
            throw PeerError(.init(error.code.description), error.message)
        }
    }

    private func stat(
        _ request: PeerRequest, on eventLoop: any EventLoop, _ onStat: (BlobID) -> Void
    ) -> EventLoopFuture<PeerReply> {
        do {
            let message: PeerPBStatBlob = try request.message()
            let id = try blobID(message.blob)
            onStat(id)
            return environment.store.held(id, on: eventLoop).flatMapThrowing { try BlobServing.status(of: $0) }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }

    private static func status(of blob: HeldBlob?) throws -> PeerReply {
        var status = PeerPBBlobStatus()
        if let blob, blob.held.map({ $0.count > 0 }) ?? true {
            status.present = true
            status.byteCount = UInt64(blob.byteCount)
            if let held = blob.held { status.heldBlocks = Data(held.bytes) }
        }
        return try PeerReply(.blobStatus, status)
    }

    private func blockValues(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        do {
            let message: PeerPBReadBlockValues = try request.message()
            let id = try blobID(message.blob)
            let (first, count) = (Int(message.first), Int(message.count))
            return environment.store.blockValues(id, on: eventLoop).flatMapThrowing { values in
                guard let values else { throw self.absent(id) }
                guard (1...BlobServing.maxBlockValues).contains(count), first + count <= values.count else {
                    throw PeerError(
                        .protocolViolation, "The blob has \(values.count) blocks; \(count) from \(first) were asked")
                }
                var reply = PeerPBBlockValues()
                reply.values = values[first..<first + count].withUnsafeBytes { Data($0) }
                return try PeerReply(.blockValues, reply)
            }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }

    private func blobID(_ bytes: Data) throws -> BlobID {
        guard let digest = Digest(bytes) else {
            throw PeerError(.protocolViolation, "A blob id has \(bytes.count) bytes instead of \(Digest.byteCount)")
        }
        return BlobID(digest)
    }

    private func absent(_ id: BlobID) -> PeerError { PeerError(.notFound, "This node does not have \(id)") }

    // MARK: Blocks

    private func block(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        do {
            let message: PeerPBReadBlock = try request.message()
            let wanted = Wanted(id: try blobID(message.blob), index: Int(message.index), peer: request.peer)
            if let refusal = environment.meter.refusalOfUnpaid(request.peer) {
                return eventLoop.makeFailedFuture(refusal)
            }
            return admit(wanted, on: eventLoop)
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }

    /// A block for which a session pays: what it acknowledges is taken, then the block is counted, then it is read.
    private func paidBlock(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        guard let body = PaidBlockBody(request.body) else {
            return eventLoop.makeFailedFuture(
                PeerError(.protocolViolation, "The request for a paid block has another layout; update the older node"))
        }
        let wanted = Wanted(id: body.blob, index: body.index, peer: request.peer, payment: body.payment)
        return environment.meter.admit(body.payment, by: request.peer, on: eventLoop).flatMap { refusal in
            if let refusal { return eventLoop.makeFailedFuture(refusal) }
            return self.admit(wanted, on: eventLoop)
        }
    }

    private func admit(_ wanted: Wanted, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        var waiting: EventLoopFuture<PeerReply>?
        let isAdmitted = queue.withLock { queue in
            queue.admit(
                wanted.peer,
                {
                    let promise = eventLoop.makePromise(of: PeerReply.self)
                    waiting = promise.futureResult
                    return Ticket(block: wanted, eventLoop: eventLoop, promise: promise)
                }())
        }
        if let waiting, !isAdmitted { return waiting }
        return read(wanted, on: eventLoop)
    }

    /// Reads a block that has a place; the place is given back when the block has left.
    private func read(_ block: Wanted, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        environment.store.heldBlock(block.id, block.index, on: eventLoop).flatMapThrowing { bytes in
            let count = bytes.readableBytes
            if let payment = block.payment, BlockPayment.units(byteCount: count) > payment.units {
                throw PeerError(.protocolViolation, "The block has \(count) bytes, more than the request pays for")
            }
            self.environment.metrics.servedBytes.increment(by: Int64(count))
            self.environment.accounts.update(block.peer) { account in
                account.bytesSent += count
                account.blocksSent += 1
            }
            return PeerReply(type: block.payment == nil ? .block : .paidBlock, body: bytes) {
                self.release(block.peer, byteCount: count)
            }
        }.flatMapErrorThrowing { error in
            if let payment = block.payment {
                self.environment.meter.giveBack(block.peer, session: payment.session, units: payment.units)
            }
            self.release(block.peer, byteCount: 0)
            throw error
        }
    }

    private func release(_ peer: NodeID, byteCount: Int) {
        queue.withLock { $0.release(peer, byteCount: byteCount) }
        while let ticket = queue.withLock({ $0.next() }) {
            if ticket.eventLoop.inEventLoop {
                ticket.promise.completeWith(read(ticket.block, on: ticket.eventLoop))
            } else {
                ticket.eventLoop.execute {
                    ticket.promise.completeWith(self.read(ticket.block, on: ticket.eventLoop))
                }
            }
        }
    }
}
