import Blake3
import BlobStore
import Foundation
import Identity
import Metrics
import NIOCore
import Peering
import Wire

/// Answers peers that ask for blobs, from the store alone.
struct BlobServing: Sendable {
    /// Block values in one answer: 8,192 × 32 bytes = 256 KiB.
    static let maxBlockValues = 8_192

    let store: BlobStore
    let servedBytes: Counter

    func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        let answer: EventLoopFuture<PeerReply>
        switch request.type {
        case .statBlob: answer = eventLoop.makeCompletedFuture { try stat(request) }
        // Reads a file when the blob is not open, for which the loop must not wait.
        case .readBlockValues: answer = eventLoop.makeFutureWithTask { try blockValues(request) }
        case .readBlock: answer = block(request, on: eventLoop)
        default: return nil
        }
        return answer.flatMapErrorThrowing { error in
            guard let error = error as? BlobStoreError else { throw error }
            throw PeerError(.init(error.code.description), error.message)
        }
    }

    private func stat(_ request: PeerRequest) throws -> PeerReply {
        let message: PeerPBStatBlob = try request.message()
        var status = PeerPBBlobStatus()
        if let stored = try store.stat(try blobID(message.blob)) {
            status.present = true
            status.byteCount = UInt64(stored.byteCount)
        }
        return try PeerReply(.blobStatus, status)
    }

    private func blockValues(_ request: PeerRequest) throws -> PeerReply {
        let message: PeerPBReadBlockValues = try request.message()
        let id = try blobID(message.blob)
        guard let values = try store.blockValues(id) else { throw absent(id) }
        let first = Int(message.first)
        let count = Int(message.count)
        guard (1...BlobServing.maxBlockValues).contains(count), first + count <= values.count else {
            throw PeerError(
                .protocolViolation, "The blob has \(values.count) blocks; \(count) from \(first) were asked")
        }
        var reply = PeerPBBlockValues()
        reply.values = Data(capacity: count * Digest.byteCount)
        for value in values[first..<first + count] { value.withUnsafeBytes { reply.values.append(contentsOf: $0) } }
        return try PeerReply(.blockValues, reply)
    }

    private func block(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        do {
            let message: PeerPBReadBlock = try request.message()
            let id = try blobID(message.blob)
            return store.block(id, Int(message.index), on: eventLoop).flatMapThrowing { bytes in
                servedBytes.increment(by: Int64(bytes.readableBytes))
                return PeerReply(type: .block, body: bytes)
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
}
