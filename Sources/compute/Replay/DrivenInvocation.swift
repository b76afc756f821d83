import Functions
import NIOCore
import Recordings
import WorkerProtocol

/// A driven worker with the state of the one invocation that it runs.
struct DrivenInvocation {
    /// The largest answer that fits a frame at once; longer ones come in parts.
    private static let maxResponseBodyBytes = UInt32(RecordingLimits.maxOutputBytes)

    private let worker: DrivenWorker
    private let input: Recording.Input
    private(set) var state = InvocationState()
    /// When something happens by itself; nil: never.
    private(set) var due: UInt64?
    private(set) var isOver = false

    init(_ worker: DrivenWorker, input: Recording.Input) {
        self.worker = worker
        self.input = input
    }

    /// Makes the worker's world begin and loads the code.
    mutating func load(
        _ code: Recording.Code, cpuMilliseconds: UInt32, startMilliseconds: UInt64, seed: [UInt8]
    ) async throws -> [InvocationState.Action] {
        worker.drive(startMilliseconds: startMilliseconds, seed: seed)
        return try await turn(
            to: 0,
            [
                .load(
                    LoadOrder(
                        code: code.script, fileName: code.fileName, cpuLimitMilliseconds: cpuMilliseconds,
                        maxResponseBodyBytes: Self.maxResponseBodyBytes, environment: code.environment))
            ])
    }

    /// Tells the worker of an event and takes all that follows at once.
    mutating func tell(_ event: RecordedEvent) async throws -> [InvocationState.Action] {
        try await turn(to: event.time, try state.frames(for: event.kind, input: input))
    }

    private mutating func turn(to time: UInt64, _ frames: [Frame]) async throws -> [InvocationState.Action] {
        var actions: [InvocationState.Action] = []
        var next = frames
        repeat {
            let turn: DrivenWorker.Turn
            do { turn = try await worker.turn(to: time, next) } catch let error as FunctionError {
                throw RecordingError(error.code == .crashed ? .worker : .limit, error.message)
            }
            due = turn.due
            isOver = turn.isOver
            actions += try state.take(turn.frames)
            next = state.takeGrants()
        } while !next.isEmpty
        return actions
    }
}
