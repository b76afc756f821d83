public import Ledger

/// A channel whose links cover several units each, and which pays together with another one: see ``RadixChains``.
public struct LargerChain: Sendable {
    public let channel: ChannelID
    /// Units that a link covers: 64 or 4,096. Its price is as many times that of the channel that it pays with.
    public let weight: UInt16
    /// As far as it was revealed.
    public var chain: PayerChain

    /// Nil for a weight that no chain has.
    public init?(channel: ChannelID, weight: UInt16, chain: PayerChain) {
        guard weight > 1, RadixChains.weights.contains(UInt64(weight)) else { return nil }
        self.channel = channel
        self.weight = weight
        self.chain = chain
    }
}
