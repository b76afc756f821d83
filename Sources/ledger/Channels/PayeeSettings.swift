public import Ledger

/// What a node asks of those who pay it, and how much it keeps for them.
public struct PayeeSettings: Sendable, Hashable {
    /// Units that are delivered before the first of them is acknowledged, once a channel has paid as many. Default 16; 2
    /// to 65,535. It bounds what either side can lose; raise it where rate × round trip is above 2 MiB.
    public var window: UInt64 = 16
    /// Hashes for one acknowledgment at most. Default 64, which payers rely on: fewer would leave some of them stuck.
    public var maxGap: UInt64 = 64
    /// The least price of a unit in units of money, for each commodity. Default 1.
    public var prices: [Commodity: UInt64] = [.bytes: 1, .compute: 1]
    /// What a unit costs at present, in thousandths of its price. Default 1,000; 1 to ``SessionQuote/maxPermille``.
    public var permille: UInt32 = 1000
    /// How long a quote holds, in milliseconds. Default 10 minutes.
    public var quoteMilliseconds: Int64 = 600_000
    /// Units that a channel must have left when a session is opened. Default 64. Below that, settling costs more than it
    /// brings.
    public var minUnits: UInt64 = 64
    /// Milliseconds that a channel must have left until it expires. Default 1 minute.
    public var minLifetimeMilliseconds: Int64 = 60_000
    /// Channels of one payer, each commodity for itself. Default 32.
    public var maxChannelsPerPayer = 32
    /// Channels of all payers, each commodity for itself. Default 16,384; at most 2^20. About 300 bytes each.
    public var maxChannels = 16_384
    /// Wrong links after which a channel is refused for as long as the node runs. Default 3.
    public var maxWrongLinks = 3
    /// How old a payer's grant may be, or how far ahead of this node's clock, in milliseconds. Default 5 minutes.
    public var grantMilliseconds: Int64 = 300_000

    public init() {}
}
