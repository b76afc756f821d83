import Dispatch
public import NIOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One line for each request. Lines are gathered and written by a queue of their own, so that a request costs no system call
/// and waits for no disk: what came in the last ``interval`` before a crash is lost.
///
/// When whatever takes the lines is too slow for them, ``maxWaitingBytes`` wait; further ones are counted, and a line
/// says how many.
public final class AccessLog: Sendable {
    /// How a line looks.
    public enum Format: Sendable {
        /// `2026-01-31T12:00:00.000Z info gateway: request method=GET host=… path=… status=200 …`
        case text
        /// The same as an object of JSON.
        case json
    }

    /// How long a line waits at most for others to be written with: 100 ms.
    public static let interval = TimeAmount.milliseconds(100)
    /// Lines that wait to be written: 4 MiB.
    public static let maxWaitingBytes = 4 << 20
    /// How long ``flush()`` waits for whatever takes the lines: 2 s.
    public static let flushTimeout = Duration.seconds(2)
    /// As many bytes are written without further waiting.
    private static let promptBytes = 64 << 10

    private struct State {
        var waiting: LogLines
        var dropped = 0
        var isScheduled = false
        var isWriting = false
    }

    private let write: @Sendable ([UInt8]) -> Void
    private let state: Mutex<State>
    /// The only place that writes, so that no two do at once.
    private let queue = DispatchQueue(label: "skerry.access-log")

    /// - Parameter write: Takes whole lines; called for one piece after the other; may block.
    public init(_ format: Format, write: @escaping @Sendable ([UInt8]) -> Void) {
        state = Mutex(State(waiting: LogLines(format)))
        self.write = write
    }

    /// A log that writes to a descriptor, standard error as a rule; errors are nobody's business.
    public convenience init(_ format: Format, descriptor: Int32 = 2) {
        self.init(format) { lines in
            lines.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress {
                    #if canImport(Glibc)
                        let count = Glibc.write(descriptor, start, rest.count)
                    #else
                        let count = Darwin.write(descriptor, start, rest.count)
                    #endif
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { return }
                    rest = rest.dropFirst(count)
                    if rest.isEmpty { return }
                }
            }
        }
    }

    /// Adds a request's line. Never waits.
    func add(_ entry: AccessEntry, on eventLoop: any EventLoop) {
        let (mustSchedule, mustWrite) = state.withLock { state -> (Bool, Bool) in
            let before = state.waiting.bytes.count
            entry.write(to: &state.waiting)
            let count = state.waiting.bytes.count
            guard count <= AccessLog.maxWaitingBytes else {
                state.waiting.cut(to: before)
                state.dropped += 1
                return (false, false)
            }
            if count >= AccessLog.promptBytes, !state.isWriting {
                state.isWriting = true
                return (false, true)
            }
            defer { state.isScheduled = true }
            return (!state.isScheduled, false)
        }
        if mustWrite { submit() }
        if mustSchedule { eventLoop.scheduleTask(in: AccessLog.interval) { self.due() } }
    }

    /// Writes what waits. For the end of a gateway.
    ///
    /// - Returns: Whether the lines have been handed to the writer; false when it is stuck for ``flushTimeout``, as a
    ///   full pipe that nobody reads is.
    @discardableResult
    func flush() async -> Bool {
        await withCheckedContinuation { continuation in
            let answer = FlushAnswer(continuation)
            queue.async {
                self.writeAll()
                answer.give(true)
            }
            let components = AccessLog.flushTimeout.components
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Int(components.seconds))) {
                answer.give(false)
            }
        }
    }

    /// Given once, by whoever comes first.
    private final class FlushAnswer: Sendable {
        private let waiter: Mutex<CheckedContinuation<Bool, Never>?>

        init(_ continuation: CheckedContinuation<Bool, Never>) { waiter = Mutex(continuation) }

        func give(_ isDone: Bool) { waiter.withLock { $0.take() }?.resume(returning: isDone) }
    }

    private func due() {
        let mustWrite = state.withLock { state in
            state.isScheduled = false
            guard !state.isWriting, !state.waiting.bytes.isEmpty else { return false }
            state.isWriting = true
            return true
        }
        if mustWrite { submit() }
    }

    private func submit() { queue.async { self.writeAll() } }

    /// On the queue.
    private func writeAll() {
        while true {
            let lines = state.withLock { state -> [UInt8] in
                if state.dropped > 0 {
                    state.waiting.begin("requests were left out of this log: too many came at once")
                    state.waiting.add("count", state.dropped)
                    state.waiting.end()
                    state.dropped = 0
                }
                if state.waiting.bytes.isEmpty { state.isWriting = false }
                return state.waiting.take()
            }
            if lines.isEmpty { return }
            write(lines)
        }
    }
}
