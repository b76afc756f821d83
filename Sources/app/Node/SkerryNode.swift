import BlobStore
import CLinux
import ControlAPI
import ControlModel
import EdgeCache
import EtcdLog
import Exchange
import Foundation
import Functions
public import Gateway
import Hummingbird
import Identity
import Ledger
import LedgerLog
public import Logging
import Metrics
import NIOCore
import NIOPosix
import Peering
public import ServiceLifecycle
import Synchronization
public import Telemetry

/// One serving node: everything that the rooms offer, put together and run until it is told to stop.
public final class SkerryNode: Service {
    /// The version that nodes and tools of this source tree report.
    public static let version = "0.1.0"

    /// What a node needs besides its folder.
    public struct Options: Sendable {
        /// The `skerry-worker` executable; nil looks beside the running executable.
        public var workerPath: String?
        /// The `skerry-holder` executable; nil looks beside the running executable.
        public var holderPath: String?
        /// How long requests in flight may take to end when the node stops.
        public var drainTimeout = Duration.seconds(5)
        /// Event loops; one a core by default.
        public var threads = System.coreCount
        /// Where the gateway writes a line for each request; nil: nowhere, for a node behind a proxy that does.
        public var accessLog: AccessLog?
        /// The port for TLS, at the gateway's address; nil for what the configuration says.
        public var httpsPort: Int?
        /// The length of machines' leases; nil for what the configuration says.
        public var machineLeaseMilliseconds: Int?
        /// Bytes that the blob store may take; nil for what the configuration says.
        public var quotaBytes: Int?

        public init() {}
    }

    private let folder: NodeFolder
    private let options: Options
    private let prometheus: PrometheusMetrics
    private let logger: Logger

    /// - Parameters:
    ///   - folder: A folder with key, genesis and configuration.
    ///   - prometheus: The metrics backend that `/metrics` renders.
    public init(folder: NodeFolder, options: Options = Options(), prometheus: PrometheusMetrics, logger: Logger) {
        self.folder = folder
        self.options = options
        self.prometheus = prometheus
        self.logger = logger
    }

    /// Starts the node, serves until graceful shutdown, and stops everything in reverse order.
    ///
    /// - Throws: ``NodeError`` and the rooms' own errors if the node cannot start.
    public func run() async throws {
        skerry_keep_freed_memory()
        let lock = try folder.lock()
        defer { close(lock) }
        folder.removeWorkerRemains()
        let key = try KeyFile.load(folder.key)
        let configuration = try folder.readConfiguration()
        let genesis = try folder.readGenesis()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: options.threads)
        // They wait for disks more than they compute.
        let threadPool = NIOThreadPool(numberOfThreads: max(8, 2 * options.threads))
        threadPool.start()
        do {
            try await serve(key, configuration, genesis, group, threadPool)
        } catch {
            try? await threadPool.shutdownGracefully()
            try? await group.shutdownGracefully()
            throw error
        }
        try await threadPool.shutdownGracefully()
        try await group.shutdownGracefully()
    }

    private func serve(
        _ key: SigningKey, _ configuration: NodeConfiguration, _ genesis: Genesis,
        _ group: MultiThreadedEventLoopGroup, _ threadPool: NIOThreadPool
    ) async throws {
        var settings = BlobStore.Settings()
        settings.quotaBytes = options.quotaBytes ?? configuration.quotaBytes
        settings.directStreamBytes = configuration.directStreamBytes.map { max(0, $0) }
        let store = try BlobStore(folder: folder.blobs, settings: settings, threadPool: threadPool, logger: logger)
        let snapshots = SnapshotStore(store: store, threadPool: threadPool, draftPath: folder.path + "/snapshot.part")
        let parts: NodeParts
        do {
            parts = try await makeParts(key, configuration, genesis, group, snapshots)
        } catch {
            try? store.close()
            throw error
        }
        do {
            try await parts.requireListing(key, folder.key)
            try await listen(parts, configuration)
        } catch {
            await parts.stop(drain: .zero)
            throw error
        }
        await parts.stop(drain: options.drainTimeout)
        logger.notice("node stopped")
    }

    private func makeParts(
        _ key: SigningKey, _ node: NodeConfiguration, _ genesis: Genesis,
        _ group: MultiThreadedEventLoopGroup, _ snapshots: SnapshotStore
    ) async throws -> NodeParts {
        let configuration = node.ledger ?? LedgerConfiguration()
        let origins = node.origins ?? OriginsConfiguration()
        var machines = node.machines ?? MachineOptions()
        if let lease = options.machineLeaseMilliseconds { machines.leaseMilliseconds = lease }
        let ledger = try await OpenLedger.open(folder, configuration, genesis, key, snapshots, logger)
        var plan = SnapshotPlan()
        if let entries = configuration.snapshotEntries { plan.snapshotEntries = entries }
        if let entries = configuration.marginEntries { plan.marginEntries = entries }
        do {
            return try NodeParts(
                NodeBase(key: key, keeper: ledger.keeper, store: snapshots.store, group: group, logger: logger),
                in: folder, ledger: ledger, snapshots: snapshots, plan: plan,
                worker: options.workerPath ?? SkerryNode.workerBesideThisExecutable(), originRules: origins,
                paymentOptions: node.payments ?? PaymentOptions(),
                edge: EdgeParts(
                    tls: node.tls, domains: node.domains ?? DomainOptions(), certificateFolder: folder.certificates,
                    domainFile: folder.domains),
                machines: await MachineSetup.find(
                    in: folder, machines, holder: options.holderPath, logger: logger))
        } catch {
            try? await ledger.keeper.close()
            try? await ledger.etcd?.close()
            throw error
        }
    }

    private func listen(_ parts: NodeParts, _ configuration: NodeConfiguration) async throws {
        let peer = configuration.peer
        do {
            _ = try await parts.network.peers.listen(host: peer.host, port: peer.port)
        } catch {
            throw SkerryNode.cannotListen("peer port", peer, error)
        }
        let started = Mutex(false)
        let (routes, disk) = (parts.routes, parts.blobs.disk)
        let pages = NodePages(nodeID: parts.base.node.description, prometheus: prometheus) {
            guard started.withLock({ $0 }) else { return (false, "The node is still reading the ledger") }
            let waiting = routes.waiting
            guard waiting.isEmpty else { return (false, "Waiting for \(waiting.joined(separator: ", "))") }
            return (true, disk.isFull ? "the disk is full, so nothing new is stored" : "ready")
        }
        var settings = Gateway.Settings()
        settings.host = configuration.gateway.host
        settings.port = configuration.gateway.port
        settings.accessLog = options.accessLog
        settings.maxFunctionBodyBytes = parts.functions.pool.settings.maxRequestBodyBytes
        let secure =
            options.httpsPort.map { NodeConfiguration.Address(host: configuration.gateway.host, port: $0) }
            ?? configuration.tls?.address ?? configuration.secure
        if let secure {
            let domains = GatewayIdentity(
                book: parts.domains.certificates.book, borrowed: parts.domains.certificates.borrowed)
            var tls = Gateway.Settings.TLS(certificates: try LocalCertificates(folder, others: domains))
            tls.host = secure.host
            tls.port = secure.port
            configuration.tls?.apply(to: &tls)
            settings.tls = tls
        }
        let gateway = Gateway(
            settings: settings, group: parts.base.group, routes: routes,
            blobs: NodeBlobs(store: parts.base.store, exchange: parts.blobs.exchange),
            functions: NodeFunctions(calls: parts.calls.functions), origins: parts.cache.edge,
            machines: parts.calls.machines, pages: pages, logger: parts.base.logger(for: "gateway"))
        do {
            _ = try await gateway.start()
        } catch {
            throw SkerryNode.cannotListen("gateway port", configuration.gateway, error)
        }
        parts.adopt(gateway)
        await parts.openPorts(configuration.machines ?? MachineOptions(), host: configuration.gateway.host)
        if let entrance = parts.machines.entrance {
            do { _ = try await gateway.listen(on: entrance.host, port: Int(MachineEntrance.port)) } catch {
                // The node's visitors are served all the same.
                parts.base.logger(for: "machines").error(
                    "machines do not reach the gateway", metadata: ["address": "\(entrance.url)", "error": "\(error)"])
            }
        }
        parts.functions.pool.warmUp()
        try await serveControl(parts, configuration, pages, started: { started.withLock { $0 = true } })
    }

    private func serveControl(
        _ parts: NodeParts, _ configuration: NodeConfiguration, _ pages: NodePages,
        started: @escaping @Sendable () -> Void
    ) async throws {
        let note = NodeRun(
            id: parts.base.node.description, pid: getpid(), startTicks: NodeRun.startTicks(of: getpid()) ?? 0,
            gateway: "http://\(configuration.gateway)", peer: configuration.peer.description,
            control: "http://\(configuration.control)")
        let data = folder.path
        let control = NodeControl(
            node: parts.base.node, store: parts.base.store, keeper: parts.base.keeper, sync: parts.ledger.sync,
            releases: parts.releases, peers: parts.network.peers, exchange: parts.blobs.exchange,
            repairer: parts.blobs.repairer, copies: parts.network.copies, functionLogs: parts.records.logs,
            recordings: parts.records.recordings,
            receipts: parts.functions.receipts, values: parts.functions.keyValues, secrets: parts.secrets,
            rollouts: parts.records.rollouts, cache: parts.cache.edge, domains: parts.domains.watch,
            certificates: parts.domains.certificates, payments: parts.payments, machines: parts.machines,
            describe: {
                let (isReady, detail) = pages.health()
                return parts.status(note, data: data, isReady: isReady, detail: detail)
            })
        var settings = ControlAPI.Settings()
        settings.host = configuration.control.host
        settings.port = configuration.control.port
        let logger = logger
        let run = folder.run
        let api = ControlAPI(backend: control, settings: settings, logger: parts.base.logger(for: "control"))
        let application = api.application { _ in
            do { try note.leave(at: run) } catch {
                logger.error("cannot write the run note", metadata: ["path": "\(run)", "error": "\(error)"])
            }
            logger.notice(
                "node started",
                metadata: [
                    "node": "\(note.id)", "gateway": "\(note.gateway)", "peer": "\(note.peer)", "pid": "\(note.pid)",
                ])
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await parts.runChores() }
            group.addTask { await parts.ledger.sync.run(onFirstRound: started) }
            group.addTask {
                do { try await application.run() } catch {
                    throw SkerryNode.cannotListen("control port", configuration.control, error)
                }
                throw CancellationError()
            }
            // The control API ends first, at graceful shutdown; the others follow it.
            do { while try await group.next() != nil {} } catch is CancellationError {}
            group.cancelAll()
            let start = ContinuousClock.now
            try await group.waitForAll()
            let millis = (ContinuousClock.now - start) / .milliseconds(1)
            logger.debug("part stopped", metadata: ["part": "chores", "ms": "\(Int(millis))"])
        }
    }

    private static func cannotListen(_ what: String, _ address: NodeConfiguration.Address, _ error: any Error)
        -> NodeError
    {
        let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
        // The gateway has several ports, and says which one it is.
        let problem = (error as? GatewayError)?.message ?? "Cannot listen on the \(what) \(address): \(reason)"
        return NodeError(.cannotListen, "\(problem); stop what holds it, or change the port in node.json")
    }

    /// `skerry-worker` in the folder of the running executable.
    public static func workerBesideThisExecutable() -> String {
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (executable as NSString).deletingLastPathComponent + "/skerry-worker"
    }
}
