import Blake3
import BlobStore
import ControlModel
import Discovery
import EdgeCache
import EtcdLog
import Exchange
import FunctionLogs
import FunctionServices
import Functions
import Gateway
import Identity
import Ledger
import LedgerLog
import Logging
import MachineProxy
import Membership
import Origins
import Peering
import Synchronization

/// The rooms of a running node, made in order of their dependencies and stopped in reverse.
final class NodeParts: Sendable {
    let base: NodeBase
    let network: NetworkParts
    let blobs: BlobParts
    let routes = RouteTable()
    let releases: ReleaseKeeper
    let ledger: LedgerParts
    let secrets: SecretKeeper
    let domains: DomainParts
    let functions: FunctionParts
    /// What this node pays others with.
    let paying: NodePaying
    let calls: CallParts
    private let cron: CronRunner
    let records: FunctionRecords
    let payments: NodePayments
    let cache: CacheParts
    private let machineSetup: MachineSetup
    private let machineProxy = MachineProxy()
    private let machinePorts = Mutex<MachinePorts?>(nil)
    let machines: NodeMachines
    private let gateway = Mutex<Gateway?>(nil)

    /// - Parameters:
    ///   - snapshots: Snapshots of the ledger in the node's store.
    ///   - worker: The `skerry-worker` executable.
    ///   - originRules: What the operator decides about origins.
    ///   - edge: How visitors' TLS and custom domains are handled.
    ///   - setup: How machines are run here.
    init(
        _ base: NodeBase, in folder: NodeFolder, ledger opened: OpenLedger, snapshots: SnapshotStore,
        plan: SnapshotPlan, worker: String, originRules: OriginsConfiguration, paymentOptions: PaymentOptions,
        edge: EdgeParts, machines setup: MachineSetup
    ) throws {
        self.base = base
        let (key, keeper, group) = (base.key, base.keeper, base.group)
        // Others need these first; what these need themselves is attached when it is there.
        let (service, delivery, payer) = (NodePeerService(), NodeDelivery(), NodePayer())
        let (paidCalls, directory) = (PaidCalls(), MachineDirectoryRelay())

        network = try NetworkParts(base, service: service)
        let (peers, membership) = (network.peers, network.membership)
        blobs = BlobParts(base, network, delivery: delivery, payer: payer)
        let exchange = blobs.exchange
        releases = NodeParts.releaseKeeper(base, network, exchange, routes)
        ledger = LedgerParts(base, network, exchange, opened: opened, snapshots: snapshots, plan: plan, edge: edge)
        let sync = ledger.sync
        secrets = try SecretKeeper(
            key: key, keeper: keeper, folder: folder.secrets, peers: SecretPeers(peers),
            logger: base.logger(for: "secrets"))
        domains = try DomainParts(base, network, routes, edge: edge)

        functions = try FunctionParts(base, network, exchange, secrets, routes, in: folder, worker: worker)
        paying = try NodePaying(
            key: key, keeper: keeper, folder: folder.payments, options: paymentOptions, peers: peers,
            logger: base.logger(for: "payments"), submit: { try await sync.submit($0).sequence })
        payer.attach(paying.client, paying.funds)
        calls = CallParts(
            base, network, functions, routes, machines: directory, proxy: machineProxy, payer: paying.calls,
            paid: paidCalls)
        functions.services.attach(calls.functions)
        functions.services.attach(calls.machines)
        secrets.onChange { [weak releases = functions.releases, pool = functions.pool] app in
            for version in releases?.versions(of: app) ?? [] { pool.retire(version) }
        }
        cron = CronRunner(
            node: base.node, keeper: keeper, membership: membership, releases: functions.releases,
            calls: calls.functions, group: group, logger: base.logger(for: "functions"))
        records = try FunctionRecords(
            base, network, functions, sync: sync, paid: paidCalls, in: folder, worker: worker)
        payments = try NodePayments(
            key: key, keeper: keeper, folder: folder.payments, options: paymentOptions,
            logger: base.logger(for: "payments"), submit: { _ = try await sync.submit($0) })
        delivery.attach(payments.serving)
        paidCalls.attach(payments.serving)

        cache = try CacheParts(
            base, network, exchange, secrets, routes, path: folder.edgeCache, rules: originRules)
        machineSetup = setup
        machines = try setup.machines(
            key: key, keeper: keeper, sync: sync, membership: membership, peers: peers, store: base.store,
            exchange: exchange, secrets: secrets, logger: base.logger(for: "machines"))
        directory.attach(machines.table)
        service.attach(
            exchange: exchange, membership: membership, discovery: network.discovery, keeper: keeper, sync: sync,
            votes: ledger.votes, releases: releases, keyValues: functions.keyValues, secrets: secrets,
            cache: cache.edge, certificates: domains.certificates, calls: calls.server,
            receipts: functions.receipts, rollouts: records.rollouts, paid: payments.serving, machines: machines)
    }

    /// The releases that this node serves; `routes` gets those, and previews when somebody asks for one.
    private static func releaseKeeper(
        _ base: NodeBase, _ network: NetworkParts, _ exchange: Exchange, _ routes: RouteTable
    ) -> ReleaseKeeper {
        let (keeper, store, logger) = (base.keeper, base.store, base.logger(for: "releases"))
        let releases = ReleaseKeeper(
            node: base.node, keeper: keeper, store: store, exchange: exchange, network: network.copies, routes: routes,
            logger: logger)
        let previews = PreviewReleases(keeper: keeper, exchange: exchange, logger: logger)
        routes.onPreview { previews.app($0) }
        return releases
    }

    /// Takes over the gateway's shutdown.
    func adopt(_ gateway: Gateway) { self.gateway.withLock { $0 = gateway } }

    /// Waits until the ledger lists this node, if its own copy does not yet: a node that just joined hears of itself from
    /// its peers.
    ///
    /// - Throws: ``NodeError`` `.notOnLedger` if they do not list it either, or none can be reached.
    func requireListing(_ key: SigningKey, _ path: String) async throws {
        func isListed() -> Bool { base.keeper.state.node(base.node)?.publicKey == key.publicKey }
        var answered = 0
        if !isListed() { answered = await ledger.sync.catchUp(with: ledger.sync.otherParticipants) }
        if isListed() {
            if !base.keeper.state.isParticipating(base.node) {
                base.logger.warning("this node does not take part; peers refuse it, and it serves what it has")
            }
            return
        }
        let whom = answered == 0 ? "none of its nodes lets this one ask" : "\(answered) of its nodes say so too"
        throw NodeError(
            .notOnLedger,
            "The key \(path) belongs to node \(base.node), which is not on the ledger of "
                + "\"\(base.keeper.state.genesis.networkName)\" (\(whom)); register it or use the right key")
    }

    /// What a node does by itself besides answering; ends when cancelled.
    func runChores() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.network.membership.run() }
            group.addTask { await self.network.discovery.run() }
            group.addTask { await self.blobs.announcer.run() }
            group.addTask { await self.blobs.repairer.run() }
            group.addTask { await self.blobs.scrubber.run() }
            group.addTask { await self.blobs.disk.run() }
            group.addTask { await self.releases.run() }
            group.addTask { await self.records.logs.run() }
            group.addTask { await self.functions.receipts.run() }
            group.addTask { await self.calls.server.run() }
            group.addTask { await self.records.rollouts.run() }
            group.addTask { await self.secrets.run() }
            group.addTask { await self.domains.watch.run() }
            group.addTask { await self.domains.certificates.run() }
            group.addTask { await self.cron.run() }
            group.addTask { await self.functions.keyValues.run() }
            group.addTask { await self.cache.edge.run() }
            group.addTask { await self.machines.run() }
            if let ports = self.machinePorts.withLock({ $0 }) { group.addTask { await ports.run() } }
            group.addTask { await self.base.keeper.run() }
            if let etcd = self.ledger.opened.etcd { group.addTask { await etcd.leadership.run() } }
            group.addTask { await self.ledger.duties.run() }
            group.addTask { await self.payments.run() }
            group.addTask { for await fault in self.payments.rehash.faults { await self.ledger.duties.submit(fault) } }
            group.addTask { await self.ledger.snapshots.run() }
        }
    }

    /// Opens the ports whose connections go to machines as they are.
    ///
    /// - Parameter host: The gateway's.
    func openPorts(_ options: MachineOptions, host: String) async {
        let ports = MachinePorts(
            options, host: host, calls.machines, machines.table, path: machines.portsPath, group: base.group,
            logger: base.logger(for: "machines"))
        machinePorts.withLock { $0 = ports }
        await ports.openFixed()
    }

    /// Visitors first: requests in flight end before what serves them goes. What does not need each other goes side by side.
    func stop(drain: Duration) async {
        await part("gateway") {
            await self.gateway.withLock { $0 }?.shutdown(drain: drain)
            await self.machinePorts.withLock { $0 }?.entrance.close()
            self.machineProxy.close()
        }
        await withDiscardingTaskGroup { group in
            group.addTask {
                await self.part("machines") {
                    await self.machineSetup.close()
                    await self.machines.close()
                }
            }
            group.addTask {
                await self.part("functions") {
                    await self.functions.pool.shutdown()
                    await self.functions.host.close()
                    await self.records.logs.flush()
                    await self.functions.receipts.flush()
                    await self.functions.keyValues.close()
                }
            }
            group.addTask {
                await self.part("cache") {
                    await self.domains.certificates.close()
                    await self.cache.edge.close()
                    await self.cache.origins.close()
                }
            }
            group.addTask { await self.part("membership") { await self.network.membership.leave() } }
        }
        payments.close()
        await part("peers") {
            await self.blobs.exchange.close()
            await self.network.peers.shutdown()
        }
        await withDiscardingTaskGroup { group in
            group.addTask { await self.part("ledger") { await self.closeLedger() } }
            group.addTask { await self.part("blobs") { self.closeStore() } }
        }
    }

    /// Stops a part; how long that took is in the log.
    private func part(_ name: String, _ stop: @Sendable () async -> Void) async {
        let start = ContinuousClock.now
        await stop()
        let millis = (ContinuousClock.now - start) / .milliseconds(1)
        base.logger.debug("part stopped", metadata: ["part": "\(name)", "ms": "\(Int(millis))"])
    }

    private func closeLedger() async {
        do { try await base.keeper.close() } catch {
            base.logger.error("closing the ledger failed", metadata: ["error": "\(error)"])
        }
        try? await ledger.opened.etcd?.close()
    }

    private func closeStore() {
        do { try base.store.close() } catch {
            base.logger.error("closing the blob store failed", metadata: ["error": "\(error)"])
        }
    }

    func status(_ run: NodeRun, data: String, isReady: Bool, detail: String) -> NodeStatus {
        let state = base.keeper.state
        let connected = Set(network.peers.connectedPeers)
        let members = Dictionary(network.membership.members.map { ($0.id, $0) }) { first, _ in first }
        let accounts = Dictionary(blobs.exchange.accounts.map { ($0.node, $0) }) { first, _ in first }
        let others = state.participants.filter { $0.id != base.node }.map { record in
            let account = accounts[record.id]
            let roundTrip = network.membership.estimatedRoundTrip(to: record.id)
            return NodeStatus.Peer(
                id: record.id.description, peer: record.peer.description, connected: connected.contains(record.id),
                state: members[record.id].map { "\($0.state)" } ?? "unknown",
                roundTripMilliseconds: roundTrip.map { $0 / .milliseconds(1) },
                receivedBytes: account?.bytesReceived ?? 0, sentBytes: account?.bytesSent ?? 0,
                badBlocks: account?.badBlocks ?? 0)
        }
        let usage = base.store.usage
        return NodeStatus(
            id: run.id, network: state.networkID.description, version: SkerryNode.version, gateway: run.gateway,
            peer: run.peer, control: run.control, data: data, pid: run.pid, ready: isReady, detail: detail,
            ledger: .init(
                sequence: state.sequence, root: state.root.hex, sequencer: ledger.sync.isSequencer,
                leader: ledger.sync.sequencer?.description, epoch: state.epoch.number,
                certified: state.certified.sequence, engine: ledger.opened.engine.rawValue,
                failure: base.keeper.failure.map { "\($0)" }),
            peers: others, blobCount: usage.blobs, blobBytes: usage.bytes, earnings: payments.earnings,
            spending: paying.spending, appsToHandOver: functions.keyValues.handingOver.withLock { $0 },
            warnings: warnings)
    }

    private var warnings: [String] {
        let missing = blobs.repairer.tally.missing.count
        let lacking = releases.lackingCount
        return [
            blobs.disk.warning, payments.logFailure.map { "payments are refused: \($0)" },
            missing > 0
                ? "\(missing == 1 ? "a blob is" : "\(missing) blobs are") to be kept here and not here: see `skerry blob ls`"
                : nil,
            lacking > 0
                ? "there is no room for \(lacking == 1 ? "a release" : "\(lacking) releases") that this node is to keep; others "
                    + "keep it as long as they have room. Free some space, raise the quota, or `skerry blob unpin`"
                : nil,
        ].compactMap { $0 }
    }
}
