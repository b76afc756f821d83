import Blake3
import BlobStore
import Foundation
import Identity
import NIOCore
import Peering
import SwiftProtobuf
import Wire

/// What a peer says that it has of a blob: its `PeerPBBlobStatus`, checked as far as it can be. Nothing of it is proven.
struct BlobClaim: Hashable, Sendable {
    /// The size that the peer claims, 0 to the limit of whoever asked.
    let byteCount: Int
    /// The blocks that it can send, as many bits as a blob of that size has blocks; nil for all.
    let held: BlockSet?

    /// The largest blob whose blocks have 32-bit indices: 1 PiB.
    static let maxBlobBytes = Int(UInt32.max) * BlockTree.blockByteCount

    /// Reads an answer; nil if the peer has nothing of the blob.
    ///
    /// Takes no more memory than the answer does: a size is a number that anybody can name.
    ///
    /// - Throws: ``ExchangeError`` with `tooLarge` for a size above `maxBytes`; ``PeerError`` with `protocolViolation` for
    ///   bytes that are no status, and for a bitmap that does not fit the size.
    init?(_ body: ByteBuffer, of id: BlobID, maxBytes: Int) throws {
        guard let status = try? PeerPBBlobStatus(serializedBytes: Array(body.readableBytesView)) else {
            throw PeerError(.protocolViolation, "A body is no status of a blob; the peer speaks another protocol")
        }
        guard status.present else { return nil }
        guard let byteCount = Int(exactly: status.byteCount), byteCount <= maxBytes else {
            throw ExchangeError(
                .tooLarge, "The blob \(id) has \(status.byteCount) bytes; this node takes at most \(maxBytes)")
        }
        self.byteCount = byteCount
        if status.heldBlocks.isEmpty {
            held = nil
            return
        }
        let blockCount = BlockTree.blockCount(byteCount: byteCount)
        guard let held = BlockSet(bytes: status.heldBlocks, blockCount: blockCount) else {
            throw PeerError(
                .protocolViolation,
                "A bitmap of \(status.heldBlocks.count) bytes does not fit the \(blockCount) blocks of \(id)")
        }
        if held.count == 0 { return nil }
        self.held = held
    }
}
