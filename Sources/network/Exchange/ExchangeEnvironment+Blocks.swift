import Blake3
import Identity
import NIOCore
import Peering
import Wire

/// A block as it came, and who is to be paid if it is right.
struct DeliveredBlock: Sendable {
    let frame: Frame
    private let session: (any DeliverySession)?
    private let units: Int

    init(_ frame: Frame, paidBy session: (any DeliverySession)? = nil, units: Int = 0) {
        self.frame = frame
        self.session = session
        self.units = units
    }

    /// Whether the answer is a block of the kind that was asked for.
    var isBlock: Bool { frame.type == (session == nil ? .block : .paidBlock) }

    /// The block is what it should be.
    func accept() { session?.accept(units: units) }
}

extension ExchangeEnvironment {
    /// Asks a peer for a block, without payment as long as it gives blocks away.
    ///
    /// - Parameters:
    ///   - byteCount: Of the blob.
    ///   - label: Names the request unless it is paid: what is paid for is not cancelled.
    func readBlock(
        _ id: BlobID, _ index: Int, byteCount: Int, over connection: PeerConnection, timeout: TimeAmount,
        label: RequestLabel? = nil
    ) -> EventLoopFuture<DeliveredBlock> {
        let units = BlockPayment.units(byteCount: BlockTree.blockLength(index, byteCount: byteCount))
        if let session = payer.session(over: connection) {
            return session.request(id, index, units: units, timeout: timeout)
                .map { DeliveredBlock($0, paidBy: session, units: units) }
        }
        return connection.request(.readBlock, ReadBlockBody.encode(id, index), timeout: timeout, label: label)
            .map { DeliveredBlock($0) }
            .flatMapError { error in
                guard (error as? PeerError)?.code == .paymentRequired else {
                    return connection.eventLoop.makeFailedFuture(error)
                }
                return self.payer.open(over: connection).hop(to: connection.eventLoop).flatMap { session in
                    session.request(id, index, units: units, timeout: timeout)
                        .map { DeliveredBlock($0, paidBy: session, units: units) }
                }
            }
    }
}
