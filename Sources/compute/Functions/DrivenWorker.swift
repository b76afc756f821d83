import NIOCore
import NIOPosix
import Synchronization
public import WorkerProtocol

/// One worker process that answers to one caller: its clock moves, its timers fire and its randomness begins as the
/// caller says, so that the same turns lead to the same frames.
///
/// It is confined as every worker is. Nothing of it is shared with a pool. Call ``close()`` before dropping it: it leaves
/// no process behind.
public final class DrivenWorker: Sendable {
    /// What a driven worker may use.
    public struct Settings: Sendable {
        /// Path of the `skerry-worker` program.
        public var workerPath: String
        /// CPU time and private memory. One turn that takes twice the CPU time and 100 ms more is ended.
        public var limits: FunctionLimits
        /// Time from the start of the process to its end. Default 30 s.
        public var wallLimit: Duration = .seconds(30)
        /// Lets the worker run where the kernel has no seccomp. Default false.
        public var allowUnsealedWorkers = false

        /// Settings for the worker program at `workerPath`.
        public init(workerPath: String, limits: FunctionLimits) {
            self.workerPath = workerPath
            self.limits = limits
        }
    }

    /// What a worker said in one turn.
    public struct Turn: Sendable {
        /// Its frames, in their order; never an `idle`.
        public var frames: [Frame]
        /// Nothing happens by itself before this time, in nanoseconds; nil: ever.
        public var due: UInt64?
        /// No request has anything left to do.
        public var isOver: Bool
    }

    /// Bytes of bodies and calls that one turn may lead to: 64 MiB.
    public static let maxTurnBytes = 64 << 20

    private struct State {
        var frames: [Frame] = []
        var byteCount = 0
        var waiting: CheckedContinuation<Void, Never>?
        var isConnected = false
        var isClosed = false
        var cause: FunctionError?
        var turnCPU: UInt64?
    }

    private static let watchInterval = Duration.milliseconds(20)

    private let settings: Settings
    private let handle = WorkerHandle()
    private let state = Mutex(State())
    private let watch = Mutex<Task<Void, Never>?>(nil)

    private init(_ settings: Settings) { self.settings = settings }

    /// Starts a process and waits for its engine.
    ///
    /// - Throws: ``FunctionError`` if there is none.
    public static func start(_ settings: Settings) async throws -> DrivenWorker {
        let worker = DrivenWorker(settings)
        do {
            try await worker.launch()
            return worker
        } catch {
            await worker.close()
            throw error
        }
    }

    private func launch() async throws {
        let launcher = WorkerLauncher(
            path: settings.workerPath, allowUnsealed: settings.allowUnsealedWorkers,
            memoryLimitBytes: settings.limits.memoryBytes)
        let handle = handle
        let launched = try await NIOThreadPool.singleton.runIfActive {
            let launched = try launcher.launch()
            handle.started(launched)
            return launched
        }
        let unread = WireLimits.maxUnreadBytes
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.writeBufferWaterMark, value: .init(low: unread / 2, high: unread))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        WorkerChannelHandler(
                            received: { self.received($0) }, closed: { _ in self.disconnected() }))
                }
            }
            .withConnectedSocket(launched.socket).get()
        state.withLock { $0.isConnected = true }
        handle.connected(channel)
        watch.withLock { $0 = Task { [weak self] in await self?.keepLimits() } }
        let said = try await collect { !$0.isEmpty }
        guard case .hello(WireLimits.protocolVersion, _)? = said.first else {
            throw FunctionError(
                .workerMissing, "the worker program is of another version; install the one that came with this tool")
        }
    }

    /// Makes the worker's world begin. Once, before anything else.
    ///
    /// - Parameter seed: ``WireLimits/seedBytes`` bytes.
    public func drive(startMilliseconds: UInt64, seed: [UInt8]) {
        handle.send(.drive(startMilliseconds: startMilliseconds, seed: seed))
    }

    /// Moves the clock to `time`, hands the frames over, and waits until the worker has done all that follows.
    ///
    /// Timers that are due at `time` fire before the frames; those that the frames start with no delay fire after them.
    /// One call at a time.
    ///
    /// - Throws: ``FunctionError`` when the worker is gone or broke a limit; it is of no use any more then.
    public func turn(to time: UInt64, _ frames: [Frame] = []) async throws -> Turn {
        let usage = handle.sample()?.cpuNanoseconds
        state.withLock { $0.turnCPU = usage }
        defer { state.withLock { $0.turnCPU = nil } }
        handle.send(.turn(time: time))
        for frame in frames { handle.send(frame) }
        if !frames.isEmpty { handle.send(.turn(time: time)) }
        let expected = frames.isEmpty ? 1 : 2
        let said = try await collect { $0.count(where: \.isIdle) >= expected }
        guard case .idle(let due, let isOver)? = said.last else {
            throw FunctionError(.crashed, "the worker went on after it had said that it was idle")
        }
        return Turn(frames: said.filter { !$0.isIdle }, due: due == .max ? nil : due, isOver: isOver)
    }

    /// Loads code into a worker that is not driven: its clock, its timers and its randomness are the real ones.
    ///
    /// - Returns: `loaded` or `loadFailed`; `call` if the code wants something of its node before it is loaded.
    /// - Throws: ``FunctionError`` when the worker is gone or broke a limit.
    func load(_ code: FunctionCode) async throws -> Frame {
        let usage = handle.sample()?.cpuNanoseconds
        state.withLock { $0.turnCPU = usage }
        defer { state.withLock { $0.turnCPU = nil } }
        handle.send(
            .load(
                LoadOrder(
                    code: Array(buffer: code.script), fileName: code.fileName,
                    cpuLimitMilliseconds: UInt32(clamping: settings.limits.cpu.wholeNanoseconds / 1_000_000),
                    maxResponseBodyBytes: 0, environment: code.environment)))
        while true {
            for frame in try await collect(until: { !$0.isEmpty }) {
                switch frame {
                case .loaded, .loadFailed, .call: return frame
                default: continue
                }
            }
        }
    }

    /// Ends the process and waits for its end.
    public func close() async {
        watch.withLock { $0.take() }?.cancel()
        handle.kill()
        if state.withLock({ $0.isConnected }) {
            // The end of the process closes its socket, and whoever hears that waits for the process.
            while !state.withLock({ $0.isClosed }) { await wait(until: { _ in false }) }
        } else {
            let handle = handle
            _ = try? await NIOThreadPool.singleton.runIfActive { handle.reap() }
        }
    }

    // MARK: Frames

    /// Waits until what came satisfies `isEnough`, and takes all of it.
    private func collect(until isEnough: ([Frame]) -> Bool) async throws -> [Frame] {
        while true {
            let found = try state.withLock { state throws -> [Frame]? in
                if isEnough(state.frames) {
                    defer {
                        state.frames = []
                        state.byteCount = 0
                    }
                    return state.frames
                }
                if state.isClosed { throw state.cause ?? FunctionError(.crashed, "the function's worker is gone") }
                return nil
            }
            if let found { return found }
            await wait(until: isEnough)
        }
    }

    /// Returns when frames came, or the process has ended.
    private func wait(until isEnough: ([Frame]) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isLate = state.withLock { state in
                if state.isClosed || isEnough(state.frames) { return true }
                state.waiting = continuation
                return false
            }
            if isLate { continuation.resume() }
        }
    }

    private func received(_ frames: [Frame]) {
        let (waiting, isTooMuch) = state.withLock { state in
            state.frames += frames
            state.byteCount += frames.reduce(0) { $0 + $1.bodyBytes }
            return (state.waiting.take(), state.byteCount > Self.maxTurnBytes)
        }
        if isTooMuch {
            end(FunctionError(.bodyTooLarge, "the function sends more than \(Self.maxTurnBytes) bytes at once"))
        }
        waiting?.resume()
    }

    /// The socket is closed: the process has ended, or does now.
    private func disconnected() {
        let handle = handle
        NIOThreadPool.singleton.submit { _ in
            let status = handle.reap()
            let cause = handle.ranOutOfMemory ? FunctionPool.outOfMemory : FunctionPool.cause(of: status)
            let waiting = self.state.withLock { state in
                state.cause = state.cause ?? cause
                state.isClosed = true
                return state.waiting.take()
            }
            waiting?.resume()
        }
    }

    private func end(_ cause: FunctionError) {
        state.withLock { $0.cause = $0.cause ?? cause }
        handle.kill()
    }

    // MARK: Limits

    private func keepLimits() async {
        let end = ContinuousClock.now + settings.wallLimit
        let cpuLimit = 2 * settings.limits.cpu.wholeNanoseconds + 100_000_000
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.watchInterval)
            guard !Task.isCancelled, let sample = handle.sample() else { return }
            if ContinuousClock.now >= end {
                return self.end(FunctionError(.wallLimit, "the function did not end within \(settings.wallLimit)"))
            }
            if sample.privateBytes > UInt64(clamping: settings.limits.memoryBytes) {
                return self.end(
                    FunctionError(.memoryLimit, "the function used more than \(settings.limits.memoryBytes) bytes"))
            }
            let start = state.withLock { $0.turnCPU }
            if settings.limits.cpu > .zero, let start, sample.cpuNanoseconds > start &+ cpuLimit {
                return self.end(
                    FunctionError(.cpuLimit, "the function used more than \(settings.limits.cpu) of CPU time"))
            }
        }
    }
}

extension Frame {
    fileprivate var isIdle: Bool { if case .idle = self { true } else { false } }

    /// Bytes whose number the worker's script chooses.
    fileprivate var bodyBytes: Int {
        switch self {
        case .response(_, _, _, let body, _, _): body.count
        case .call(_, let order, let body, _): body.count + order.argument.utf8.count
        case .data(_, let bytes): bytes.count
        case .log(_, _, let line): line.utf8.count
        default: 0
        }
    }
}
