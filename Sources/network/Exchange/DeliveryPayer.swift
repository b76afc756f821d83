public import Identity
public import NIOCore
public import Peering

/// Pays peers that give nothing away. Called on event loops: it must be quick.
public protocol DeliveryPayer: Sendable {
    /// The open session over this connection; nil if nothing is paid there so far.
    func session(over connection: PeerConnection) -> (any DeliverySession)?

    /// Opens a session after the peer asked for payment; the same one for several that ask at once.
    ///
    /// - Returns: Fails if this side does not want to, or cannot, pay this peer.
    func open(over connection: PeerConnection) -> EventLoopFuture<any DeliverySession>
}

/// Payment of one peer over one connection.
public protocol DeliverySession: Sendable {
    /// Asks for a block as soon as the credit allows, with what is to be acknowledged.
    ///
    /// - Parameter units: What the block counts as; see ``BlockPayment/units(byteCount:)``.
    /// - Returns: The answer as it came, on the connection's loop; nobody has checked it. Fails with a ``PeerError``:
    ///   `busy` if the session is over and another should be tried.
    func request(_ blob: BlobID, _ index: Int, units: Int, timeout: TimeAmount) -> EventLoopFuture<Frame>

    /// The answer to a request was the block: pays for it.
    func accept(units: Int)
}

/// No payment.
public struct NoPayment: DeliveryPayer {
    public init() {}

    public func session(over connection: PeerConnection) -> (any DeliverySession)? { nil }

    public func open(over connection: PeerConnection) -> EventLoopFuture<any DeliverySession> {
        connection.eventLoop.makeFailedFuture(
            PeerError(
                .paymentRequired,
                "Node \(connection.peer.short) wants to be paid, and nobody here pays; open a channel to it"))
    }
}
