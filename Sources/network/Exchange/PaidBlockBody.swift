import Blake3
public import Identity
public import NIOCore

/// The body of a request for a block that is paid for; integers are big-endian.
///
/// Session 4, blob 32, block 4, units 1, number of acknowledgments 1, then for each its index 8 and its link 32.
public struct PaidBlockBody: Hashable, Sendable {
    private static let linkByteCount = 32

    public let blob: BlobID
    /// 0 ..< 2^32.
    public let index: Int
    public let payment: BlockPayment

    public init(blob: BlobID, index: Int, payment: BlockPayment) {
        self.blob = blob
        self.index = index
        self.payment = payment
    }

    /// Reads a body; nil for anything else.
    public init?(_ body: ByteBuffer) {
        var body = body
        guard let session: UInt32 = body.readInteger(), let blob = body.readBytes(length: Digest.byteCount),
            let digest = Digest(blob), let index: UInt32 = body.readInteger(), let units: UInt8 = body.readInteger(),
            (1...2).contains(units), let count: UInt8 = body.readInteger(), count <= BlockPayment.maxAcknowledgments
        else { return nil }
        var acknowledgments: [BlockPayment.Acknowledgment] = []
        acknowledgments.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let unit: UInt64 = body.readInteger(),
                let link = body.readBytes(length: PaidBlockBody.linkByteCount)
            else { return nil }
            acknowledgments.append(.init(index: unit, link: link))
        }
        guard body.readableBytes == 0 else { return nil }
        self.blob = BlobID(digest)
        self.index = Int(index)
        payment = BlockPayment(session: session, units: Int(units), acknowledgments: acknowledgments)
    }

    /// The bytes. Acknowledgments beyond the limit are left out.
    public var buffer: ByteBuffer {
        let acknowledgments = payment.acknowledgments.prefix(BlockPayment.maxAcknowledgments)
        var body = ByteBuffer()
        body.reserveCapacity(42 + 40 * acknowledgments.count)
        body.writeInteger(payment.session)
        blob.digest.withUnsafeBytes { _ = body.writeBytes($0) }
        body.writeInteger(UInt32(truncatingIfNeeded: index))
        body.writeInteger(UInt8(clamping: payment.units))
        body.writeInteger(UInt8(acknowledgments.count))
        for acknowledgment in acknowledgments {
            body.writeInteger(acknowledgment.index)
            body.writeBytes(acknowledgment.link)
        }
        return body
    }
}
