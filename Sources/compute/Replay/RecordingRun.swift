import Foundation
import Functions
import NIOCore
import Recordings
import Streams
import WorkerProtocol

/// One invocation while it is recorded.
struct RecordingRun {
    /// What happens outside of the worker.
    private enum News: Sendable {
        case answered(Int, HostAnswer)
        case failed(Int, HostCallError)
        case part(Int, ByteBuffer)
        case ended(Int, HostCallError?)
        /// The host wants no more of a call's body.
        case stopped(Int)
        case timer
        case wallLimit
    }

    /// A result's body on its way to the worker.
    private struct ResultBody {
        var stream: ByteStream?
        var pending = ByteBuffer()
        /// Bytes that the worker takes before it grants more.
        var window = WireLimits.bodyWindow
        var isAsking = false
        var end: HostCallError??
    }

    private let order: InvocationRecorder.Order
    private let host: (any FunctionHost)?
    private let wallLimit: Duration
    private let log: InvocationRecorder.Log
    private var invocation: DrivenInvocation
    private var events: [RecordedEvent] = []
    private var byteCount = 0
    private var start = ContinuousClock.now

    private let news: AsyncStream<News>.Continuation
    private var iterator: AsyncStream<News>.Iterator
    /// Calls of which something may still come.
    private var open: Set<Int> = []
    private var tasks: [Int: Task<Void, Never>] = [:]
    /// Bodies that go with calls and are not complete.
    private var bodies: [Int: ByteStream] = [:]
    private var results: [Int: ResultBody] = [:]
    private var timer: (due: UInt64, task: Task<Void, Never>)?
    private var wallTimer: Task<Void, Never>?

    init(
        _ order: InvocationRecorder.Order, _ worker: DrivenWorker, host: (any FunctionHost)?, wallLimit: Duration,
        log: @escaping InvocationRecorder.Log
    ) {
        self.order = order
        self.host = host
        self.wallLimit = wallLimit
        self.log = log
        invocation = DrivenInvocation(worker, input: order.input)
        let (stream, continuation) = AsyncStream.makeStream(of: News.self)
        news = continuation
        iterator = stream.makeAsyncIterator()
    }

    mutating func run() async throws -> Recording {
        let startMilliseconds = UInt64(max(0, Date().timeIntervalSince1970 * 1_000))
        var generator = SystemRandomNumberGenerator()
        let seed = (0..<RecordingLimits.seedBytes).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }
        start = .now
        let (news, end) = (news, start + wallLimit)
        wallTimer = Task {
            try? await Task.sleep(until: end, clock: .continuous)
            if !Task.isCancelled { news.yield(.wallLimit) }
        }
        let actions = try await invocation.load(
            order.code, cpuMilliseconds: order.code.cpuMilliseconds, startMilliseconds: startMilliseconds, seed: seed)
        carryOut(actions)
        let output = try await follow()
        return Recording(
            app: order.app, release: order.version.release, code: order.code, startMilliseconds: startMilliseconds,
            seed: seed, input: order.input, calls: invocation.state.recordedCalls, events: events, output: output)
    }

    /// Ends whatever still goes on for the invocation.
    mutating func end() {
        wallTimer?.cancel()
        timer?.task.cancel()
        for task in tasks.values { task.cancel() }
        for body in bodies.values { body.stop() }
        for result in results.values { result.stream?.stop() }
        news.finish()
    }

    /// Tells the worker what happens until nothing is left to do.
    private mutating func follow() async throws -> Recording.Output {
        var isAsked = false
        while true {
            try Task.checkCancellation()
            if invocation.state.isLoaded, !isAsked {
                isAsked = true
                try await tell(.request)
                continue
            }
            for place in results.keys.sorted() { try await flow(place) }
            let output = invocation.state.output
            if isAsked, let output, invocation.isOver { return output }
            if open.isEmpty, invocation.due == nil {
                if let output { return output }
                throw RecordingError(.noAnswer, "The function waits for something that never comes; it gave no answer")
            }
            startTimer()
            switch await iterator.next() {
            case .wallLimit?:
                // What a function does after its answer may be cut off, and is the same when it is replayed.
                if let output { return output }
                throw RecordingError(.limit, "The function gave no answer within \(wallLimit)")
            case let item?: try await hear(item)
            case nil: throw CancellationError()
            }
        }
    }

    private mutating func startTimer() {
        guard let due = invocation.due, timer?.due != due else { return }
        timer?.task.cancel()
        let (news, end) = (news, start + .nanoseconds(Int64(clamping: due)))
        timer = (
            due,
            Task {
                try? await Task.sleep(until: end, clock: .continuous)
                if !Task.isCancelled { news.yield(.timer) }
            }
        )
    }

    private mutating func tell(_ kind: RecordedEvent.Kind) async throws {
        let elapsed = (ContinuousClock.now - start) / .nanoseconds(1)
        let event = RecordedEvent(time: max(events.last?.time ?? 0, UInt64(max(0, elapsed))), kind: kind)
        events.append(event)
        byteCount += event.byteCount
        guard events.count <= RecordingLimits.maxEvents, byteCount <= RecordingLimits.maxTranscriptBytes else {
            throw RecordingError(
                .tooLarge,
                "The function hears of more than \(RecordingLimits.maxEvents) events or "
                    + "\(RecordingLimits.maxTranscriptBytes) bytes; recordings hold no more")
        }
        let actions = try await invocation.tell(event)
        carryOut(actions)
    }

    private mutating func hear(_ item: News) async throws {
        switch item {
        case .timer:
            timer = nil
            try await tell(.turn)
        case .wallLimit: return
        case .stopped(let place):
            if bodies.removeValue(forKey: place) != nil { try await tell(.stop(call: UInt32(place))) }
        case .failed(let place, let error):
            guard open.remove(place) != nil else { return }
            try await tell(.failed(call: UInt32(place), code: error.code, message: error.message))
        case .answered(let place, let answer):
            guard open.contains(place) else { return answer.body.stop() }
            try await begin(place, answer)
        case .part(let place, var part):
            results[place]?.isAsking = false
            results[place]?.pending.writeBuffer(&part)
        case .ended(let place, let error):
            results[place]?.isAsking = false
            results[place]?.end = .some(error)
        }
    }

    // MARK: Calls

    private mutating func carryOut(_ actions: [InvocationState.Action]) {
        for action in actions {
            switch action {
            case .call(let place, let name, let argument, let body, let continues):
                call(place, name, argument, body, continues)
            case .callData(let place, let bytes): bodies[place]?.append(ByteBuffer(bytes: bytes))
            case .callBodyEnded(let place): bodies.removeValue(forKey: place)?.finish()
            case .callBodyBroken(let place, let message):
                bodies.removeValue(forKey: place)?.fail(HostCallError("host/broken", message))
            case .credit(let place, let count): results[place]?.window += count
            case .dropped(let place):
                open.remove(place)
                tasks.removeValue(forKey: place)?.cancel()
                results.removeValue(forKey: place)?.stream?.stop()
            case .log(let level, let line): log(level, line)
            }
        }
    }

    private mutating func call(
        _ place: Int, _ name: String, _ argument: String, _ first: [UInt8], _ continues: Bool
    ) {
        let (news, host) = (news, host)
        var content = FunctionBody.bytes(ByteBuffer(bytes: first))
        if continues {
            let stream = ByteStream(onStop: { news.yield(.stopped(place)) })
            stream.append(ByteBuffer(bytes: first))
            bodies[place] = stream
            content = .stream(stream)
        }
        let call = HostCall(
            version: order.version, requestID: order.requestID, name: name, argument: argument, body: content)
        open.insert(place)
        tasks[place] = Task {
            do {
                guard let host else { throw HostCallError("host/unknown", "nobody answers such calls here") }
                let answer = try await host.answer(call)
                if Task.isCancelled { return answer.body.stop() }
                news.yield(.answered(place, answer))
            } catch {
                call.body.stop()
                if Task.isCancelled { return }
                news.yield(
                    .failed(
                        place, error as? HostCallError ?? HostCallError("host/failed", "the node could not do this")))
            }
        }
    }

    private mutating func begin(_ place: Int, _ answer: HostAnswer) async throws {
        let call = UInt32(place)
        guard answer.value.utf8.count <= RecordingLimits.maxValueBytes else {
            throw RecordingError(.tooLarge, "The result of call \(place) is too long for a recording")
        }
        if case .bytes(let bytes) = answer.body, bytes.readableBytes <= WireLimits.bodyWindow {
            open.remove(place)
            return try await tell(
                .result(call: call, value: answer.value, body: Array(buffer: bytes), continues: false))
        }
        var result = ResultBody()
        switch answer.body {
        case .bytes(let bytes):
            result.pending = bytes
            result.end = .some(nil)
        case .stream(let stream): result.stream = stream
        }
        results[place] = result
        try await tell(.result(call: call, value: answer.value, body: [], continues: true))
    }

    /// Hands over as much of a result's body as the worker takes, and asks for more when there is none.
    private mutating func flow(_ place: Int) async throws {
        let call = UInt32(place)
        while let result = results[place], result.pending.readableBytes > 0, result.window > 0 {
            let count = min(result.pending.readableBytes, result.window, WireLimits.maxPartBytes)
            guard let part = results[place]?.pending.readBytes(length: count) else { return }
            results[place]?.window -= count
            try await tell(.data(call: call, bytes: part))
        }
        guard let result = results[place], result.pending.readableBytes == 0 else { return }
        if let end = result.end {
            results[place] = nil
            open.remove(place)
            return try await tell(
                end.map { RecordedEvent.Kind.broken(call: call, message: $0.message) } ?? .end(call: call))
        }
        guard !result.isAsking, let stream = result.stream else { return }
        results[place]?.isAsking = true
        let news = news
        tasks[place] = Task {
            do {
                if let part = try await stream.next() {
                    news.yield(.part(place, part))
                } else {
                    news.yield(.ended(place, nil))
                }
            } catch {
                let known = error as? HostCallError
                news.yield(.ended(place, known ?? HostCallError("host/broken", "the body broke off")))
            }
        }
    }
}
