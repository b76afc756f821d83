import AsyncHTTPClient
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
