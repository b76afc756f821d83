public import Functions
public import Recordings
public import WorkerProtocol

/// Runs one invocation in a worker of its own and writes down everything that it follows from.
///
/// The worker is fresh, so nothing of other requests is in it; clock, timers and randomness are the recorder's. What the
/// function asks for is done by the host, once and for real. Nothing is durable.
public struct InvocationRecorder: Sendable {
    /// Receives console lines while the invocation runs; must not block.
    public typealias Log = @Sendable (LogLevel, String) -> Void

    /// What is to be recorded.
    public struct Order: Sendable {
        /// Whose code runs.
        public var version: FunctionVersion
        /// The app's name.
        public var app: String
        /// What runs; its environment holds no secrets.
        public var code: Recording.Code
        /// What is asked.
        public var input: Recording.Input
        /// The caller's name for the request, which the host sees.
        public var requestID: String

        /// Describes an invocation.
        public init(
            version: FunctionVersion, app: String, code: Recording.Code, input: Recording.Input, requestID: String
        ) {
            self.version = version
            self.app = app
            self.code = code
            self.input = input
            self.requestID = requestID
        }
    }

    /// Time that an invocation may take, work after its answer included. Default 30 s.
    public var wallLimit: Duration = .seconds(30)
    /// Lets workers run where the kernel has no seccomp. Default false.
    public var allowUnsealedWorkers = false
    private let workerPath: String
    private let host: (any FunctionHost)?

    /// - Parameters:
    ///   - workerPath: The `skerry-worker` program.
    ///   - host: Answers what the function asks for; nil: every call fails.
    public init(workerPath: String, host: (any FunctionHost)?) {
        self.workerPath = workerPath
        self.host = host
    }

    /// Runs and records an invocation. When this returns, its worker has ended.
    ///
    /// - Throws: ``RecordingError`` if it cannot be recorded so that it would end in the same way again; `FunctionError`
    ///   if there is no worker; `CancellationError`.
    public func record(_ order: Order, log: @escaping Log = { _, _ in }) async throws -> Recording {
        var settings = DrivenWorker.Settings(
            workerPath: workerPath,
            limits: FunctionLimits(
                cpu: .milliseconds(Int64(order.code.cpuMilliseconds)),
                memoryBytes: Int(clamping: order.code.memoryBytes)))
        settings.wallLimit = wallLimit + .seconds(5)
        settings.allowUnsealedWorkers = allowUnsealedWorkers
        let worker = try await DrivenWorker.start(settings)
        var run = RecordingRun(order, worker, host: host, wallLimit: wallLimit, log: log)
        do {
            let recording = try await run.run()
            run.end()
            await worker.close()
            return recording
        } catch {
            run.end()
            await worker.close()
            throw error
        }
    }
}
