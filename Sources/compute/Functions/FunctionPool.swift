public import Logging
public import NIOCore
import NIOPosix
import Streams
import Synchronization
import WorkerProtocol

/// Runs functions in sandboxed worker processes.
///
/// Workers are started, loaded, watched and killed here; a worker serves one tenant's release and then ends. Nothing
/// is durable. Call ``shutdown()`` before dropping the pool: it leaves no process behind.
public final class FunctionPool: Sendable {
    /// Delivers a version's code.
    public typealias CodeSource = @Sendable () async throws -> FunctionCode
    /// Receives console lines, on any thread; must not block.
    public typealias LogSink = @Sendable (FunctionVersion, FunctionLogLine) -> Void
    /// Takes a call's answer, or its failure with ``FunctionError``, on the event loop that was given with the call.
    public typealias Completion = @Sendable (Result<FunctionReply, any Error>) -> Void
    /// Hears how calls ended, on any thread; must not block.
    public typealias OutcomeSink = @Sendable (FunctionVersion, FunctionOutcome) -> Void

    /// A call that was not answered yet. A class, since it is handed on and looked up for each call.
    final class Pending: Sendable {
        let call: FunctionCall
        let eventLoop: any EventLoop
        let completion: Completion
        let code: CodeSource
        let version: FunctionVersion
        let start: NIODeadline

        init(
            call: FunctionCall, eventLoop: any EventLoop, completion: @escaping Completion,
            code: @escaping CodeSource, version: FunctionVersion, start: NIODeadline
        ) {
            self.call = call
            self.eventLoop = eventLoop
            self.completion = completion
            self.code = code
            self.version = version
            self.start = start
        }

        func complete(_ result: Result<FunctionReply, any Error>) {
            if eventLoop.inEventLoop { return completion(result) }
            eventLoop.execute { self.completion(result) }
        }
    }

    /// Who hears of lines and outcomes. A class, since each call asks for it: closures that leave a lock are wrapped anew
    /// each time.
    final class Sinks: Sendable {
        let log: LogSink?
        let outcome: OutcomeSink?

        init(log: LogSink? = nil, outcome: OutcomeSink? = nil) {
            self.log = log
            self.outcome = outcome
        }
    }

    struct State {
        var core: PoolCore
        var pending: [PoolCore.RequestID: Pending] = [:]
        var handles: [PoolCore.WorkerID: WorkerHandle] = [:]
        var lastRequest: PoolCore.RequestID = 0
        var nextTick = NIODeadline.distantFuture
        var layersAreLogged = false
        /// When the node's log heard last of a worker that was ended because it could not be stopped.
        var overdueToldAt = NIODeadline.distantPast
        var drained: EventLoopFuture<Void>?
        var drainedPromise: EventLoopPromise<Void>?
    }

    /// The settings that the pool was made with.
    public let settings: Settings
    let eventLoop: any EventLoop
    /// Where the workers' sockets are served: a loop is a lane to the core.
    let loops: [any EventLoop]
    private let lanes: [ObjectIdentifier: Int]
    let logger: Logger
    let launcher: WorkerLauncher
    let host: (any FunctionHost)?
    let metrics = PoolMetrics()
    let state: Mutex<State>
    private let listeners = Mutex(Sinks())

    /// Makes a pool; processes are started with the first call (or by ``warmUp()``).
    ///
    /// - Parameters:
    ///   - settings: limits and sizes.
    ///   - group: where the workers' sockets are served.
    ///   - host: answers what functions ask for; without one every such call fails.
    ///   - logger: for what happens to workers, not for console lines.
    public init(
        settings: Settings, group: any EventLoopGroup, host: (any FunctionHost)? = nil, logger: Logger
    ) {
        self.host = host
        self.settings = settings
        loops = Array(group.makeIterator())
        lanes = Dictionary(loops.enumerated().map { (ObjectIdentifier($1), $0) }) { first, _ in first }
        self.eventLoop = group.next()
        self.logger = logger
        self.launcher = WorkerLauncher(
            path: settings.workerPath, allowUnsealed: settings.allowUnsealedWorkers,
            memoryLimitBytes: settings.memoryLimitBytes, zygote: WorkerZygote())
        self.state = Mutex(State(core: PoolCore(settings: settings, laneCount: loops.count)))
    }

    /// Nil for a loop that serves no workers.
    func lane(of eventLoop: any EventLoop) -> Int? { lanes[ObjectIdentifier(eventLoop)] }

    /// Receives the console lines of all functions.
    public var onLog: LogSink? {
        get { sinks.log }
        set { listeners.withLock { $0 = Sinks(log: newValue, outcome: $0.outcome) } }
    }

    /// Hears how every call ended.
    public var onOutcome: OutcomeSink? {
        get { sinks.outcome }
        set { listeners.withLock { $0 = Sinks(log: $0.log, outcome: newValue) } }
    }

    var sinks: Sinks { listeners.withLock { $0 } }

    /// Starts the spare workers now rather than with the first call.
    public func warmUp() {
        act { core, now in core.refillSpares(now: now) }
    }

    /// Calls a function.
    ///
    /// - Parameters:
    ///   - version: whose code answers.
    ///   - call: the request.
    ///   - code: asked for the script only when a worker must be loaded.
    ///   - eventLoop: where the result is delivered.
    ///   - completion: gets the result, once; it may before this returns. Once given to a worker that began it, a request
    ///     is never sent again.
    public func invoke(
        _ version: FunctionVersion, _ call: FunctionCall, code: @escaping CodeSource, on eventLoop: any EventLoop,
        completion: @escaping Completion
    ) {
        let start = NIODeadline.now()
        let wall = start + .nanoseconds(Int64(clamping: settings.wallLimit.wholeNanoseconds))
        let deadline = min(call.deadline ?? wall, wall)
        let pending = Pending(
            call: call, eventLoop: eventLoop, completion: completion, code: code, version: version, start: start)
        if let error = check(call) { return pending.complete(.failure(error)) }
        let id = add(pending, deadline: deadline.uptimeNanoseconds, now: start)
        call.cancellation?.onCancel { self.act { core, now in core.abandon(id, now: now) } }
    }

    /// Calls a function, for callers that want a future.
    public func invoke(
        _ version: FunctionVersion, _ call: FunctionCall, code: @escaping CodeSource, on eventLoop: any EventLoop
    ) -> EventLoopFuture<FunctionReply> {
        let promise = eventLoop.makePromise(of: FunctionReply.self)
        invoke(version, call, code: code, on: eventLoop) { promise.completeWith($0) }
        return promise.futureResult
    }

    /// Ends the workers of a version as soon as they have answered what they work on. Later calls start new ones.
    public func retire(_ version: FunctionVersion) {
        act { core, _ in core.retire(version) }
    }

    /// Fails what waits, kills every worker and returns when each one has been reaped. Later calls fail.
    public func shutdown() async {
        let (drained, isFirst) = state.withLock { state in
            if let drained = state.drained { return (drained, false) }
            let promise = eventLoop.makePromise(of: Void.self)
            state.drained = promise.futureResult
            state.drainedPromise = promise
            return (promise.futureResult, true)
        }
        if isFirst {
            act { core, _ in core.close() }
            finishDrainingIfEmpty()
        }
        // The promise only ever succeeds.
        try? await drained.get()
    }

    /// Process ids of the workers that have not been reaped.
    public var workerProcesses: [Int32] {
        state.withLock { state in state.handles.values.compactMap(\.pid).sorted() }
    }

    private func check(_ call: FunctionCall) -> FunctionError? {
        if case .bytes(let body) = call.body, body.readableBytes > settings.maxRequestBodyBytes {
            return FunctionError(
                .bodyTooLarge,
                "the request has \(body.readableBytes) bytes; functions take \(settings.maxRequestBodyBytes)")
        }
        let longest = call.headers.reduce(0) { max($0, $1.name.utf8.count, $1.value.utf8.count) }
        guard call.headers.count <= WireLimits.maxHeaderCount, longest <= WireLimits.maxHeaderBytes,
            call.url.utf8.count <= WireLimits.maxURLBytes, call.method.utf8.count <= WireLimits.maxHeaderBytes
        else { return FunctionError(.bodyTooLarge, "the request's URL or headers are too long for a function") }
        return nil
    }

    // MARK: Metrics

    /// Counts the end of a call and tells whoever wants to know.
    func note(_ pending: Pending, _ result: Result<Int, any Error>, _ cpuMicroseconds: UInt32? = nil) {
        let elapsed = (NIODeadline.now() - pending.start).nanoseconds
        let error: FunctionError? =
            switch result {
            case .success: nil
            case .failure(let error): error as? FunctionError ?? FunctionError(.crashed, "\(error)")
            }
        metrics.ended(error?.code, nanoseconds: elapsed)
        guard let outcome = sinks.outcome else { return }
        // A worker may say anything, but it has computed for no longer than the call took.
        let cpuMicroseconds = cpuMicroseconds.map { min($0, UInt32(clamping: elapsed / 1_000 + 1)) }
        outcome(
            pending.version,
            FunctionOutcome(
                requestID: pending.call.id, method: pending.call.method, url: pending.call.url,
                status: try? result.get(), error: error, wallNanoseconds: UInt64(max(0, elapsed)),
                cpuMicroseconds: cpuMicroseconds))
    }
}
