import Blake3
public import Identity
public import Stark

/// An open payment channel: what a payer put aside for one node, and how much of it the node earned.
public struct ChannelRecord: Hashable, Sendable {
    /// One commodity's hash chain.
    public struct Chain: Hashable, Sendable {
        public let commodity: Commodity
        public let anchor: PoseidonLink
        /// In units of money for each unit of the commodity.
        public let unitPrice: UInt64
        /// Units of the commodity at most.
        public let maxUnits: UInt64
        /// Units of the commodity that were paid.
        public internal(set) var settledUnits: UInt64 = 0
        /// The last revealed link; the anchor before the first.
        public internal(set) var link: PoseidonLink
        /// How many steps ``link`` is behind the anchor. Vouchers settle units without moving it.
        public internal(set) var linkUnits: UInt64 = 0

        init(_ chain: NewChannel.Chain) {
            commodity = chain.commodity
            anchor = chain.anchor
            unitPrice = chain.unitPrice
            maxUnits = chain.maxUnits
            link = chain.anchor
        }
    }

    public let id: ChannelID
    public let payer: AccountID
    /// The key of ``payer``, which signs vouchers.
    public let payerKey: PublicKey
    /// Its operator's account is paid.
    public let payee: NodeID
    /// After this ledger time nothing more is delivered; milliseconds since 1970-01-01T00:00:00Z.
    public let expiresMilliseconds: Int64
    /// The entry that opened it.
    public let openedSequence: UInt64
    /// What the payer put aside, in units of money.
    public let deposit: UInt64
    /// What of it the payee got.
    public internal(set) var settled: UInt64 = 0
    /// When the payer's closing comes into force, once it asked for that; milliseconds since 1970-01-01T00:00:00Z.
    public internal(set) var closingMilliseconds: Int64?
    /// In ascending order of their commodities, one or two.
    public internal(set) var chains: [Chain]

    /// What the payer gets back if nothing more is settled.
    public var refund: UInt64 { deposit - min(settled, deposit) }

    /// The last ledger time at which the payee may settle; behind it anybody may close the channel.
    public func endMilliseconds(grace: UInt64) -> Int64 {
        let expiry = expiresMilliseconds.addingClamped(grace)
        return min(closingMilliseconds ?? expiry, expiry)
    }
}

extension Int64 {
    /// The sum, or the highest number if it is above that.
    func addingClamped(_ milliseconds: UInt64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(Int64(clamping: milliseconds))
        return overflow ? .max : sum
    }
}

extension ChannelRecord: MerkleRow {
    static var table: UInt8 { 6 }

    static func path(_ id: ChannelID) -> Digest {
        var encoder = RowEncoder()
        encoder.append(table)
        encoder.append(id.digest)
        return LedgerHash.rowPath(encoder.bytes)
    }

    var path: Digest { ChannelRecord.path(id) }

    func encode(into encoder: inout RowEncoder) {
        encoder.append(id.digest)
        encoder.append(payer.digest)
        encoder.append(payerKey.bytes)
        encoder.append(payee.digest)
        encoder.append(expiresMilliseconds)
        encoder.append(openedSequence)
        encoder.append(deposit)
        encoder.append(settled)
        encoder.append(closingMilliseconds != nil)
        if let closingMilliseconds { encoder.append(closingMilliseconds) }
        encoder.append(count: chains.count)
        for chain in chains { chain.encode(into: &encoder) }
    }
}

extension ChannelRecord.Chain {
    func encode(into encoder: inout RowEncoder) {
        encoder.append(commodity.code)
        encoder.append(anchor)
        encoder.append(unitPrice)
        encoder.append(maxUnits)
        encoder.append(ChannelLink.poseidon)
        encoder.append(settledUnits)
        encoder.append(link)
        encoder.append(linkUnits)
    }
}
