public import Foundation
public import Stark

/// What a payee cashes on one chain of a channel.
public struct Settlement: Hashable, Sendable {
    /// Settlements of a transaction at most.
    public static let maxCount = 1_024
    /// Vouchers of a transaction at most. Each costs the ledger a signature check of some 50 µs, so all of them a few
    /// milliseconds.
    public static let maxVouchers = 64
    /// Links that the ledger hashes again for one transaction, or ``NetworkParameters/channelStepsPerReveal`` if that
    /// is more: some tens of milliseconds.
    public static let maxSteps: UInt64 = 65_536
    /// Steps of one proven settlement at most: somebody may have to hash them again, one behind the other, to show that
    /// they are wrong.
    public static let maxProvenSteps: UInt64 = 262_144
    /// Steps of all proven settlements of a transaction at most: rows of the largest proof.
    public static let maxProvenStepsInAll: UInt64 = 1_048_576

    /// How it proves what the payer acknowledged.
    public enum Lane: Hashable, Sendable {
        /// A link and how many steps it is behind the last settled one; the ledger hashes them again.
        case reveal(link: PoseidonLink, steps: UInt64)
        /// The payer's signature, made by ``Voucher``, over all units so far.
        case voucher(units: UInt64, signature: Data)
        /// A link that is `steps` steps behind `from`, the last settled one, by the transaction's proof.
        case proof(from: PoseidonLink, link: PoseidonLink, steps: UInt64)
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
