public import Identity
public import NIOCore
public import Peering

/// Decides who gets blocks, and what is charged for them. Called on event loops for each block: it must be quick.
///
/// The exchange knows neither channels nor prices: without a meter of the node's, ``FreeDelivery`` gives everything away.
public protocol DeliveryMeter: Sendable {
    /// A peer asks for a block without paying for it.
    ///
    /// - Returns: Why not; nil counts the block as delivered.
    func refusalOfUnpaid(_ peer: NodeID) -> PeerError?

    /// A peer asks for a block of `units` units and acknowledges earlier ones: takes what is acknowledged in any case, and
    /// counts the units.
    ///
    /// - Returns: On the loop, in the same turn of it or soon after: why not; nil lets the block be delivered, or be given
    ///   back with ``giveBack(_:session:units:)``. Never fails.
    func admit(
        _ payment: BlockPayment, by peer: NodeID, on eventLoop: any EventLoop
    ) -> EventLoopFuture<PeerError?>

    /// A block that was counted could not be delivered.
    func giveBack(_ peer: NodeID, session: UInt32, units: Int)
}

extension PeerError.Code {
    /// The peer gives nothing more away: ``DeliveryPayer/open(with:)`` a session.
    public static let paymentRequired = PeerError.Code("channels/payment-required")
}

/// Gives everything away, and takes no payment.
public struct FreeDelivery: DeliveryMeter {
    public init() {}

    public func refusalOfUnpaid(_ peer: NodeID) -> PeerError? { nil }

    public func admit(
        _ payment: BlockPayment, by peer: NodeID, on eventLoop: any EventLoop
    ) -> EventLoopFuture<PeerError?> {
        eventLoop.makeSucceededFuture(
            PeerError(.unsupported, "This node sells nothing; ask for the block without paying"))
    }

    public func giveBack(_ peer: NodeID, session: UInt32, units: Int) {}
}
