import CSandbox
import NIOCore
import Synchronization
import WorkerProtocol

/// One worker process as the pool holds it: its id until it is reaped, its status page, and its socket.
final class WorkerHandle: Sendable {
    private struct State {
        var pid: pid_t?
        var mustDie = false
        var channel: (any Channel)?
        var outbox: [UInt8] = []
        /// What the last outbox was, emptied.
        var spareOutbox: [UInt8] = []
        var flushIsScheduled = false
        var page: StatusPage?
        var cgroup: WorkerCgroup?
        var ranOutOfMemory = false
        /// Whose names log lines and calls of the function carry.
        var requests: [UInt64: FunctionCall] = [:]
    }

    private let state = Mutex(State())
    /// Bodies in parts, and host calls.
    let bodies: WorkerBodies

    init() {
        let outbox = Weak()
        bodies = WorkerBodies { outbox.handle?.send($0) }
        outbox.set(self)
    }

    /// Lets the bodies send through the handle that owns them.
    private final class Weak: Sendable {
        private struct Reference { weak var handle: WorkerHandle? }
        private let reference = Mutex(Reference())
        var handle: WorkerHandle? { reference.withLock { $0.handle } }
        func set(_ handle: WorkerHandle) { reference.withLock { $0.handle = handle } }
    }

    /// Takes the process after its start; kills it at once when ``kill()`` came first.
    func started(_ launched: WorkerLauncher.Launched) {
        state.withLock { state in
            state.pid = launched.pid
            state.page = launched.page
            state.cgroup = launched.cgroup
            if state.mustDie { skerry_kill(launched.pid) }
        }
    }

    /// Takes the connected socket and writes what has gathered.
    func connected(_ channel: any Channel) {
        state.withLock { $0.channel = channel }
        flush()
    }

    /// Queues a frame; frames of one event-loop turn leave in one write.
    func send(_ frame: Frame) { queue { frame.encode(into: &$0.outbox) } }

    /// Queues a request, with its body unless that is a stream, and remembers its name.
    func send(_ call: FunctionCall, as wireID: UInt64) {
        queue { state in
            state.requests[wireID] = call
            var isStream = true
            var body = ByteBuffer()
            if case .bytes(let bytes) = call.body { (isStream, body) = (false, bytes) }
            body.withUnsafeReadableBytes { body in
                Frame.encodeRequest(
                    id: wireID, method: call.method, url: call.url, headers: call.headers, body: body,
                    continues: isStream, into: &state.outbox)
            }
        }
    }

    private func queue(_ encode: (inout State) -> Void) {
        let eventLoop = state.withLock { state -> (any EventLoop)? in
            encode(&state)
            guard let channel = state.channel, !state.flushIsScheduled else { return nil }
            state.flushIsScheduled = true
            return channel.eventLoop
        }
        eventLoop?.execute { self.flush() }
    }

    private func flush() {
        var bytes: [UInt8] = []
        let channel = state.withLock { state in
            state.flushIsScheduled = false
            swap(&bytes, &state.outbox)
            swap(&state.outbox, &state.spareOutbox)
            return state.channel
        }
        guard let channel, !bytes.isEmpty else { return }
        channel.writeAndFlush(channel.allocator.buffer(bytes: bytes), promise: nil)
        guard bytes.capacity <= Self.keptBytes else { return }
        bytes.removeAll(keepingCapacity: true)
        state.withLock { swap(&$0.spareOutbox, &bytes) }
    }

    /// Memory of an outbox that is kept for later ones: 64 KiB.
    private static let keptBytes = 64 << 10

    /// Ends the process, now or as soon as it exists. ``reap()`` still has to follow.
    func kill() {
        state.withLock { state in
            state.mustDie = true
            if let pid = state.pid { skerry_kill(pid) }
        }
    }

    /// Kills and waits; blocks for as long as the kernel needs. Returns the wait status, nil without a process.
    func reap() -> Int32? {
        // Once the id has left the state nobody can send a signal to whatever gets that id next.
        guard let pid = state.withLock({ $0.pid.take() }) else { return nil }
        let status = skerry_reap(pid)
        if let cgroup = state.withLock({ $0.cgroup.take() }) {
            let ranOutOfMemory = cgroup.ranOutOfMemory
            state.withLock { $0.ranOutOfMemory = ranOutOfMemory }
            cgroup.remove()
        }
        return status
    }

    /// Whether the kernel ended the process for want of memory; known once it has been reaped.
    var ranOutOfMemory: Bool { state.withLock { $0.ranOutOfMemory } }

    /// Bounds the memory of the process by another function's limit than it was started with.
    func limitMemory(_ bytes: Int) { state.withLock { $0.cgroup }?.limitMemory(bytes) }

    /// What can be seen of the process; nil when it is gone.
    func sample() -> PoolCore.Sample? {
        state.withLock { state in
            guard let pid = state.pid, let page = state.page else { return nil }
            var sample = PoolCore.Sample()
            guard skerry_process_usage(pid, &sample.cpuNanoseconds, &sample.privateBytes) == 0 else { return nil }
            page.read(&sample)
            return sample
        }
    }

    /// What the page says once more, after the process has ended.
    func lastStatus() -> PoolCore.Sample? {
        state.withLock { state in
            guard let page = state.page else { return nil }
            var sample = PoolCore.Sample()
            page.read(&sample)
            return sample
        }
    }

    /// The process id while the process is not reaped.
    var pid: pid_t? { state.withLock { $0.pid } }

    /// Forgets the names of requests that are over, and ends what is left of their bodies.
    func forget(_ wireIDs: some Sequence<UInt64>) {
        state.withLock { state in
            for wireID in wireIDs { state.requests[wireID] = nil }
        }
        bodies.stopped(wireIDs)
    }

    /// The request of that name, until its answer is over.
    func request(_ wireID: UInt64) -> FunctionCall? { state.withLock { $0.requests[wireID] } }
}
