public import Identity
public import Ledger

/// Where a channel that pays this node stands: what may be settled.
public struct PayeePosition: Hashable, Sendable {
    public let channel: ChannelID
    public let commodity: Commodity
    public let payer: AccountID
    public let unitPrice: UInt64
    public let maxUnits: UInt64
    /// The highest link: acknowledged units and the link that proves them.
    public let last: ChainLink
    /// A voucher, if there is one; it may be for more units than ``last`` or for fewer.
    public let voucher: PayeeChannel.SignedVoucher?
    /// Units that the ledger has paid, by links or vouchers.
    public let settledUnits: UInt64
    /// The link that the ledger has: a proof begins there.
    public let settledLink: ChainLink
    public let expiresMilliseconds: Int64
    public let closingMilliseconds: Int64?

    init?(_ channel: PayeeChannel) {
        guard let terms = channel.terms, let last = channel.last else { return nil }
        self.channel = channel.key.channel
        commodity = channel.key.commodity
        payer = terms.payer
        unitPrice = terms.unitPrice
        maxUnits = terms.maxUnits
        self.last = last
        voucher = channel.voucher
        settledUnits = terms.settledUnits
        settledLink = terms.settledLink
        expiresMilliseconds = terms.expiresMilliseconds
        closingMilliseconds = terms.closingMilliseconds
    }

    /// Units that the payer acknowledged.
    public var acknowledgedUnits: UInt64 { max(last.index, voucher?.units ?? 0, settledUnits) }
    /// Units that are acknowledged and not paid.
    public var unsettledUnits: UInt64 { acknowledgedUnits - settledUnits }
    /// In units of money; clamped.
    public var unsettledAmount: UInt64 {
        let (amount, overflow) = unsettledUnits.multipliedReportingOverflow(by: unitPrice)
        return overflow ? .max : amount
    }

    /// Until when it may be settled.
    public func endMilliseconds(grace: UInt64) -> Int64 {
        let (expiry, overflow) = expiresMilliseconds.addingReportingOverflow(Int64(clamping: grace))
        let end = overflow ? Int64.max : expiry
        return min(closingMilliseconds ?? end, end)
    }
}

/// What the ledger paid through a channel since it was last looked at.
public struct ChannelPayment: Hashable, Sendable {
    public let channel: ChannelID
    public let commodity: Commodity
    /// Units that were settled before.
    public let from: UInt64
    /// Units that are settled now.
    public let to: UInt64
    /// In units of money; clamped.
    public let amount: UInt64
}
