import Blake3
public import Channels
public import ControlModel
import Foundation
public import Identity
public import Ledger
import Logging
import NIOCore
import NIOPosix
public import Peering

/// A node that delivers or computes for money, as the ledger lists it. Its id is the hash of its key, which it proves when it
/// is connected to: a wrong address leads nowhere.
public struct PaidProvider: Sendable, Hashable {
    public let node: NodeID
    /// Its peer port.
    public let endpoint: PeerEndpoint

    public init(node: NodeID, endpoint: PeerEndpoint) {
        self.node = node
        self.endpoint = endpoint
    }

    public init(key: PublicKey, endpoint: PeerEndpoint) { self.init(node: key.node, endpoint: endpoint) }

    /// As a node's control API lists it; nil for what is no id or no address.
    public init?(_ info: LedgerNodeInfo) {
        guard let node = NodeID(info.id), let endpoint = PeerEndpoint(info.peer) else { return nil }
        self.init(node: node, endpoint: endpoint)
    }
}

/// An open channel of an account, and what pays with it.
public struct PayableChannel: Sendable {
    public let channel: ChannelID
    public let payee: NodeID
    /// The chain for what is paid, from the ``ChannelPlan`` that opened the channel.
    public let chain: PayerChain
    /// What a unit of it is worth, in units of money.
    public let unitPrice: UInt64
    /// Channels to the same node that pay together with it for `compute`, so that a call of many units is paid with few
    /// links: one of each weight at most, opened behind this one and not expiring before it. See ``RadixChains``.
    public var larger: [LargerChain]

    public init(
        channel: ChannelID, payee: NodeID, chain: PayerChain, unitPrice: UInt64, larger: [LargerChain] = []
    ) {
        self.channel = channel
        self.payee = payee
        self.chain = chain
        self.unitPrice = unitPrice
        self.larger = larger
    }
}

/// The nodes that a client pays, as its connections see them.
struct PaidDirectory: PeerDirectory {
    private let providers: [NodeID: PaidProvider]

    init(_ providers: [PaidProvider]) {
        self.providers = Dictionary(providers.map { ($0.node, $0) }) { first, _ in first }
    }

    func isParticipating(_ key: PublicKey) -> Bool { providers[key.node] != nil }
    /// Only signed news of other nodes are checked with it, and a client hears none.
    func publicKey(of node: NodeID) -> PublicKey? { nil }
    func endpoint(of node: NodeID) -> PeerEndpoint? { providers[node]?.endpoint }
    var nodes: [NodeID] { Array(providers.keys) }

    /// Connections with the account's key: a node lets it in while the account has a channel open, and answers it nothing
    /// but what is paid, and paying.
    func connect(_ key: SigningKey, _ network: NetworkID, _ logger: Logger) throws -> PeerNetwork {
        try PeerNetwork(
            key: key, network: Data(network.digest.bytes), directory: self, handler: Nothing(),
            ledgerSequence: { 0 }, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
    }

    /// A payer serves nobody.
    private struct Nothing: PeerRequestHandler {
        func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
            eventLoop.makeFailedFuture(PeerError(.unsupported, "This is a client; it serves nothing"))
        }
    }
}
