import EtcdLog
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Peering

/// A node's ledger with the engine behind it.
struct OpenLedger: Sendable {
    let keeper: LedgerKeeper
    /// Nil for a log of this node's own.
    let etcd: EtcdLedger?

    var engine: LedgerConfiguration.Engine { etcd == nil ? .sqlite : .etcd }

    /// Opens the local log, from the snapshot with which it begins, and the shared one if there is one. An engine that
    /// cannot be reached is no reason to fail: the node serves what its own copy says.
    static func open(
        _ folder: NodeFolder, _ configuration: LedgerConfiguration, _ genesis: Genesis, _ key: SigningKey,
        _ snapshots: SnapshotStore, _ logger: Logger
    ) async throws -> OpenLedger {
        try requireEngine(configuration, genesis, key.publicKey.node)
        let etcd = try sharedLedger(configuration, genesis, key.publicKey.node, logger)
        // What a power cut takes from a copy is still in the shared log.
        let local = try SQLiteLedgerLog(
            path: folder.ledger, genesis: genesis, durability: etcd == nil ? .full : .relaxed)
        do {
            let state = try await beginning(of: local, folder, genesis, snapshots)
            let signatures = try SigningRecord(path: folder.path + "/signed.sqlite", network: genesis.networkID)
            let keeper = try await LedgerKeeper.open(
                local: local, shared: etcd?.log, leadership: etcd?.leadership, signatures: signatures, genesis: genesis,
                snapshot: state, nodeKey: key, logger: logger)
            return OpenLedger(keeper: keeper, etcd: etcd)
        } catch {
            try? await local.close()
            try? await etcd?.close()
            throw error
        }
    }

    /// The state at the beginning of a log whose older entries a snapshot stands for.
    private static func beginning(
        of log: SQLiteLedgerLog, _ folder: NodeFolder, _ genesis: Genesis, _ snapshots: SnapshotStore
    ) async throws -> LedgerState? {
        guard let base = try await log.base() else { return nil }
        do {
            if FileManager.default.fileExists(atPath: folder.ledgerBase) {
                try await snapshots.pin(base.snapshot)
                _ = try await snapshots.adopt(folder.ledgerBase, expecting: base.snapshot)
                try FileManager.default.removeItem(atPath: folder.ledgerBase)
            }
            return try await snapshots.read(
                base.snapshot, of: genesis, stateRoot: base.stateRoot, entryHash: base.hash)
        } catch {
            throw NodeError(
                .ledgerUnusable,
                "The ledger's log \(folder.ledger) begins behind entry \(base.sequence), but the snapshot "
                    + "\(base.snapshot) that stands for what came before cannot be read: \(error). Move the log away; "
                    + "the node then gets a snapshot from its peers")
        }
    }

    /// Several sequencers need a log that they share: without it each would order a history of its own.
    ///
    /// - Throws: ``NodeError`` `.badConfiguration` if this node is one of them and has none.
    static func requireEngine(_ configuration: LedgerConfiguration, _ genesis: Genesis, _ node: NodeID) throws {
        guard configuration.engine == .sqlite, genesis.sequencers.count > 1, genesis.sequencers.contains(node) else {
            return
        }
        throw NodeError(
            .badConfiguration,
            "This node is one of \(genesis.sequencers.count) that may order transactions, and node.json names no log that "
                + "they share: it could begin a second history. Put `\"ledger\": {\"engine\": \"etcd\", \"endpoints\": "
                + "[\"host:port\", …]}` with the endpoints of the other sequencers' node.json into it")
    }

    private static func sharedLedger(
        _ configuration: LedgerConfiguration, _ genesis: Genesis, _ node: NodeID, _ logger: Logger
    ) throws -> EtcdLedger? {
        guard configuration.engine == .etcd else { return nil }
        var cluster = EtcdCluster(members: try configuration.endpoints.map { try endpoint($0) })
        guard !cluster.members.isEmpty else {
            throw NodeError(
                .badConfiguration,
                "The ledger's engine is etcd, but node.json names no endpoints; list the members' host:port")
        }
        switch (configuration.certificateAuthority, configuration.certificate, configuration.privateKey) {
        case (nil, nil, nil): break
        case (let authority?, let certificate?, let key?):
            cluster.tls = EtcdTLSFiles(authorities: authority, certificate: certificate, key: key)
        default:
            throw NodeError(
                .badConfiguration,
                "TLS with etcd needs certificateAuthority, certificate and privateKey in node.json; one is missing")
        }
        if let seconds = configuration.leaseSeconds { cluster.leaseSeconds = seconds }
        return try EtcdLedger(
            cluster, network: genesis.networkID, node: node, isCandidate: genesis.sequencers.contains(node),
            logger: logger)
    }

    private static func endpoint(_ text: String) throws -> Endpoint {
        guard let parsed = PeerEndpoint(text) else {
            throw NodeError(
                .badConfiguration, "The etcd endpoint \"\(text)\" in node.json is not of the form host:port")
        }
        return try Endpoint(host: parsed.host, port: UInt16(parsed.port))
    }
}
