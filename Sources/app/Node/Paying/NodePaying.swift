import Calls
import ControlModel
import Identity
import Ledger
import LedgerLog
import Logging
import NIOCore
import PaidDelivery
import Peering

/// What a node pays others with, for blocks and for calls: the account of its own key.
final class NodePaying: Sendable {
    let client: PayingClient
    let calls: PayingCalls
    let funds: ChannelFunds
    private let account: AccountID
    private let keeper: LedgerKeeper

    /// - Parameters:
    ///   - folder: For the list of the channels that it opened.
    ///   - submit: Brings a signed transaction onto the ledger.
    init(
        key: SigningKey, keeper: LedgerKeeper, folder: String, options: PaymentOptions, peers: PeerNetwork,
        logger: Logger, submit: @escaping ChannelFunds.Submit
    ) throws {
        account = key.publicKey.account
        self.keeper = keeper
        let (network, node) = (keeper.state.networkID, key.publicKey.node)
        let funds = try ChannelFunds(
            key: key, keeper: keeper, file: folder + "/paying.json", policy: options.funding, peers: .init(peers),
            logger: logger, submit: submit)
        self.funds = funds
        client = PayingClient(key: key, holder: node, network: network, logger: logger)
        let callPeers = CallPeers(peers)
        calls = PayingCalls(
            key: key, holder: node, network: network, isPaid: { _ in keeper.state.parameters.nodesPay },
            logger: logger, ask: { try await callPeers.ask($0, $1, $2, $3) },
            fund: { try await funds.wallet(for: $0, .compute) })
    }

    /// What this node spent since it started.
    var spending: SpendingInfo {
        let record = keeper.state.account(account)
        return SpendingInfo(
            account: account.description, balance: record?.balance ?? 0, channels: record?.channelCount ?? 0,
            bytesUnits: client.acknowledgedUnits, computeUnits: calls.paidUnits)
    }
}
