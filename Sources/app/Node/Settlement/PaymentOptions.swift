import Ledger

/// What a node asks of those who pay it, and how it settles: in `node.json`.
public struct PaymentOptions: Codable, Sendable, Equatable {
    /// Units of money for 128 KiB. Default 1.
    public var bytesPrice: UInt64?
    /// Units of money for a unit of gas. Default 1.
    public var computePrice: UInt64?
    /// What a unit costs, in thousandths of its price, such as 1500 for half as much again. Default 1000.
    public var multiplierPermille: UInt32?
    /// What is given away: `network` for what the network's parameters say, `always` to give other nodes everything, or
    /// so many units of 128 KiB for each peer in an epoch. Default `network`.
    public var free: String?
    /// The most that this node pays others for a unit of 128 KiB. Default: what it asks itself; 0 pays nothing. The
    /// account of the node's key pays, so a node whose account has no money pays nothing either.
    public var payBytesPrice: UInt64?
    /// The most that it pays for a unit of gas. Default: what it asks itself; 0 pays nothing.
    public var payComputePrice: UInt64?
    /// Units of the channels that it opens to pay, 256 to 4,194,304. Default 16,384.
    public var payUnits: UInt64?
    /// Seconds between two rounds in which everything that is acknowledged is settled. Default 600, at least 1.
    public var settleSeconds: UInt32?
    /// Seconds before a channel's end in which it is settled in any case. Default 120.
    public var marginSeconds: UInt32?
    /// The logarithm of the rows of a settlement proof at most, 10 to 18. Default 16: half a gigabyte while proving; 18
    /// takes four times as much.
    public var proofRowsLog2: Int?
    /// Steps up to which links are revealed rather than proven. Default 4,500.
    public var revealSteps: UInt64?

    public init() {}

    /// What is asked for a unit.
    var prices: [Commodity: UInt64] { [.bytes: bytesPrice ?? 1, .compute: computePrice ?? 1] }

    /// What is paid to others.
    var funding: ChannelFunds.Policy {
        var policy = ChannelFunds.Policy(
            maxPrices: [
                .bytes: payBytesPrice ?? bytesPrice ?? 1, .compute: payComputePrice ?? computePrice ?? 1,
            ])
        if let payUnits { policy.units = min(max(payUnits, 256), 1 << 22) }
        return policy
    }

    var policy: SettlementPlan.Policy {
        var policy = SettlementPlan.Policy()
        if let settleSeconds { policy.interval = Int64(max(1, settleSeconds)) * 1_000 }
        if let marginSeconds { policy.margin = Int64(marginSeconds) * 1_000 }
        if let proofRowsLog2 { policy.batchSteps = 1 << UInt64(min(max(proofRowsLog2, 10), 18)) - 1 }
        if let revealSteps { policy.crossover = revealSteps }
        return policy
    }
}
