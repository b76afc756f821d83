import Functions
import NIOCore
import Streams
import Synchronization

/// Tasks that fill the bodies of answers. Each ends with its body: finished, failed, or no longer wanted.
final class BodyPumps: Sendable {
    private struct State {
        /// Nil until the task is known; without an entry, it has ended.
        var running: [Int: Task<Void, Never>?] = [:]
        var next = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// A body that `fill` writes, in a task of its own; it obeys the reader's pace by waiting in `write`.
    ///
    /// The task is cancelled when the reader stops, or by the cancellation that it is given. What `fill` throws fails the body. `ended` runs in any case, last.
    func start(
        _ fill: @escaping @Sendable (ByteStream, Cancellation) async throws -> Void,
        ended: @escaping @Sendable () -> Void = {}
    ) -> ByteStream {
        let cancel = Cancellation()
        let stream = ByteStream(onStop: { cancel.fire() })
        let id = state.withLock { state in
            state.next += 1
            state.running[state.next] = .some(nil)
            return state.next
        }
        let task = Task {
            do {
                try await fill(stream, cancel)
                stream.finish()
            } catch {
                stream.fail(error)
            }
            ended()
            state.withLock { _ = $0.running.removeValue(forKey: id) }
        }
        cancel.arm(task)
        let isClosed = state.withLock { state in
            if state.running[id] != nil { state.running[id] = task }
            return state.isClosed
        }
        if isClosed { task.cancel() }
        return stream
    }

    /// A body of bytes that exist already: at once if they are few, otherwise at the reader's pace, with the lease kept
    /// until the end.
    func body(of bytes: ByteBuffer, lease: BodyMemory.Lease) -> FunctionBody {
        guard bytes.readableBytes > Self.partBytes else { return .bytes(bytes) }
        return .stream(
            start { stream, _ in
                var rest = bytes
                while rest.readableBytes > 0 {
                    guard let part = rest.readSlice(length: min(Self.partBytes, rest.readableBytes)) else { break }
                    try await stream.write(part)
                }
                withExtendedLifetime(lease) {}
            })
    }

    /// Parts in which bytes are handed on.
    private static let partBytes = 64 << 10

    /// Bodies that are being filled.
    var count: Int { state.withLock { $0.running.count } }

    /// Breaks off all bodies and waits until nothing fills them.
    func close() async {
        let all = state.withLock { state in
            state.isClosed = true
            return state.running.values.compactMap { $0 }
        }
        for task in all { task.cancel() }
        for task in all { await task.value }
    }
}

/// Cancels a task that may not exist yet.
final class Cancellation: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        var isFired = false
    }

    private let state = Mutex(State())

    /// Names the task; cancels it if that has been asked for already.
    func arm(_ task: Task<Void, Never>) {
        let isFired = state.withLock { state in
            state.task = task
            return state.isFired
        }
        if isFired { task.cancel() }
    }

    /// Cancels the task, now or once it is named.
    func fire() {
        let task = state.withLock { state in
            state.isFired = true
            return state.task
        }
        task?.cancel()
    }
}
