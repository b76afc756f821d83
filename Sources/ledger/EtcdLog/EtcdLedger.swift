public import Identity
public import Ledger
import LedgerLog
public import Logging

/// One network's log in an etcd cluster and the election of who appends to it, over the same connections.
public final class EtcdLedger: Sendable {
    /// The shared log.
    public let log: EtcdLedgerLog
    /// Who may append; nothing happens until its `run()` is called.
    public let leadership: EtcdLeadership
    private let client: EtcdClient

    /// Reads the TLS files; connects with the first request, so that a node starts while etcd is down.
    ///
    /// - Parameters:
    ///   - network: Whose log it is; a cluster may hold several.
    ///   - node: This node.
    ///   - isCandidate: Whether this node may lead: only those that the genesis lists as sequencers.
    /// - Throws: ``LedgerLogError`` `.logUnusable` for settings or files that cannot be used.
    public init(
        _ cluster: EtcdCluster, network: NetworkID, node: NodeID, isCandidate: Bool, logger: Logger
    ) throws {
        client = try EtcdClient(cluster, logger: logger)
        let held = HeldLead()
        log = EtcdLedgerLog(client: client, network: network, lead: held)
        leadership = EtcdLeadership(
            client: client, keys: log.keys, node: node, isCandidate: isCandidate, held: held)
    }

    /// What the member that is asked first says of itself: etcd's version and database size in bytes.
    public func status() async throws -> (version: String, databaseBytes: Int64) {
        do {
            let status = try await client.status()
            return (String(status.version.prefix(64)), status.dbSize)
        } catch {
            throw EtcdFailure.ledgerError(error, refusal: .logUnusable)
        }
    }

    /// Ends hints and connections. `leadership.run()` should have ended before, so that it could step down.
    public func close() async throws { try await log.close() }
}
