public import Identity
public import Ledger
import Stark

/// A channel to open: what the transaction says, and the chains that pay.
///
/// The chains come from the payer's key and the transaction's nonce, so the same plan made again is the same channel: a
/// payer keeps the numbers, not the links.
public struct ChannelPlan: Sendable {
    /// What to pay for.
    public struct Purchase: Hashable, Sendable {
        public let commodity: Commodity
        /// In units of money.
        public let unitPrice: UInt64
        public let maxUnits: UInt64

        public init(commodity: Commodity, unitPrice: UInt64, maxUnits: UInt64) {
            self.commodity = commodity
            self.unitPrice = unitPrice
            self.maxUnits = maxUnits
        }
    }

    /// For the transaction, whose nonce must be the plan's.
    public let channel: NewChannel
    /// One for each commodity.
    public let chains: [Commodity: PayerChain]

    /// Hashes once for each unit: about a second for a million.
    ///
    /// - Parameters:
    ///   - key: The payer's account key.
    ///   - nonce: Of the transaction that opens the channel; each opens one channel.
    /// - Throws: `.exhausted` for a number of units that a chain cannot have.
    public init(
        key: SigningKey, network: NetworkID, payee: NodeID, nonce: UInt64, expiresMilliseconds: Int64,
        purchases: [Purchase]
    ) throws(ChannelsError) {
        var chains: [Commodity: PayerChain] = [:]
        var terms: [NewChannel.Chain] = []
        for purchase in purchases.sorted(by: { $0.commodity < $1.commodity }) {
            let seed = ChainSeed(
                key: key, network: network, payee: payee, nonce: nonce, commodity: purchase.commodity)
            let chain = try PayerChain(seed: seed, unitCount: purchase.maxUnits)
            chains[purchase.commodity] = chain
            terms.append(
                NewChannel.Chain(
                    commodity: purchase.commodity, anchor: chain.anchor, unitPrice: purchase.unitPrice,
                    maxUnits: purchase.maxUnits))
        }
        self.chains = chains
        channel = NewChannel(payee: payee, expiresMilliseconds: expiresMilliseconds, chains: terms)
    }
}
