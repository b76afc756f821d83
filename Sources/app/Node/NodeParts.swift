import Blake3
import BlobStore
import Calls
import Certificates
import ControlModel
import Discovery
import EdgeCache
import EtcdLog
import Exchange
import Foundation
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
import NIOCore
import Origins
import PaidDelivery
import Peering
import Secrets
import Synchronization

/// The rooms of a running node, made in order of their dependencies and stopped in reverse.
final class NodeParts: Sendable {
    let node: NodeID
    let group: any EventLoopGroup
    let ledger: OpenLedger
    let keeper: LedgerKeeper
    let store: BlobStore
    let peers: PeerNetwork
    let membership: Membership
    let discovery: Discovery
    let exchange: Exchange
    let repairer: Repairer
    let announcer: Announcer
    let scrubber: Scrubber
    let routes = RouteTable()
    let releases: ReleaseKeeper
    let sync: LedgerSync
    let duties: LedgerDuties
    let snapshots: LedgerSnapshots
    let functions: FunctionPool
    let functionReleases: FunctionReleases
    let calls: FunctionCalls
    private let callServer: CallServer
    let machines: MachineCalls
    let nodeMachines: NodeMachines
    private let machineSetup: MachineSetup
    /// Where machines are, as soon as somebody knows.
    let machineDirectory = MachineDirectoryRelay()
    private let machineProxy = MachineProxy()
    private let machinePorts = Mutex<MachinePorts?>(nil)
    let rollouts: RolloutKeeper
    let secrets: SecretKeeper
    private let hostServices: HostServices
    private let cron: CronRunner
    let functionLogs: FunctionLogStore
    let receipts: ReceiptBook
    let recordings: NodeRecordings
    let keyValues: NodeKV
    let origins: OriginClient
    let cache: EdgeCache
    let domains: DomainWatch
    let certificates: NodeCertificates
    let payments: NodePayments
    /// What this node pays others with.
    let paying: NodePaying
    private let logger: Logger
    private let gateway = Mutex<Gateway?>(nil)

    /// - Parameters:
    ///   - snapshots: Snapshots of the ledger in `store`.
    ///   - worker: The `skerry-worker` executable.
    ///   - functionLogs: The folder for what functions write.
    ///   - keyValues: The file for apps' values.
    ///   - secrets: The folder for secrets of apps.
    ///   - rollouts: The folder for orders to roll back.
    ///   - receipts: The folder for receipts.
    ///   - edgeCache: The file that says which answers of origins are stored.
    ///   - originRules: What the operator decides about origins.
    ///   - payments: The folder for acknowledgments of those who pay.
    ///   - edge: How visitors' TLS and custom domains are handled.
    ///   - setup: How machines are run here.
    init(
        key: SigningKey, ledger: OpenLedger, snapshots: SnapshotStore, plan: SnapshotPlan, group: any EventLoopGroup,
        logger: Logger, worker: String, functionLogs logFolder: String, keyValues keyValueFile: String,
        secrets secretFolder: String, rollouts rolloutFolder: String, receipts receiptFolder: String,
        edgeCache cacheFile: String, originRules: OriginsConfiguration, payments paymentFolder: String,
        paymentOptions: PaymentOptions, edge: EdgeParts, machines setup: MachineSetup
    ) throws {
        node = key.publicKey.node
        let keeper = ledger.keeper
        let store = snapshots.store
        self.group = group
        self.ledger = ledger
        self.keeper = keeper
        self.store = store
        self.logger = logger
        let service = NodePeerService()
        let directory = LedgerDirectory(keeper: keeper)
        let network = Data(keeper.state.networkID.digest.bytes)
        peers = try PeerNetwork(
            key: key, network: network, directory: directory, handler: service,
            ledgerSequence: { keeper.state.sequence }, group: group, logger: NodeParts.labelled(logger, "peering"))
        membership = Membership(
            key: key, network: network, peers: peers, directory: directory, group: group,
            logger: NodeParts.labelled(logger, "membership"))
        discovery = Discovery(
            key: key, network: network, peers: peers, view: NetworkView(keeper: keeper, membership: membership),
            group: group, logger: NodeParts.labelled(logger, "discovery"))
        let (delivery, payer) = (NodeDelivery(), NodePayer())
        exchange = Exchange(
            store: store, peers: peers,
            finder: NodeProviders(node: node, keeper: keeper, discovery: discovery, membership: membership),
            meter: delivery, payer: payer, group: group, logger: NodeParts.labelled(logger, "exchange"))
        repairer = Repairer(store: store, exchange: exchange, logger: NodeParts.labelled(logger, "blobs"))
        scrubber = Scrubber(store: store, logger: NodeParts.labelled(logger, "blobs"))
        announcer = Announcer(store: store, discovery: discovery, logger: NodeParts.labelled(logger, "discovery"))
        releases = ReleaseKeeper(
            node: node, keeper: keeper, store: store, exchange: exchange, routes: routes,
            logger: NodeParts.labelled(logger, "releases"))
        let previews = PreviewReleases(
            keeper: keeper, store: store, exchange: exchange, logger: NodeParts.labelled(logger, "releases"))
        routes.onPreview { previews.app($0) }
        let ledgerLogger = NodeParts.labelled(logger, "ledger")
        let catchUp = LedgerCatchUp(
            keeper: keeper, peers: peers, exchange: exchange, snapshots: snapshots, logger: ledgerLogger)
        sync = LedgerSync(
            node: node, keeper: keeper, peers: peers, snapshots: catchUp, isShared: ledger.etcd != nil,
            domains: DomainGuard(
                keeper: keeper, resolver: edge.resolver(quick: true, group), zone: edge.domains.zone),
            logger: ledgerLogger)
        let votes = VoteExchange(key: key, keeper: keeper, peers: peers, logger: ledgerLogger)
        duties = LedgerDuties(
            key: key, keeper: keeper, sync: sync, membership: membership, exchange: exchange, votes: votes,
            logger: ledgerLogger)
        self.snapshots = LedgerSnapshots(keeper: keeper, snapshots: snapshots, plan: plan, logger: ledgerLogger)
        let functionLogger = NodeParts.labelled(logger, "functions")
        let secrets = try SecretKeeper(
            key: key, keeper: keeper, folder: secretFolder, peers: SecretPeers(peers),
            logger: NodeParts.labelled(logger, "secrets"))
        self.secrets = secrets
        functionReleases = FunctionReleases(
            keeper: keeper, store: store, exchange: exchange, secrets: secrets, group: group)
        let edgeLogger = NodeParts.labelled(logger, "certificates")
        domains = DomainWatch(
            keeper: keeper, resolver: edge.resolver(quick: false, group), zone: edge.domains.zone, routes: routes,
            file: edge.domainFile, logger: edgeLogger)
        let fleet = NodeFleet(
            node: node, keeper: keeper, membership: membership, watch: domains, peers: CertificatePeers(peers),
            book: GatewayIdentity.book(), key: try SealingKey(key, network: keeper.state.networkID),
            logger: edgeLogger)
        certificates = try NodeCertificates(
            options: edge.tls, folder: edge.certificateFolder, key: key, fleet: fleet, group: group,
            settings: edge.renewal, logger: edgeLogger)
        let services = NodeServices(releases: functionReleases, routes: routes, group: group)
        keyValues = try NodeKV(
            node: node, file: keyValueFile,
            network: LedgerKVNetwork(node: node, keeper: keeper, membership: membership, peers: peers),
            logger: NodeParts.labelled(logger, "kv"))
        hostServices = try HostServices(
            assets: functionReleases, invoker: services, keyValues: keyValues.bound(by: functionReleases),
            eventLoops: group, logger: functionLogger)
        functions = FunctionPool(
            settings: FunctionPool.Settings(workerPath: worker), group: group, host: hostServices,
            logger: functionLogger)
        receipts = ReceiptBook(
            key: key, epoch: { keeper.state.epoch.number }, folder: try ReceiptFolder(path: receiptFolder),
            logger: functionLogger)
        let ledgerSync = sync
        let paying = try NodePaying(
            key: key, keeper: keeper, folder: paymentFolder, options: paymentOptions, peers: peers,
            logger: NodeParts.labelled(logger, "payments"), submit: { try await ledgerSync.submit($0).sequence })
        self.paying = paying
        payer.attach(paying.client, paying.funds)
        let calls = NodeParts.calls(
            of: node, functions, functionReleases, receipts, keeper: keeper, membership: membership, peers: peers,
            payer: paying.calls, logger: functionLogger)
        self.calls = calls
        let paidCalls = PaidCalls()
        let machines = MachineCalls(
            node: node, directory: machineDirectory, proxy: machineProxy,
            sender: CallSender(
                peers: CallPeers(peers), wallLimit: MachineCalls.wallLimit, payer: paying.calls),
            logger: NodeParts.labelled(logger, "machines"))
        self.machines = machines
        let visited = routes
        let clients = ClientCalls(
            maxBodyBytes: functions.settings.maxRequestBodyBytes,
            app: { visited.app(named: $0, for: $1) }, refusal: { calls.refusal(ofClientsOf: $0) },
            runHere: { version, call async throws(CallFailure) in
                try await calls.serve(version, call, hops: FunctionCalls.maxHops, on: group.next())
            })
        callServer = CallServer(paid: paidCalls, clients: clients) {
            version, call, hops, loop async throws(CallFailure) in
            if let place = MachinePlace(version) { return try await machines.serve(place, call, on: loop) }
            return try await calls.serve(version, call, hops: hops, on: loop)
        }
        services.attach(calls)
        services.attach(machines)
        let (releaseIndex, pool) = (functionReleases, functions)
        secrets.onChange { [weak releaseIndex] app in
            for version in releaseIndex?.versions(of: app) ?? [] { pool.retire(version) }
        }
        cron = CronRunner(
            node: node, keeper: keeper, membership: membership, releases: functionReleases, calls: calls,
            group: group, logger: functionLogger)
        let logs = FunctionLogStore(path: logFolder, logger: functionLogger)
        functionLogs = logs
        recordings = NodeRecordings(
            key: key, keeper: keeper, releases: functionReleases, receipts: receipts, logs: logs,
            worker: worker, host: hostServices)
        let console = NodeParts.labelled(logger, "console")
        functions.onLog = { version, line in
            var metadata: Logger.Metadata = ["app": "\(version.tenant)", "release": "\(version.release)"]
            if let request = line.requestID { metadata["request"] = "\(request)" }
            console.log(level: line.level, "\(line.text)", metadata: metadata)
            logs.add(FunctionLogRecord(version, line), to: version.tenant)
        }
        let outcomes = ReleaseOutcomes()
        functions.onOutcome = { version, outcome in
            outcomes.add(version, status: outcome.status, error: outcome.error)
            paidCalls.used(outcome.requestID, cpuMicroseconds: outcome.cpuMicroseconds)
            logs.add(FunctionLogRecord(version, outcome), to: version.tenant)
        }
        rollouts = try RolloutKeeper(
            node: node, keeper: keeper, peers: peers, folder: rolloutFolder, outcomes: outcomes,
            submit: { _ = try await ledgerSync.submit($0) },
            report: { version, text in
                let line = FunctionLogLine(level: .error, text: text, requestID: nil)
                logs.add(FunctionLogRecord(version, line), to: version.tenant)
            }, logger: functionLogger)
        payments = try NodePayments(
            key: key, keeper: keeper, folder: paymentFolder, options: paymentOptions,
            logger: NodeParts.labelled(logger, "payments"), submit: { _ = try await ledgerSync.submit($0) })
        delivery.attach(payments.serving)
        paidCalls.attach(payments.serving)
        let cacheLogger = NodeParts.labelled(logger, "cache")
        let now: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
        origins = try OriginClient(originRules.clientSettings, eventLoops: group, logger: cacheLogger)
        cache = try EdgeCache(
            path: cacheFile, settings: originRules.cacheSettings, store: store,
            blobs: NodeBlobs(store: store, exchange: exchange), origins: origins,
            plans: NodeOriginPlans(routes: routes, secrets: secrets),
            peers: NodeCachePeers(node: node, keeper: keeper, membership: membership, peers: peers),
            authority: NodePurgeAuthority(keeper: keeper, now: now), logger: cacheLogger, now: now)
        machineSetup = setup
        nodeMachines = try setup.machines(
            key: key, keeper: keeper, sync: sync, membership: membership, peers: peers, store: store,
            exchange: exchange, secrets: secrets, logger: NodeParts.labelled(logger, "machines"))
        machineDirectory.attach(nodeMachines.table)
        service.attach(
            exchange: exchange, membership: membership, discovery: discovery, keeper: keeper, sync: sync,
            votes: votes, releases: releases, keyValues: keyValues, secrets: secrets, cache: cache,
            certificates: certificates, calls: callServer, receipts: receipts, rollouts: rollouts,
            paid: payments.serving, machines: nodeMachines)
    }

    /// Calls that are run by `pool`, or by other nodes, with a receipt of whoever ran them.
    private static func calls(
        of node: NodeID, _ pool: FunctionPool, _ releases: FunctionReleases, _ receipts: ReceiptBook,
        keeper: LedgerKeeper, membership: Membership, peers: PeerNetwork, payer: PayingCalls, logger: Logger
    ) -> FunctionCalls {
        let placement = CallPlacement(keeper: keeper)
        let wall = pool.settings.wallLimit / .milliseconds(1)
        return FunctionCalls(
            node: node, placement: { placement.nodes(of: $0) }, isUsable: { membership.isUsable($0) },
            knows: { releases.release($0.release, of: $0.app)?.version == $0 },
            sender: CallSender(
                peers: CallPeers(peers), wallLimit: .milliseconds(Int64(wall)), payer: payer),
            logger: logger
        ) { version, call, eventLoop, completion in
            let start = NIODeadline.now()
            pool.invoke(version, call, code: { try await releases.code(of: version) }, on: eventLoop) { outcome in
                if case .failure(let error) = outcome { receipts.failed(call, version, error, since: start) }
                completion(outcome.map { receipts.attach(to: $0, of: call, version, since: start) })
            }
        }
    }

    func logger(for room: String) -> Logger { NodeParts.labelled(logger, room) }

    private static func labelled(_ logger: Logger, _ room: String) -> Logger {
        var logger = logger
        logger[metadataKey: "room"] = "\(room)"
        return logger
    }

    /// Takes over the gateway's shutdown.
    func adopt(_ gateway: Gateway) { self.gateway.withLock { $0 = gateway } }

    /// Waits until the ledger lists this node, if its own copy does not yet: a node that just joined hears of itself from
    /// its peers.
    ///
    /// - Throws: ``NodeError`` `.notOnLedger` if they do not list it either, or none can be reached.
    func requireListing(_ key: SigningKey, _ path: String) async throws {
        func isListed() -> Bool { keeper.state.node(node)?.publicKey == key.publicKey }
        var answered = 0
        if !isListed() { answered = await sync.catchUp(with: sync.otherParticipants) }
        if isListed() {
            if !keeper.state.isParticipating(node) {
                logger.warning("this node does not take part; peers refuse it, and it serves what it has")
            }
            return
        }
        let whom = answered == 0 ? "none of its nodes lets this one ask" : "\(answered) of its nodes say so too"
        throw NodeError(
            .notOnLedger,
            "The key \(path) belongs to node \(node), which is not on the ledger of "
                + "\"\(keeper.state.genesis.networkName)\" (\(whom)); register it or use the right key")
    }

    /// What a node does by itself besides answering; ends when cancelled.
    func runChores() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.membership.run() }
            group.addTask { await self.discovery.run() }
            group.addTask { await self.announcer.run() }
            group.addTask { await self.repairer.run() }
            group.addTask { await self.scrubber.run() }
            group.addTask { await self.releases.run() }
            group.addTask { await self.functionLogs.run() }
            group.addTask { await self.receipts.run() }
            group.addTask { await self.callServer.run() }
            group.addTask { await self.rollouts.run() }
            group.addTask { await self.secrets.run() }
            group.addTask { await self.domains.run() }
            group.addTask { await self.certificates.run() }
            group.addTask { await self.cron.run() }
            group.addTask { await self.keyValues.run() }
            group.addTask { await self.cache.run() }
            group.addTask { await self.nodeMachines.run() }
            if let ports = self.machinePorts.withLock({ $0 }) { group.addTask { await ports.run() } }
            group.addTask { await self.keeper.run() }
            if let etcd = self.ledger.etcd { group.addTask { await etcd.leadership.run() } }
            group.addTask { await self.duties.run() }
            group.addTask { await self.payments.run() }
            group.addTask { for await fault in self.payments.rehash.faults { await self.duties.submit(fault) } }
            group.addTask { await self.snapshots.run() }
        }
    }

    /// Opens the ports whose connections go to machines as they are.
    ///
    /// - Parameter host: The gateway's.
    func openPorts(_ options: MachineOptions, host: String) async {
        let ports = MachinePorts(
            options, host: host, machines, nodeMachines.table, path: nodeMachines.portsPath, group: group,
            logger: NodeParts.labelled(logger, "machines"))
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
                    await self.nodeMachines.close()
                }
            }
            group.addTask {
                await self.part("functions") {
                    await self.functions.shutdown()
                    await self.hostServices.close()
                    await self.functionLogs.flush()
                    await self.receipts.flush()
                    await self.keyValues.close()
                }
            }
            group.addTask {
                await self.part("cache") {
                    await self.certificates.close()
                    await self.cache.close()
                    await self.origins.close()
                }
            }
            group.addTask { await self.part("membership") { await self.membership.leave() } }
        }
        payments.close()
        await part("peers") {
            await self.exchange.close()
            await self.peers.shutdown()
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
        logger.debug("part stopped", metadata: ["part": "\(name)", "ms": "\(Int(millis))"])
    }

    private func closeLedger() async {
        do { try await keeper.close() } catch {
            logger.error("closing the ledger failed", metadata: ["error": "\(error)"])
        }
        try? await ledger.etcd?.close()
    }

    private func closeStore() {
        do { try store.close() } catch {
            logger.error("closing the blob store failed", metadata: ["error": "\(error)"])
        }
    }

    func status(_ run: NodeRun, data: String, isReady: Bool, detail: String) -> NodeStatus {
        let state = keeper.state
        let connected = Set(peers.connectedPeers)
        let members = Dictionary(membership.members.map { ($0.id, $0) }) { first, _ in first }
        let accounts = Dictionary(exchange.accounts.map { ($0.node, $0) }) { first, _ in first }
        let others = state.participants.filter { $0.id != node }.map { record in
            let account = accounts[record.id]
            let roundTrip = membership.estimatedRoundTrip(to: record.id)
            return NodeStatus.Peer(
                id: record.id.description, peer: record.peer.description, connected: connected.contains(record.id),
                state: members[record.id].map { "\($0.state)" } ?? "unknown",
                roundTripMilliseconds: roundTrip.map { $0 / .milliseconds(1) },
                receivedBytes: account?.bytesReceived ?? 0, sentBytes: account?.bytesSent ?? 0,
                badBlocks: account?.badBlocks ?? 0)
        }
        let usage = store.usage
        return NodeStatus(
            id: run.id, network: state.networkID.description, version: SkerryNode.version, gateway: run.gateway,
            peer: run.peer, control: run.control, data: data, pid: run.pid, ready: isReady, detail: detail,
            ledger: .init(
                sequence: state.sequence, root: state.root.hex, sequencer: sync.isSequencer,
                leader: sync.sequencer?.description, epoch: state.epoch.number, certified: state.certified.sequence,
                engine: ledger.engine.rawValue, failure: keeper.failure.map { "\($0)" }),
            peers: others, blobCount: usage.blobs, blobBytes: usage.bytes, earnings: payments.earnings,
            spending: paying.spending, appsToHandOver: keyValues.handingOver.withLock { $0 })
    }
}
