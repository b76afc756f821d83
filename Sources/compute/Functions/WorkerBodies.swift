import NIOCore
import Streams
import Synchronization
import WorkerProtocol

/// The bodies in parts between the node and one worker, and the host calls that they go with.
final class WorkerBodies: Sendable {
    /// Host calls that a worker may have open, their answers' bodies included.
    static let maxCalls = 256

    private struct Incoming {
        // The consumer holds it; when that lets go, the stream stops by itself.
        weak var stream: ByteStream?
        var outstanding = 0
    }

    private struct Outgoing {
        let source: ByteStream
        let gate: CreditGate
    }

    private struct State {
        var incoming: [UInt64: Incoming] = [:]
        var outgoing: [UInt64: Outgoing] = [:]
        var calls: [UInt64: Task<Void, Never>] = [:]
        var isClosed = false

        /// Calls without an answer, and those whose answer's body is on its way. Calls have odd ids.
        var openCalls: Int { calls.count + outgoing.keys.count { $0 % 2 == 1 && calls[$0] == nil } }
    }

    private let state = Mutex(State())
    private let send: @Sendable (Frame) -> Void

    init(send: @escaping @Sendable (Frame) -> Void) { self.send = send }

    // MARK: From the worker

    /// The stream of a body that the worker goes on with.
    ///
    /// - Parameter stopped: Tells the worker when the consumer wants no more; nil: it is told that of this body alone. A
    ///   request whose body is stopped has nothing left that could be cancelled.
    func receive(_ id: UInt64, stopped: (@Sendable () -> Void)? = nil) -> ByteStream {
        let stream = ByteStream(
            onTake: { [weak self] count in self?.grant(id, count) },
            onStop: { [weak self] in
                self?.forget(incoming: id)
                if let stopped { stopped() } else { self?.send(.stop(id: id)) }
            })
        let isOpen = state.withLock { state in
            if !state.isClosed { state.incoming[id] = Incoming(stream: stream) }
            return !state.isClosed
        }
        if !isOpen { stream.fail(FunctionError(.crashed, "the worker is gone")) }
        return stream
    }

    /// A part of a body. False when the worker sent more than it may.
    func received(_ id: UInt64, _ bytes: [UInt8]) -> Bool {
        let (stream, isWithin) = state.withLock { state -> (ByteStream?, Bool) in
            guard var incoming = state.incoming[id] else { return (nil, true) }
            incoming.outstanding += bytes.count
            state.incoming[id] = incoming
            return (incoming.stream, incoming.outstanding <= WireLimits.bodyWindow)
        }
        if isWithin { stream?.append(ByteBuffer(bytes: bytes)) }
        return isWithin
    }

    /// The end of a body that the worker sent.
    func ended(_ id: UInt64, _ error: FunctionError? = nil) {
        let stream = state.withLock { $0.incoming.removeValue(forKey: id)?.stream }
        if let error { stream?.fail(error) } else { stream?.finish() }
    }

    private func grant(_ id: UInt64, _ count: Int) {
        let isOpen = state.withLock { state in
            guard state.incoming[id] != nil else { return false }
            state.incoming[id]?.outstanding -= count
            return true
        }
        if isOpen { send(.credit(id: id, bytes: UInt32(clamping: count))) }
    }

    private func forget(incoming id: UInt64) { state.withLock { $0.incoming[id] = nil } }

    // MARK: To the worker

    /// Sends a body in parts until it ends or the worker wants no more.
    func transmit(_ id: UInt64, _ source: ByteStream) {
        let outgoing = Outgoing(source: source, gate: CreditGate(WireLimits.bodyWindow))
        let isOpen = state.withLock { state in
            if !state.isClosed { state.outgoing[id] = outgoing }
            return !state.isClosed
        }
        guard isOpen else { return source.stop() }
        Task {
            do {
                while var bytes = try await source.next() {
                    while let part = bytes.readSlice(
                        length: min(bytes.readableBytes, WireLimits.maxPartBytes)), part.readableBytes > 0
                    {
                        try await outgoing.gate.take(part.readableBytes)
                        self.send(.data(id: id, bytes: Array(buffer: part)))
                    }
                }
                if self.forget(outgoing: id) { self.send(.end(id: id)) }
            } catch {
                source.stop()
                let message = (error as? HostCallError)?.message ?? (error as? FunctionError)?.message
                if self.forget(outgoing: id) {
                    self.send(.broken(id: id, message: message ?? "the body broke off"))
                }
            }
        }
    }

    func credit(_ id: UInt64, _ bytes: UInt32) {
        state.withLock { $0.outgoing[id]?.gate }?.add(Int(bytes))
    }

    /// The worker wants no more of these bodies.
    func stopped(_ ids: some Sequence<UInt64>) {
        guard state.withLock({ !$0.outgoing.isEmpty || !$0.calls.isEmpty }) else { return }
        for id in ids { stopped(id) }
    }

    /// The worker wants no more of a body; if it goes with a call, the call is over too.
    func stopped(_ id: UInt64) {
        let (outgoing, call) = state.withLock { state in
            (state.outgoing.removeValue(forKey: id), state.calls.removeValue(forKey: id))
        }
        outgoing?.source.stop()
        outgoing?.gate.close()
        call?.cancel()
    }

    private func forget(outgoing id: UInt64) -> Bool {
        state.withLock { $0.outgoing.removeValue(forKey: id) != nil }
    }

    // MARK: Calls

    /// Runs a call in a task that ends with the worker. False when too many are open.
    func begin(_ id: UInt64, _ body: @escaping @Sendable () async -> Void) -> Bool {
        state.withLock { state in
            // A body that is on its way has its name until it ends: one in its place would leave it to nobody.
            guard !state.isClosed, state.openCalls < Self.maxCalls, state.calls[id] == nil, state.outgoing[id] == nil
            else { return false }
            state.calls[id] = Task { [weak self] in
                await body()
                self?.finished(id)
            }
            return true
        }
    }

    private func finished(_ id: UInt64) { state.withLock { $0.calls[id] = nil } }

    /// The worker is gone: whoever waits for a part hears of it, and nothing goes on.
    func close(_ error: FunctionError) {
        let (streams, outgoing, calls) = state.withLock { state in
            defer {
                state.incoming = [:]
                state.outgoing = [:]
                state.calls = [:]
                state.isClosed = true
            }
            return (state.incoming.values.compactMap(\.stream), state.outgoing.values, state.calls.values)
        }
        for stream in streams { stream.fail(error) }
        for body in outgoing {
            body.source.stop()
            body.gate.close()
        }
        for call in calls { call.cancel() }
    }
}

/// Lets one sender spend what its receiver granted.
final class CreditGate: Sendable {
    private struct State {
        var credit: Int
        var waiting: (count: Int, continuation: CheckedContinuation<Void, any Error>)?
        var isClosed = false
    }

    private let state: Mutex<State>

    init(_ credit: Int) { state = Mutex(State(credit: credit)) }

    /// Waits until `count` may be spent, and spends it.
    ///
    /// - Throws: ``ByteStream/Stopped`` once the gate is closed.
    func take(_ count: Int) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<Void, any Error>? in
                if state.isClosed { return .failure(ByteStream.Stopped()) }
                if state.credit >= count {
                    state.credit -= count
                    return .success(())
                }
                state.waiting = (count, continuation)
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }

    func add(_ count: Int) {
        let ready = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            state.credit = min(state.credit &+ count, Int(UInt32.max))
            guard let waiting = state.waiting, state.credit >= waiting.count else { return nil }
            state.credit -= waiting.count
            state.waiting = nil
            return waiting.continuation
        }
        ready?.resume()
    }

    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            return state.waiting.take()
        }
        waiting?.continuation.resume(throwing: ByteStream.Stopped())
    }
}
