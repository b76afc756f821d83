import Exchange
import FunctionServices
import Functions
import Ledger
import LedgerLog

/// The workers that run functions here, what they run, and what functions can use.
struct FunctionParts: Sendable {
    let releases: FunctionReleases
    /// Other apps; whom to ask for them is attached later.
    let services: NodeServices
    let keyValues: NodeKV
    let host: HostServices
    let pool: FunctionPool
    let receipts: ReceiptBook

    /// - Parameter worker: The `skerry-worker` executable.
    init(
        _ base: NodeBase, _ network: NetworkParts, _ exchange: Exchange, _ secrets: SecretKeeper,
        _ routes: RouteTable, in folder: NodeFolder, worker: String
    ) throws {
        let (node, keeper, group) = (base.node, base.keeper, base.group)
        let logger = base.logger(for: "functions")
        releases = FunctionReleases(keeper: keeper, exchange: exchange, secrets: secrets, group: group)
        services = NodeServices(releases: releases, routes: routes, group: group)
        keyValues = try NodeKV(
            node: node, file: folder.keyValues,
            network: LedgerKVNetwork(
                node: node, keeper: keeper, membership: network.membership, peers: network.peers),
            logger: base.logger(for: "kv"))
        host = try HostServices(
            assets: releases, invoker: services, keyValues: keyValues.bound(by: releases), eventLoops: group,
            logger: logger)
        pool = FunctionPool(
            settings: FunctionPool.Settings(workerPath: worker), group: group, host: host, logger: logger)
        receipts = ReceiptBook(
            key: base.key, epoch: { keeper.state.epoch.number }, folder: try ReceiptFolder(path: folder.receipts),
            logger: logger)
    }
}
