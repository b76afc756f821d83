public import Blake3
public import Foundation

/// What a payee cashes on one chain of a channel.
public struct Settlement: Hashable, Sendable {
    /// Settlements of a transaction at most.
    public static let maxCount = 1_024
    /// Vouchers of a transaction at most. Each costs the ledger a signature check of some 50 µs, so all of them a few
    /// milliseconds.
    public static let maxVouchers = 64
    /// Links that the ledger hashes again for one transaction, or ``NetworkParameters/channelStepsPerReveal`` if that
    /// is more: a few milliseconds.
    public static let maxSteps: UInt64 = 65_536

    /// How it proves what the payer acknowledged.
    public enum Lane: Hashable, Sendable {
        /// A link and how many steps it is behind the last settled one; the ledger hashes them again.
        case reveal(link: Digest, steps: UInt64)
        /// The payer's signature, made by ``Voucher``, over all units so far.
        case voucher(units: UInt64, signature: Data)
        /// A succinct proof.
        case proof(Data)
    }

    public let channel: ChannelID
    public let commodity: Commodity
    public let lane: Lane

    public init(channel: ChannelID, commodity: Commodity, lane: Lane) {
        self.channel = channel
        self.commodity = commodity
        self.lane = lane
    }
}
