public import Foundation
public import Identity
public import Ledger
public import Stark

/// One commodity's chain of a channel, as the node that is paid sees it. A core.
public struct PayeeChannel: Sendable, Hashable {
    /// Which chain it is.
    public struct Key: Hashable, Sendable {
        public let channel: ChannelID
        public let commodity: Commodity

        public init(channel: ChannelID, commodity: Commodity) {
            self.channel = channel
            self.commodity = commodity
        }
    }

    /// What the ledger says of it.
    public struct Terms: Hashable, Sendable {
        public let payer: AccountID
        public let payerKey: PublicKey
        public let unitPrice: UInt64
        public let maxUnits: UInt64
        public let expiresMilliseconds: Int64
        public let closingMilliseconds: Int64?
        /// Units that were paid.
        public let settledUnits: UInt64
        /// The last link that was revealed on the ledger: the anchor before the first.
        public let settledLink: ChainLink

        public init(
            payer: AccountID, payerKey: PublicKey, unitPrice: UInt64, maxUnits: UInt64, expiresMilliseconds: Int64,
            closingMilliseconds: Int64? = nil, settledUnits: UInt64 = 0, settledLink: ChainLink
        ) {
            self.payer = payer
            self.payerKey = payerKey
            self.unitPrice = unitPrice
            self.maxUnits = maxUnits
            self.expiresMilliseconds = expiresMilliseconds
            self.closingMilliseconds = closingMilliseconds
            self.settledUnits = settledUnits
            self.settledLink = settledLink
        }

        /// Nil if the channel does not pay for the commodity.
        public init?(_ record: ChannelRecord, _ commodity: Commodity) {
            guard let chain = record.chains.first(where: { $0.commodity == commodity }) else { return nil }
            self.init(
                payer: record.payer, payerKey: record.payerKey, unitPrice: chain.unitPrice, maxUnits: chain.maxUnits,
                expiresMilliseconds: record.expiresMilliseconds, closingMilliseconds: record.closingMilliseconds,
                settledUnits: chain.settledUnits, settledLink: ChainLink(index: chain.linkUnits, link: chain.link))
        }
    }

    /// A payer's signature that settles units without links.
    public struct SignedVoucher: Hashable, Sendable {
        public let units: UInt64
        /// 64 bytes.
        public let signature: Data

        public init(units: UInt64, signature: Data) {
            self.units = units
            self.signature = signature
        }
    }

    /// Units that a voucher may be ahead of the links. What links acknowledge behind it is settled from the ledger's last link
    /// on, past what the voucher paid, and how far that may be in one transaction is bounded.
    static let maxVoucherLead: UInt64 = 4_096

    public let key: Key
    /// The ledger entry that opened the channel.
    public let openedSequence: UInt64
    /// Nil until the ledger here has come to the entry that opened it: after a restart with an older copy.
    public private(set) var terms: Terms?
    /// The highest link that was accepted; the anchor before the first. Nil only as long as ``terms`` is.
    public private(set) var last: ChainLink?
    /// The voucher for the most units, if there is one.
    public private(set) var voucher: SignedVoucher?
    /// What calls cost and nobody acknowledged, in thousandths of a link, as the log has it; 0 for other commodities.
    var debt: UInt64 = 0

    /// A channel that somebody presents for the first time.
    public init(key: Key, openedSequence: UInt64, terms: Terms) {
        self.key = key
        self.openedSequence = openedSequence
        self.terms = terms
        last = terms.settledLink
    }

    /// A channel as a log has it.
    init(key: Key, openedSequence: UInt64, last: ChainLink?, voucher: SignedVoucher?, debt: UInt64 = 0) {
        self.key = key
        self.openedSequence = openedSequence
        self.last = last
        self.voucher = voucher
        self.debt = debt
    }

    /// Units that links acknowledge.
    public var units: UInt64 { last?.index ?? 0 }
    /// Units that the payer acknowledged in any way: what can be settled.
    public var acknowledgedUnits: UInt64 { max(units, voucher?.units ?? 0, terms?.settledUnits ?? 0) }
    /// Whether something was acknowledged that is not settled yet.
    public var hasUnsettled: Bool { acknowledgedUnits > (terms?.settledUnits ?? 0) }

    /// Whether the ledger lets anything more be delivered for it at this ledger time.
    public func isOpen(at milliseconds: Int64) -> Bool {
        guard let expiry = terms?.expiresMilliseconds, terms?.closingMilliseconds == nil else { return false }
        return milliseconds < expiry
    }

    /// Whether one hash proves the acknowledgment: it is for the unit behind the last one.
    func isNext(_ next: ChainLink) -> Bool {
        guard let most = terms?.maxUnits, let last, next.index <= most else { return false }
        return next.index == last.index &+ 1
    }

    /// How many hashes prove an acknowledgment: everything about it that needs no hashing is checked.
    ///
    /// - Returns: 0 for the last one again, which changes nothing.
    /// - Throws: `.stale`, `.gap`, `.exhausted`, `.badLink` or, before the ledger is known, `.unknownChannel`.
    public func steps(to next: ChainLink, maxGap: UInt64) throws(ChannelsError) -> UInt64 {
        guard let most = terms?.maxUnits, let last else { throw PayeeChannel.unknown(key) }
        if next == last { return 0 }
        guard next.index > last.index else {
            throw ChannelsError(
                .stale, "Unit \(next.index) is acknowledged, but the last acknowledgment was for \(last.index)")
        }
        guard next.index <= most else {
            throw ChannelsError(.exhausted, "The chain pays for \(most) units, not for \(next.index)")
        }
        let steps = next.index - last.index
        guard steps <= maxGap else {
            throw ChannelsError(
                .gap, "The acknowledgment is \(steps) units behind the last, more than \(maxGap); reveal those between")
        }
        return steps
    }

    /// Takes an acknowledgment whose `steps` hashes gave `hashed`.
    ///
    /// - Throws: `.badLink` if that is not the last link; nothing changes then.
    public mutating func take(_ next: ChainLink, hashed: PoseidonLink) throws(ChannelsError) {
        guard hashed == last?.link else {
            throw ChannelsError(.badLink, "The link for unit \(next.index) does not lead to the one of unit \(units)")
        }
        last = next
    }

    /// Checks and takes an acknowledgment.
    ///
    /// - Returns: How many units it acknowledges.
    public mutating func accept(_ next: ChainLink, maxGap: UInt64) throws(ChannelsError) -> UInt64 {
        let steps = try steps(to: next, maxGap: maxGap)
        try take(next, hashed: next.link.advanced(by: Int(steps)))
        return steps
    }

    /// Checks and takes a voucher.
    ///
    /// - Returns: How many units it acknowledges beyond those that were.
    /// - Throws: `.badVoucher`.
    public mutating func accept(_ next: SignedVoucher, network: NetworkID) throws(ChannelsError) -> UInt64 {
        try check(next, network: network).verify()
        return try take(next)
    }

    /// A voucher whose signature nobody has checked: that takes so long that no lock should be held meanwhile.
    struct VoucherClaim: Sendable {
        let voucher: Voucher
        let signature: Data
        let payer: PublicKey

        /// - Throws: `.badVoucher` if the payer did not sign it.
        func verify() throws(ChannelsError) {
            guard signature.count == 64, voucher.isValid(signature, by: payer) else {
                throw ChannelsError(
                    .badVoucher, "The voucher for \(voucher.units) units is not signed by the channel's payer")
            }
        }
    }

    /// Everything about a voucher but its signature.
    ///
    /// A voucher for just what links acknowledge adds no units, but settles them with one signature.
    ///
    /// - Throws: `.badVoucher` for one that is for fewer units than links acknowledge or for more than ``maxVoucherLead``
    ///   beyond them, for no more than another voucher or the ledger paid, or for more than the channel has.
    func check(_ next: SignedVoucher, network: NetworkID) throws(ChannelsError) -> VoucherClaim {
        guard let terms else { throw PayeeChannel.unknown(key) }
        guard isUseful(next), next.units <= terms.maxUnits else {
            throw ChannelsError(
                .badVoucher,
                "A voucher for \(next.units) units is of no use: \(acknowledgedUnits) are acknowledged, \(units) of them by "
                    + "links; \(PayeeChannel.maxVoucherLead) beyond those and \(terms.maxUnits) in all is the most")
        }
        return VoucherClaim(
            voucher: Voucher(
                network: network, channel: key.channel, commodity: key.commodity, units: next.units),
            signature: next.signature, payer: terms.payerKey)
    }

    /// Whether a voucher covers what links acknowledge and little more, and pays more than the voucher before and the ledger
    /// did.
    private func isUseful(_ next: SignedVoucher) -> Bool {
        next.units >= units && next.units - units <= PayeeChannel.maxVoucherLead
            && next.units > max(voucher?.units ?? 0, terms?.settledUnits ?? 0)
    }

    /// Takes a voucher that was checked and verified.
    ///
    /// - Returns: How many units it acknowledges beyond those that were.
    /// - Throws: `.badVoucher` if it is of no use any more.
    mutating func take(_ next: SignedVoucher) throws(ChannelsError) -> UInt64 {
        let before = acknowledgedUnits
        guard isUseful(next) else {
            throw ChannelsError(.badVoucher, "A voucher for \(next.units) units adds nothing to \(before)")
        }
        voucher = next
        return next.units - before
    }

    /// What the ledger says now. A link that was settled beyond the last one that is known here takes its place.
    public mutating func update(_ terms: Terms) {
        self.terms = terms
        if (last?.index ?? 0) <= terms.settledLink.index { last = terms.settledLink }
    }

    static func unknown(_ key: Key) -> ChannelsError {
        ChannelsError(
            .unknownChannel, "The ledger has no open channel \(key.channel) that pays this node for \(key.commodity)")
    }
}
