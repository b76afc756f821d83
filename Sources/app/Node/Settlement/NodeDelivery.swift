import Exchange
import Identity
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

    func refusal(of payment: BlockPayment, by peer: NodeID) -> PeerError? {
        guard let serving = serving.withLock({ $0 }) else { return isStarting }
        return serving.refusal(of: payment, by: peer)
    }

    func giveBack(_ peer: NodeID, session: UInt32, units: Int) {
        serving.withLock { $0 }?.giveBack(peer, session: session, units: units)
    }
}
