import AppManifests
import Bundling
import Foundation
import Functions
import Gateway
public import Logging
import Manifests
public import NIOCore
import Synchronization

/// Runs one app on this machine as a node would: the same worker, the same gateway, without a network.
///
/// Files are watched; a change is served from the next request on. Call ``stop()`` in the end: it leaves no process
/// behind.
public final class DevServer: Sendable {
    /// What to run, and how.
    public struct Settings: Sendable {
        /// What was asked for.
        public var source: DevSource
        /// 0 lets the system choose.
        public var port: Int
        /// Path of the `skerry-worker` program.
        public var workerPath: String
        /// How often files are looked at. Default 100 ms.
        public var interval = Duration.milliseconds(100)

        public init(source: DevSource, port: Int, workerPath: String) {
            self.source = source
            self.port = port
            self.workerPath = workerPath
        }
    }

    private struct Running {
        var pool: FunctionPool?
        var host: DevHost?
        var generation = 0
        var inputs: [String] = []
        var stamps: [String: FileTree.Stamp] = [:]
        /// The version that is served.
        var version: FunctionVersion?
    }

    private let settings: Settings
    private let group: any EventLoopGroup
    private let logger: Logger
    private let report: @Sendable (DevEvent) -> Void
    private let state = DevState()
    private let running = Mutex(Running())
    private let gateway: Gateway

    /// - Parameters:
    ///   - report: Hears what happens, on any thread; must not block for long.
    public init(
        settings: Settings, group: any EventLoopGroup, logger: Logger,
        report: @escaping @Sendable (DevEvent) -> Void
    ) {
        self.settings = settings
        self.group = group
        self.logger = logger
        self.report = report
        var options = Gateway.Settings()
        options.port = settings.port
        options.defaultApp = "dev"
        options.maxFunctionBodyBytes = FunctionPool.Settings(workerPath: settings.workerPath).maxRequestBodyBytes
        gateway = Gateway(
            settings: options, group: group, routes: state, blobs: DevBlobs(state: state),
            functions: DevFunctions(state: state), origins: DevOrigins(), pages: DevPages(), logger: logger)
    }

    /// Reads the app for the first time and listens. An app that cannot be served is no failure: it is reported, and
    /// requests get a page that says why.
    ///
    /// - Returns: The port.
    /// - Throws: `GatewayError` if the port is taken; ``DevError`` if values of kv bindings cannot be kept.
    public func start() async throws -> Int {
        let address = try await gateway.start()
        try startPool()
        await load()
        return address.port ?? settings.port
    }

    /// Watches the files until cancelled.
    public func run() async {
        while !Task.isCancelled {
            let start = ContinuousClock.now
            if look() != running.withLock({ $0.stamps }) { await load() }
            // Looking takes at most a tenth of the time, however many files there are.
            let pause = max(settings.interval, (ContinuousClock.now - start) * 10)
            try? await Task.sleep(for: min(pause, .seconds(2)))
        }
    }

    /// Closes every connection and ends every worker; when this returns, no process is left.
    public func stop() async {
        await gateway.shutdown(drain: .zero)
        await running.withLock { $0.pool }?.shutdown()
        await running.withLock { $0.host }?.close()
    }

    /// Process ids of the workers.
    public var workerProcesses: [Int32] { running.withLock { $0.pool }?.workerProcesses ?? [] }

    // MARK: Loading

    private func look() -> [String: FileTree.Stamp] {
        let folder = settings.source.folder
        switch settings.source {
        case .file(_, let name):
            let inputs = running.withLock { $0.inputs }
            return FileTree.stamps(folder: nil, files: ["\(folder)/\(name)", "\(folder)/\(DevVars.fileName)"] + inputs)
        case .app, .site:
            let inputs = running.withLock { $0.inputs }
            return FileTree.stamps(folder: folder, files: ["\(folder)/\(DevVars.fileName)"] + inputs)
        }
    }

    /// Reads the app, and notes the state of the files that it saw.
    private func load() async {
        let before = look()
        await read()
        // What the app is made of now may be more than what was looked at; what changed meanwhile is read again.
        let after = look()
        let isSame = before.allSatisfy { after[$0.key] == $0.value }
        running.withLock { $0.stamps = isSame ? after : before }
    }

    private func read() async {
        let start = ContinuousClock.now
        do {
            let app = try await DevApp.load(settings.source)
            let loaded = take(app)
            state.content = .loaded(loaded)
            report(
                .loaded(
                    name: app.name, scriptBytes: app.function == nil ? nil : app.code.readableBytes,
                    fileCount: app.files?.files.count ?? 0, time: .now - start, warnings: app.warnings))
        } catch {
            let text = "\(error)"
            state.content = .failed(text)
            report(.failed(text))
        }
    }

    private func startPool() throws {
        let host = try DevHost(
            state: state, folder: settings.source.usesKeyValues ? settings.source.folder : nil, group: group,
            logger: logger)
        var options = FunctionPool.Settings(workerPath: settings.workerPath)
        // A developer who saves again should not have to wait for a penalty.
        options.freeFailures = 1_000
        let pool = FunctionPool(settings: options, group: group, host: host.services, logger: logger)
        watch(pool)
        pool.warmUp()
        running.withLock {
            $0.pool = pool
            $0.host = host
        }
    }

    /// Makes an app the one that is served.
    private func take(_ app: DevApp) -> DevState.Loaded {
        let (loaded, old) = running.withLock { running in
            running.generation += 1
            running.inputs = app.inputs
            let loaded = DevState.Loaded(app: app, generation: running.generation, pool: running.pool)
            defer { running.version = loaded.version }
            return (loaded, running.version)
        }
        if let old { loaded.pool?.retire(old) }
        return loaded
    }

    private func watch(_ pool: FunctionPool) {
        let (state, report) = (state, report)
        pool.onLog = { version, line in
            var line = line
            if case .loaded(let loaded) = state.content, loaded.version == version, let mapper = loaded.app.mapper {
                line.text = mapper.rewrite(line.text)
            }
            if line.level >= .error, let request = line.requestID { state.note(line.text, for: request) }
            report(.line(line))
        }
        pool.onOutcome = { _, outcome in report(.outcome(outcome)) }
    }
}

/// A development server has no pages of its own beside the app.
private struct DevPages: GatewayPages {
    let nodeID = "dev"

    func metrics() -> String { "" }

    func health() -> (ready: Bool, detail: String) { (true, "ready") }
}
