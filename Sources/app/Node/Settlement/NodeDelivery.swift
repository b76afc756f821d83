import Exchange
import Identity
import NIOCore
import PaidDelivery
import Peering
import Synchronization

/// The exchange's meter before what is paid is known: the exchange is made first.
final class NodeDelivery: DeliveryMeter {
    private let serving = Mutex<PaidServing?>(nil)

    private var isStarting: PeerError { PeerError(.busy, "This node is still starting; try again") }

    func attach(_ serving: PaidServing) { self.serving.withLock { $0 = serving } }

    func refusalOfUnpaid(_ peer: NodeID) -> PeerError? {
        guard let serving = serving.withLock({ $0 }) else { return isStarting }
        return serving.refusalOfUnpaid(peer)
    }

    func admit(
        _ payment: BlockPayment, by peer: NodeID, on eventLoop: any EventLoop
    ) -> EventLoopFuture<PeerError?> {
        guard let serving = serving.withLock({ $0 }) else { return eventLoop.makeSucceededFuture(isStarting) }
        return serving.admit(payment, by: peer, on: eventLoop)
    }

    func giveBack(_ peer: NodeID, session: UInt32, units: Int) {
        serving.withLock { $0 }?.giveBack(peer, session: session, units: units)
    }
}
