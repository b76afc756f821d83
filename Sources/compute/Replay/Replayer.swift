import Blake3
import Functions
public import Recordings
import WorkerProtocol

/// Runs a recorded invocation again, with the answers that it got then, and compares what it does.
///
/// Needs a worker program and nothing else: no node, no network, no store.
public struct Replayer: Sendable {
    /// How much more CPU time than the recorded limit a replay may use: machines differ, and scripts cannot tell.
    private static let cpuFactor: UInt32 = 4

    /// Time that a replay may take; timers do not wait in it. Default 60 s.
    public var wallLimit: Duration = .seconds(60)
    /// Lets the worker run where the kernel has no seccomp. Default false.
    public var allowUnsealedWorkers = false
    private let workerPath: String

    /// - Parameter workerPath: The `skerry-worker` program.
    public init(workerPath: String) { self.workerPath = workerPath }

    /// Runs a recording again. When this returns, its worker has ended.
    ///
    /// - Throws: ``RecordingError`` if the replay breaks a limit or the code does not load; `FunctionError` if there is
    ///   no worker. What the function does differently is in the report.
    public func replay(
        _ recording: Recording, log: @escaping InvocationRecorder.Log = { _, _ in }
    ) async throws -> ReplayReport {
        let cpu = recording.code.cpuMilliseconds.multipliedReportingOverflow(by: Self.cpuFactor)
        let cpuMilliseconds = cpu.overflow ? UInt32.max : cpu.partialValue
        var settings = DrivenWorker.Settings(
            workerPath: workerPath,
            limits: FunctionLimits(
                cpu: .milliseconds(Int64(cpuMilliseconds)), memoryBytes: Int(clamping: recording.code.memoryBytes)))
        settings.wallLimit = wallLimit
        settings.allowUnsealedWorkers = allowUnsealedWorkers
        let start = ContinuousClock.now
        let worker = try await DrivenWorker.start(settings)
        var run = ReplayRun(recording, worker, log: log)
        do {
            let (output, difference) = try await run.run(cpuMilliseconds: cpuMilliseconds)
            await worker.close()
            return ReplayReport(
                recording, outputHash: output?.hash, difference: difference, duration: ContinuousClock.now - start)
        } catch {
            await worker.close()
            throw error
        }
    }
}

/// One replay.
private struct ReplayRun {
    private let recording: Recording
    private let log: InvocationRecorder.Log
    private var invocation: DrivenInvocation

    init(_ recording: Recording, _ worker: DrivenWorker, log: @escaping InvocationRecorder.Log) {
        self.recording = recording
        self.log = log
        invocation = DrivenInvocation(worker, input: recording.input)
    }

    mutating func run(
        cpuMilliseconds: UInt32
    ) async throws -> (output: Recording.Output?, difference: ReplayReport.Difference?) {
        let actions = try await invocation.load(
            recording.code, cpuMilliseconds: cpuMilliseconds, startMilliseconds: recording.startMilliseconds,
            seed: recording.seed)
        if let difference = check(actions) { return (nil, difference) }
        for event in recording.events {
            if let call = event.call, call >= invocation.state.callCount { return (nil, missing(call)) }
            if event.kind == .request, !invocation.state.isLoaded {
                return (nil, .init(call: nil, message: "the code had not loaded when the request came"))
            }
            let actions = try await invocation.tell(event)
            if let difference = check(actions) { return (invocation.state.output, difference) }
        }
        let output = invocation.state.output
        return (output, lastDifference(output))
    }

    /// What the function asks for differently than it did.
    private func check(_ actions: [InvocationState.Action]) -> ReplayReport.Difference? {
        for action in actions {
            switch action {
            case .log(let level, let line): log(level, line)
            case .call(let place, let name, let argument, _, _):
                guard recording.calls.indices.contains(place) else {
                    return .init(call: place, message: "it asks for \(name); the recording has no such call")
                }
                let known = recording.calls[place]
                if known.name != name {
                    return .init(call: place, message: "it asks for \(name); the recording has \(known.name)")
                }
                if known.argumentHash != Blake3.hash(argument.utf8) {
                    return .init(call: place, message: "it asks for \(name) with other arguments")
                }
            default: continue
            }
        }
        return nil
    }

    private func lastDifference(_ output: Recording.Output?) -> ReplayReport.Difference? {
        let calls = invocation.state.recordedCalls
        if calls.count < recording.calls.count { return missing(calls.count) }
        for (place, call) in calls.enumerated() where call.bodyHash != recording.calls[place].bodyHash {
            return .init(call: place, message: "it sends another body with \(call.name)")
        }
        guard let output else { return .init(call: nil, message: "it gave no answer") }
        guard output.hash != recording.outputHash else { return nil }
        return .init(call: nil, message: "its output differs: \(Self.difference(recording.output, output))")
    }

    private func missing(_ place: Int) -> ReplayReport.Difference {
        .init(call: place, message: "it does not ask for \(recording.calls[place].name), as it did then")
    }

    private static func difference(_ old: Recording.Output, _ new: Recording.Output) -> String {
        switch (old, new) {
        case (.response(let oldStatus, let oldHeaders, _), .response(let newStatus, let newHeaders, _)):
            if oldStatus != newStatus { return "status \(newStatus), then \(oldStatus)" }
            return oldHeaders != newHeaders ? "other headers" : "another body"
        case (.failure(let oldCode, _), .failure(let newCode, _)):
            return oldCode != newCode ? "\(newCode), then \(oldCode)" : "another message with \(newCode)"
        case (.response, .failure(let code, let message)): return "\(code): \(message)"
        case (.failure(let code, _), .response): return "an answer, then \(code)"
        }
    }
}
