import CJavaScriptCore
import CSandbox
import Glibc
import WorkerProtocol

/// Answers the node's frames with the engine. Everything happens on the process's first thread.
final class Worker {
    /// Output is written at the latest when this much has gathered.
    private static let flushBytes = 256 << 10
    /// Output is written at the latest when the last write is this long ago, in nanoseconds.
    private static let flushInterval: UInt64 = 1_000_000

    /// Entries up to this are charged the time that passed, in nanoseconds: 200 µs.
    private static let shortEntry: UInt64 = 200_000

    /// How far the tenant's code is.
    enum CodeState { case none, loading, loaded, failed }

    /// What the status page says while the engine runs for no request: 0 means that it does not run.
    private static let nobody = UInt64.max

    private let page: OpaquePointer
    let socket: Int32
    var engine: Engine?
    var reader = FrameReader()
    var timers = TimerQueue()
    var requests = RequestTable()
    /// Host calls that are not over.
    var calls = CallTable()
    /// Bodies that this worker sends, by the id of their request or call.
    var bodies: [UInt64: OutgoingBody] = [:]
    /// Clock and chance as the node gives them; nil in ordinary workers.
    var driven: DrivenWorld?
    private var output: [UInt8] = []
    private var lastFlush: UInt64 = 0

    /// The request on whose behalf the engine runs; 0 for none.
    private(set) var current: UInt64 = 0
    private(set) var code = CodeState.none
    /// Frames of requests that came before the code was loaded, with the requests' ids, in order.
    private var early: [(id: UInt64, bytes: [UInt8])] = []
    private var entryWasTerminated = false
    /// When the engine was entered, in nanoseconds of the monotonic clock.
    private var entryStart: UInt64 = 0
    /// The thread's CPU time at some moment before the entry, in nanoseconds.
    private var cpuMark: UInt64 = 0
    /// Where a request's head is written for the engine.
    private var head: [UInt8] = []
    private var cpuLimitNanoseconds: UInt64 = 0
    private var maxResponseBodyBytes = WireLimits.maxFrameBytes

    init(page: OpaquePointer, socket: Int32) {
        self.page = page
        self.socket = socket
    }

    // MARK: Frames

    /// Acts on the bytes of one frame from the node.
    func handle(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        if let request = try RequestView(bytes) {
            if code == .loading { return early.append((request.id, Array(bytes))) }
            return dispatch(request)
        }
        let frame = try Frame.decode(bytes)
        if code == .loading, let id = frame.bodyOfRequest { return early.append((id, Array(bytes))) }
        handle(frame)
    }

    /// The node need not wait for the code's end: what it sent before is done now.
    func handleEarly() throws(WireError) {
        guard code == .loaded, !early.isEmpty else { return }
        let frames = early
        early = []
        for frame in frames {
            try frame.bytes.withUnsafeBufferPointer { bytes throws(WireError) in
                try handle(UnsafeRawBufferPointer(bytes))
            }
        }
    }

    /// Frames wait that can be handled.
    var hasEarly: Bool { code == .loaded && !early.isEmpty }

    private func handle(_ frame: Frame) {
        switch frame {
        case .load(let order):
            load(order)
        case .cancel(let id):
            cancel(id)
        case .result(let id, let value, let body, let continues):
            finishCall(id, value, body, continues)
        case .callFailed(let id, let code, let message):
            failCall(id, code, message)
        case .data, .end, .broken:
            receiveBody(frame)
        case .credit(let id, let bytes):
            addCredit(id, Int(bytes))
        case .stop(let id):
            stopBody(id)
        case .drive(let start, let seed):
            drive(startMilliseconds: start, seed: seed)
        case .turn(let time):
            turn(to: time)
        case .request, .hello, .loaded, .loadFailed, .response, .failure, .log, .call, .idle:
            _exit(WorkerExitCode.badFrame)
        }
    }

    private func load(_ order: LoadOrder) {
        guard let engine, code == .none else { _exit(WorkerExitCode.badFrame) }
        cpuLimitNanoseconds = UInt64(order.cpuLimitMilliseconds) * 1_000_000
        maxResponseBodyBytes = Int(order.maxResponseBodyBytes)
        code = .loading
        if cpuLimitNanoseconds > 0 { engine.limitEntries(nanoseconds: cpuLimitNanoseconds) }
        enter(0, isFirst: false) {
            let context = engine.context
            if ProgramCode.isModule(order.code) {
                _ = engine.call(
                    .load, order.code.withUnsafeBytes { ScriptBytes.makeBuffer($0, in: context) },
                    ScriptText.value(order.environment, in: context), ScriptText.value(order.fileName, in: context))
                return
            }
            switch order.code.withUnsafeBufferPointer({ engine.evaluate($0, name: order.fileName) }) {
            case .success(let exports):
                _ = engine.call(.load, exports, ScriptText.value(order.environment, in: context))
            case .failure(let exception):
                if !entryWasTerminated { loadFailed(message: exception.message, stack: exception.stack) }
            }
        }
        if code == .loading, entryWasTerminated {
            loadFailed(message: "the script's top level used up its CPU time", stack: "")
        }
    }

    private func dispatch(_ request: RequestView) {
        let id = request.id
        // Of code that does not load the node has been told, for all its requests.
        if code == .failed { return }
        guard let engine, code == .loaded else {
            return send(.failure(id: id, code: .notLoaded, message: "the worker has no code yet"))
        }
        requests.begin(id)
        let context = engine.context
        request.writeHead(to: &head)
        var threw: JSValueRef?
        let charged = enter(id, isFirst: true) {
            let outcome = engine.call(
                .dispatch, JSValueMakeNumber(context, Double(id)),
                head.withUnsafeBufferPointer { ScriptText.value($0, in: context) },
                request.body.isEmpty
                    ? JSValueMakeUndefined(context) : ScriptBytes.makeBuffer(request.body, in: context),
                JSValueMakeBoolean(context, request.continues))
            if case .threw(let exception) = outcome { threw = exception }
        }
        if charged, let threw, requests.isOpen(id) {
            fail(id, .exception, ScriptException(threw, in: context).message)
        }
    }

    private func cancel(_ id: UInt64) {
        if early.contains(where: { $0.id == id }) {
            early.removeAll { $0.id == id }
            return send(.failure(id: id, code: .cancelled, message: "the node cancelled the request"))
        }
        guard let engine, requests.isOpen(id) || requests.isStreaming(id) else { return }
        // What it wants to finish after its answer goes on.
        fail(id, .cancelled, "the node cancelled the request")
        bodies[id] = nil
        dropOrphanedCalls()
        enter(id, isFirst: false) { _ = engine.call(.cancel, JSValueMakeNumber(engine.context, Double(id))) }
    }

    // MARK: Entries

    /// Runs the engine for a request, charges it for the CPU time and flushes what is due.
    ///
    /// False when the request broke its limit; it has been answered then.
    @discardableResult
    func enter(_ id: UInt64, isFirst: Bool, _ body: () -> Void) -> Bool {
        current = id
        entryWasTerminated = false
        skerry_status_enter(page, id == 0 ? Self.nobody : id, isFirst ? 1 : 0)
        entryStart = MonotonicClock.now()
        body()
        if entryWasTerminated { engine?.takeBackTermination() }
        let end = MonotonicClock.now()
        skerry_status_leave(page)
        current = 0
        let used = entryCPU(until: end)
        if end - entryStart > Self.shortEntry { markCPU() }
        let isWithinLimit = charge(id, used)
        flushIfDue(end)
        return isWithinLimit
    }

    /// CPU time of the running entry, in nanoseconds.
    ///
    /// Asking for the thread's is a system call that may cost as much as a short entry: those are charged the time that
    /// has passed, which is no less.
    private func entryCPU(until time: UInt64) -> UInt64 {
        let elapsed = time - entryStart
        return elapsed <= Self.shortEntry ? elapsed : min(elapsed, MonotonicClock.threadCPU() - cpuMark)
    }

    /// Entries are charged for CPU time from here on.
    func markCPU() { cpuMark = MonotonicClock.threadCPU() }

    private func charge(_ id: UInt64, _ used: UInt64) -> Bool {
        guard cpuLimitNanoseconds > 0 else { return true }
        let total = requests.charge(id, cpuNanoseconds: used) ?? used
        guard entryWasTerminated || total > cpuLimitNanoseconds else { return true }
        let isKnown = requests.isKnown(id)
        fail(id, .cpuLimit, "the request used more than its \(cpuLimitNanoseconds / 1_000_000) ms of CPU time")
        abandon(id)
        if isKnown { drop(id) }
        return false
    }

    /// Lets the prelude forget a request that nothing runs for any more: others may wait for what it had.
    private func drop(_ id: UInt64) {
        guard let engine else { return }
        enter(0, isFirst: false) { _ = engine.call(.drop, JSValueMakeNumber(engine.context, Double(id))) }
    }

    /// The engine asks whether to stop the running entry.
    func stopEntry() -> Bool {
        entryWasTerminated = true
        return true
    }

    /// Fires the timers that are due, unless the node says when.
    func runTimers() {
        if driven == nil { fireTimers() }
    }

    func fireTimers() {
        guard let engine else { return }
        let now = self.now
        let expired = requests.expire(now: now)
        dropOrphanedCalls()
        for id in expired { drop(id) }
        // A script that restarts a zero timer for ever must not keep the socket waiting.
        var budget = timers.count
        while budget > 0, timersMayFire, let timer = timers.popDue(now: now) {
            budget -= 1
            let id = JSValueMakeNumber(engine.context, timer.id)
            if timer.owner == 0 || requests.isAlive(timer.owner, now: now) {
                enter(timer.owner, isFirst: false) { _ = engine.call(.fireTimer, id) }
            } else {
                _ = engine.call(.dropTimer, id)
            }
        }
    }

    /// Nothing runs between requests: that time would be nobody's.
    var timersMayFire: Bool { code == .loading || !requests.isIdle }

    /// Nanoseconds of the clock that scripts and timers see.
    var now: UInt64 { driven?.now ?? MonotonicClock.now() }

    // MARK: What the prelude asks for

    /// The request that a line or an error belongs to, as well as one can tell.
    var owner: UInt64 { current != 0 ? current : requests.onlyRequest ?? 0 }

    func loaded(takesSchedules: Bool) {
        guard code == .loading else { return }
        code = .loaded
        send(.loaded(takesSchedules: takesSchedules))
    }

    func loadFailed(message: String, stack: String) {
        guard code == .loading else { return }
        code = .failed
        early = []
        send(.loadFailed(message: message, stack: stack))
    }

    /// - Parameter headerLines: As ``Frame/encodeResponse(id:status:headerLines:body:continues:cpuMicroseconds:into:)``
    ///   takes them.
    func respond(
        _ id: UInt64, status: UInt16, headerLines: UnsafeBufferPointer<UInt8>, body: UnsafeRawBufferPointer,
        continues: Bool
    ) {
        guard body.count <= maxResponseBodyBytes else {
            fail(
                id, .bodyTooLarge,
                "the response has \(body.count) bytes and the limit is \(maxResponseBodyBytes)")
            return
        }
        guard requests.isOpen(id) else { return }
        let entry = current == id ? entryCPU(until: MonotonicClock.now()) : 0
        let isEncoded = Frame.encodeResponse(
            id: id, status: status, headerLines: headerLines, body: body, continues: continues,
            cpuMicroseconds: UInt32(clamping: (requests.cpuNanoseconds(of: id) + entry) / 1_000), into: &output)
        guard isEncoded else {
            fail(id, .badResponse, "the response's headers are too many or too long, alone or with its body")
            return
        }
        _ = requests.answer(id, isStreaming: continues, now: now)
        if continues { bodies[id] = OutgoingBody() }
    }

    /// The request gets no answer; if it has one already, the rest of its body does not come.
    func fail(_ id: UInt64, _ code: FailureCode, _ message: String) {
        if requests.answer(id, isStreaming: false, now: now) {
            send(.failure(id: id, code: code, message: message))
        } else if requests.isStreaming(id) {
            breakBody(id, message)
        }
    }

    /// An exception that nobody caught: its stack goes to the log, and the request that it belongs to fails.
    func uncaught(message: String, stack: String) {
        let id = owner
        log(id, .error, stack.isEmpty ? message : stack)
        fail(id, .exception, message)
    }

    func log(_ id: UInt64, _ level: LogLevel, _ line: String) {
        switch requests.admitLog(id, bytes: line.utf8.count) {
        case .write:
            send(.log(id: id, level: level, line: line))
        case .writeNotice:
            send(.log(id: id, level: .warning, line: "more lines of this request are dropped: it reached its limit"))
        case .drop:
            return
        }
        flushIfDue(MonotonicClock.now())
    }

    // MARK: Output

    func send(_ frame: Frame) { frame.encode(into: &output) }

    func flushIfDue(_ time: UInt64) {
        if output.isEmpty { return }
        if output.count >= Self.flushBytes || time &- lastFlush >= Self.flushInterval { flush() }
    }

    /// Writes everything, waiting for the node when it must; the node always reads.
    func flush() {
        if output.isEmpty { return }
        lastFlush = MonotonicClock.now()
        var written = 0
        output.withUnsafeBytes { bytes in
            while written < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                let count = write(socket, rest.baseAddress, rest.count)
                if count > 0 {
                    written += count
                } else if errno != EINTR {
                    _exit(WorkerExitCode.socket)
                }
            }
        }
        output.removeAll(keepingCapacity: output.capacity <= 4 * Self.flushBytes)
    }
}

extension Frame {
    /// The request whose body this is a part or the end of; nil for other frames, and for the bodies of calls.
    fileprivate var bodyOfRequest: UInt64? {
        switch self {
        case .data(let id, _), .end(let id), .broken(let id, _): id % 2 == 0 ? id : nil
        default: nil
        }
    }
}
