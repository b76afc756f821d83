import Identity
import Ledger
import Stark

/// What of the ledger and of the acknowledgments decides what a node settles now.
struct SettlementView: Sendable, Equatable {
    /// A chain on which more was acknowledged than settled.
    struct Pending: Sendable, Equatable {
        var acknowledged: AcknowledgedChain
        /// The ledger's last link of the chain, and how many steps it is behind the anchor.
        var settledLink: PoseidonLink
        var linkUnits: UInt64
        /// Paid units; more than ``linkUnits`` where a voucher paid.
        var settledUnits: UInt64
        var unitPrice: UInt64
        /// Ledger time in milliseconds up to which the channel pays.
        var end: Int64
        /// Whether nothing more is to be expected of the channel: its payer is closing it, or it has expired.
        var isEnding: Bool

        /// Steps from the settled link to the newest one.
        var steps: UInt64 { acknowledged.units - min(linkUnits, acknowledged.units) }
        /// Units that are acknowledged and not paid, by link or by voucher.
        var units: UInt64 { max(acknowledged.units, acknowledged.voucher?.units ?? 0) - settledUnits }
        /// What they are worth, in units of money.
        var value: UInt64 {
            let (value, overflow) = units.multipliedReportingOverflow(by: unitPrice)
            return overflow ? .max : value
        }
        /// Whether the voucher pays at least as much as the link, and settling it leaves nothing unpaid.
        ///
        /// A voucher does not move the ledger's link. So what links acknowledge behind it has to be revealed from there, in
        /// one stretch that ends past what the voucher paid: as long as more may come, it is settled only where that fits.
        ///
        /// - Parameter stepsPerReveal: The longest such stretch.
        func prefersVoucher(stepsPerReveal: UInt64, isLast: Bool) -> Bool {
            guard let voucher = acknowledged.voucher, voucher.units > settledUnits,
                voucher.units >= acknowledged.units
            else { return false }
            return isLast || voucher.units - min(linkUnits, voucher.units) < stepsPerReveal
        }
    }

    /// Whether the network takes settlement proofs.
    var takesProofs: Bool
    /// Steps of one revealed link at most.
    var stepsPerReveal: UInt64
    var pending: [Pending]

    init(takesProofs: Bool, stepsPerReveal: UInt64, pending: [Pending]) {
        self.takesProofs = takesProofs
        self.stepsPerReveal = stepsPerReveal
        self.pending = pending
    }

    /// What `node` may cash in this state. Chains that pay nothing are left out: closed, ended, free of charge, and those
    /// whose acknowledgments are all settled.
    init(_ state: LedgerState, _ node: NodeID, _ chains: [AcknowledgedChain], now: Int64) {
        let time = max(now, state.timeMilliseconds)
        let grace = state.parameters.channelGraceMilliseconds
        takesProofs = state.parameters.settlementBytes > 0
        stepsPerReveal = state.parameters.channelStepsPerReveal
        pending = []
        for chain in chains {
            guard let channel = state.channel(chain.channel), channel.payee == node,
                let row = channel.chains.first(where: { $0.commodity == chain.commodity }), row.unitPrice > 0,
                chain.units <= row.maxUnits, chain.voucher.map({ $0.units <= row.maxUnits }) ?? true
            else { continue }
            let end = channel.endMilliseconds(grace: grace)
            guard time <= end, max(chain.units, chain.voucher?.units ?? 0) > row.settledUnits else { continue }
            pending.append(
                Pending(
                    acknowledged: chain, settledLink: row.link, linkUnits: row.linkUnits,
                    settledUnits: row.settledUnits, unitPrice: row.unitPrice, end: end,
                    isEnding: channel.closingMilliseconds != nil || time >= channel.expiresMilliseconds))
        }
    }
}
