import Blake3
import BlobStore
public import Exchange
public import Identity
public import Ledger
public import Logging
import NIOCore
import NIOPosix
import PaidDelivery
import Peering

/// Fetches blobs from nodes that want to be paid, over their peer ports: several at a time, each block verified, each unit
/// of 128 KiB acknowledged to the node that delivered it.
///
/// The account's key connects: a node lets it in while the account has a channel open, and answers it nothing but what
/// belongs to paid delivery. What is fetched goes into a store of the fetcher's own, so that a fetch that was interrupted
/// goes on where it was.
public final class PayingFetcher: Sendable {
    /// A node to fetch from.
    public typealias Source = PaidProvider
    /// A channel that pays it for bytes.
    public typealias Payment = PayableChannel

    private let store: BlobStore
    private let peers: PeerNetwork
    private let exchange: Exchange
    private let payer: PayingClient
    private let payees: [NodeID]

    /// - Parameters:
    ///   - key: The account's; it pays and connects.
    ///   - folder: For the store; one process at a time.
    ///   - payments: Channels to the sources. No other process may use them meanwhile.
    ///   - maxPermille: The most that is paid for a unit, in thousandths of a channel's price.
    /// - Throws: A store's error if the folder cannot be used.
    public init(
        key: SigningKey, network: NetworkID, sources: [Source], payments: [Payment], folder: String,
        maxPermille: UInt32 = 1000, logger: Logger
    ) throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let directory = PaidDirectory(sources)
        store = try BlobStore(folder: folder, settings: .init(), threadPool: .singleton, logger: logger)
        peers = try directory.connect(key, network, logger)
        payer = PayingClient(
            key: key, holder: key.publicKey.node, network: network, maxPermille: maxPermille, logger: logger)
        for payment in payments {
            payer.add(
                .init(
                    channel: payment.channel, commodity: .bytes, chain: payment.chain, unitPrice: payment.unitPrice),
                for: payment.payee)
        }
        payees = Array(Set(payments.map(\.payee)))
        exchange = Exchange(
            store: store, peers: peers, finder: DirectoryFinder(directory), payer: payer, group: group, logger: logger)
    }

    /// Opens a blob: when this returns, its size is authenticated, and blocks can be read as they come.
    ///
    /// - Throws: ``ExchangeError`` if no source has it, or none is paid.
    public func open(_ id: BlobID, keeping: Exchange.Keeping = .inStore) async throws -> BlobHandle {
        try await exchange.open(id, keeping: keeping)
    }

    /// Fetches a whole blob into the folder's store; it is durable when this returns.
    public func fetch(_ id: BlobID) async throws { try await exchange.fetchWhole(id) }

    /// Units that were acknowledged, by node. Those of earlier processes count too, as the nodes tell them.
    public var acknowledgedUnits: [NodeID: UInt64] {
        Dictionary(uniqueKeysWithValues: payees.map { ($0, payer.acknowledgedUnits(to: $0)) })
    }

    /// Hands each node a voucher for all that was acknowledged to it, so that it settles with one signature, however many
    /// units they are. Worth it for who is done with a channel; without it the nodes settle by the links that they have.
    ///
    /// - Returns: Units that the vouchers are for, by node that is connected; 0 for one that took none.
    @discardableResult
    public func handVouchers() async -> [NodeID: UInt64] { await payer.handVouchers() }

    /// Ends fetches and connections. When this returns, what was fetched is on the disk.
    public func close() async throws {
        await exchange.close()
        await peers.shutdown()
        try store.close()
    }
}
