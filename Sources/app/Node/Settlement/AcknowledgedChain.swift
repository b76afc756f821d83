import Foundation
import Ledger
import Stark

/// What a client acknowledged on one chain of a channel, as this node keeps it.
struct AcknowledgedChain: Hashable, Sendable {
    /// The payer's signature over all units so far.
    struct SignedUnits: Hashable, Sendable {
        let units: UInt64
        let signature: Data
    }

    let channel: ChannelID
    let commodity: Commodity
    /// How many steps ``link`` is behind the anchor.
    let units: UInt64
    /// The newest link.
    let link: PoseidonLink
    /// The voucher for the most units, if the payer signed one.
    var voucher: SignedUnits?
}
