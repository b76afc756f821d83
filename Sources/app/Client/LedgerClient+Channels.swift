import AsyncHTTPClient
public import Channels
public import ControlModel
import Foundation
public import Identity
public import Ledger
import NIOCore
import NIOHTTP1

/// Payment channels, as the ledger has them.
extension LedgerClient {
    /// An open channel.
    ///
    /// - Returns: Nil if it was closed or never opened.
    public func channel(_ id: ChannelID) async throws -> ChannelInfo? { try await optional("/api/v1/channels/\(id)") }

    /// All open channels of a payer or a payee, in ascending order of their ids.
    public func channels(payer: AccountID? = nil, payee: NodeID? = nil) async throws -> [ChannelInfo] {
        var channels: [ChannelInfo] = []
        var seen: Set<String> = []
        var after: String?
        repeat {
            let query = [("payer", payer?.description), ("payee", payee?.description), ("after", after)]
                .compactMap { name, value in value.map { "\(name)=\($0)" } }.joined(separator: "&")
            let page: ChannelList = try await get("/api/v1/channels?\(query)")
            channels += page.channels
            after = page.next
            // A node that goes round in circles is left.
            if let next = page.next, !seen.insert(next).inserted { break }
        } while after != nil
        return channels.sorted { $0.id < $1.id }
    }

    /// How often another command with the same key may be faster.
    private static let openingAttempts = 3

    /// Opens a channel. When this returns, it is on the ledger, as the nodes have it that the receipt names: others take it
    /// some moments later.
    ///
    /// - Parameters:
    ///   - lifetimeMilliseconds: Until it expires, by this machine's clock.
    ///   - key: The account's.
    ///   - keep: Called before the channel is on the ledger, to write down what makes it again: so with a lost answer it is
    ///     not lost.
    ///   - forget: Called if the ledger refused it.
    /// - Throws: As ``submit(_:signedAt:)``; what `keep` throws; `ChannelsError` for a number of units that no chain has.
    public func openChannel(
        to payee: NodeID, for purchases: [ChannelPlan.Purchase], lifetimeMilliseconds: Int64, key: SigningKey,
        keep: (OpenedChannel) throws -> Void, forget: (OpenedChannel) -> Void
    ) async throws -> (channel: OpenedChannel, receipt: TransactionReceipt) {
        var failure: (any Error)?
        for _ in 0..<LedgerClient.openingAttempts {
            let head = try await self.head()
            guard let network = NetworkID(head.network) else {
                throw ClientError(.badAnswer, "The node does not say which network it is on; update it")
            }
            let nonce = try await self.nonce(of: .account(key.publicKey.account)) &+ 1
            let expiry = Int64(Date().timeIntervalSince1970 * 1_000) + lifetimeMilliseconds
            // The chains depend on the nonce, so with another one the whole plan is made again.
            let plan = try ChannelPlan(
                key: key, network: network, payee: payee, nonce: nonce, expiresMilliseconds: expiry,
                purchases: purchases)
            let transaction = try TransactionBuilder(networkID: network, key: key)
                .sign(.openChannel(plan.channel), nonce: nonce)
            let channel = OpenedChannel(
                id: ChannelID(transaction.id), network: network, nonce: nonce, plan: plan, purchases: purchases)
            try keep(channel)
            do {
                return (channel, try await submit(transaction, signedAt: head.sequence))
            } catch let refusal as ControlFailure {
                forget(channel)
                guard refusal.code == LedgerError.Code.badNonce.description else { throw refusal }
                failure = refusal
            }
        }
        throw failure ?? ClientError(.outcomeUnknown, "The channel could not be opened; try again")
    }
}

/// A channel that was opened, and what makes its chains again.
public struct OpenedChannel: Sendable {
    public let id: ChannelID
    public let network: NetworkID
    /// Of the transaction that opens it.
    public let nonce: UInt64
    public let plan: ChannelPlan
    public let purchases: [ChannelPlan.Purchase]
}

/// Being paid.
extension NodeClient {
    /// What the node asks for a unit.
    public func prices() async throws -> PriceList { try await get("/api/v1/prices") }

    /// Has the node settle what its clients acknowledged. When this returns, it is on the ledger, or was tried.
    ///
    /// - Throws: `ControlFailure` with status 403 if the client's account does not operate the node.
    public func settleChannels() async throws -> EarningsInfo {
        try await send(.POST, "/api/v1/channels/settlement", .bytes(ByteBuffer()), signed: true)
    }
}
