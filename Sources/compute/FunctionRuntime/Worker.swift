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
    private(set) var isLoaded = false
    var isLoading = false
    private var entryWasTerminated = false
    /// The thread's CPU time when the engine was entered, in nanoseconds.
    private var entryStart: UInt64 = 0
    private var cpuLimitNanoseconds: UInt64 = 0
    private var maxResponseBodyBytes = WireLimits.maxFrameBytes

    init(page: OpaquePointer, socket: Int32) {
        self.page = page
        self.socket = socket
    }

    // MARK: Frames

    /// Acts on one frame from the node.
    func handle(_ frame: Frame) {
        switch frame {
        case .load(let order):
            load(order)
        case .request(let id, let head, let body, let continues):
            dispatch(id, head, body, continues)
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
        case .hello, .loaded, .loadFailed, .response, .failure, .log, .call, .idle:
            _exit(WorkerExitCode.badFrame)
        }
    }

    private func load(_ order: LoadOrder) {
        guard let engine, !isLoaded, !isLoading else { _exit(WorkerExitCode.badFrame) }
        cpuLimitNanoseconds = UInt64(order.cpuLimitMilliseconds) * 1_000_000
        maxResponseBodyBytes = Int(order.maxResponseBodyBytes)
        isLoading = true
        if cpuLimitNanoseconds > 0 { engine.limitEntries(nanoseconds: cpuLimitNanoseconds) }
        enter(0, isFirst: false) {
            if ProgramCode.isModule(order.code) {
                _ = engine.call(.load, ProgramCode.arguments(order, in: engine.context))
                return
            }
            switch order.code.withUnsafeBufferPointer({ engine.evaluate($0, name: order.fileName) }) {
            case .success(let exports):
                _ = engine.call(.load, [exports, ScriptText.value(order.environment, in: engine.context)])
            case .failure(let exception):
                loadFailed(message: exception.message, stack: exception.stack)
            }
        }
        if isLoading, entryWasTerminated {
            loadFailed(message: "the script's top level used up its CPU time", stack: "")
        }
    }

    private func dispatch(_ id: UInt64, _ head: RequestHead, _ body: [UInt8], _ continues: Bool) {
        guard let engine, isLoaded else {
            send(.failure(id: id, code: .notLoaded, message: "the worker has no code yet"))
            return
        }
        requests.begin(id)
        let context = engine.context
        var threw: JSValueRef?
        let charged = enter(id, isFirst: true) {
            let arguments: [JSValueRef?] = [
                JSValueMakeNumber(context, Double(id)),
                ScriptText.value(head.method, in: context),
                ScriptText.value(head.url, in: context),
                ScriptText.value(Self.headerText(head.headers), in: context),
                body.isEmpty ? JSValueMakeUndefined(context) : ScriptBytes.makeBuffer(body, in: context),
                JSValueMakeBoolean(context, continues),
            ]
            if case .threw(let exception) = engine.call(.dispatch, arguments) { threw = exception }
        }
        if charged, let threw, requests.isOpen(id) {
            fail(id, .exception, ScriptException(threw, in: context).message)
        }
    }

    private func cancel(_ id: UInt64) {
        guard let engine, requests.isOpen(id) || requests.isStreaming(id) else { return }
        fail(id, .cancelled, "the node cancelled the request")
        abandon(id)
        enter(id, isFirst: false) { _ = engine.call(.cancel, [JSValueMakeNumber(engine.context, Double(id))]) }
    }

    /// One line for each name and each value; fields with a line break inside cannot come from HTTP and are left out.
    private static func headerText(_ headers: [HeaderField]) -> String {
        headers.lazy
            .filter { !$0.name.utf8.contains(0x0A) && !$0.value.utf8.contains(0x0A) }
            .map { "\($0.name)\n\($0.value)" }
            .joined(separator: "\n")
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
        entryStart = MonotonicClock.threadCPU()
        body()
        let used = MonotonicClock.threadCPU() - entryStart
        skerry_status_leave(page)
        current = 0
        let isWithinLimit = charge(id, used)
        flushIfDue()
        return isWithinLimit
    }

    private func charge(_ id: UInt64, _ used: UInt64) -> Bool {
        guard cpuLimitNanoseconds > 0 else { return true }
        let total = requests.charge(id, cpuNanoseconds: used) ?? used
        guard entryWasTerminated || total > cpuLimitNanoseconds else { return true }
        fail(id, .cpuLimit, "the request used more than its \(cpuLimitNanoseconds / 1_000_000) ms of CPU time")
        abandon(id)
        return false
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
        requests.expire(now: now)
        dropOrphanedCalls()
        // A script that restarts a zero timer for ever must not keep the socket waiting.
        var budget = timers.count
        while budget > 0, timersMayFire, let timer = timers.popDue(now: now) {
            budget -= 1
            let id = JSValueMakeNumber(engine.context, timer.id)
            if timer.owner == 0 || requests.isAlive(timer.owner, now: now) {
                enter(timer.owner, isFirst: false) { _ = engine.call(.fireTimer, [id]) }
            } else {
                _ = engine.call(.dropTimer, [id])
            }
        }
    }

    /// Nothing runs between requests: that time would be nobody's.
    var timersMayFire: Bool { isLoading || !requests.isIdle }

    /// Nanoseconds of the clock that scripts and timers see.
    var now: UInt64 { driven?.now ?? MonotonicClock.now() }

    // MARK: What the prelude asks for

    /// The request that a line or an error belongs to, as well as one can tell.
    var owner: UInt64 { current != 0 ? current : requests.onlyRequest ?? 0 }

    func loaded() {
        guard isLoading else { return }
        isLoading = false
        isLoaded = true
        send(.loaded)
    }

    func loadFailed(message: String, stack: String) {
        guard isLoading else { return }
        isLoading = false
        send(.loadFailed(message: message, stack: stack))
    }

    func respond(_ id: UInt64, status: UInt16, headerText: String, body: [UInt8], continues: Bool) {
        guard body.count <= maxResponseBodyBytes else {
            fail(
                id, .bodyTooLarge,
                "the response has \(body.count) bytes and the limit is \(maxResponseBodyBytes)")
            return
        }
        let parts = headerText.isEmpty ? [] : headerText.split(separator: "\n", omittingEmptySubsequences: false)
        let fits = parts.allSatisfy { $0.utf8.count <= WireLimits.maxHeaderBytes }
        guard parts.count / 2 <= WireLimits.maxHeaderCount, parts.count % 2 == 0, fits else {
            fail(id, .badResponse, "the response's headers are too many or too long")
            return
        }
        let used = requests.cpuNanoseconds(of: id) + (current == id ? MonotonicClock.threadCPU() - entryStart : 0)
        guard requests.answer(id, isStreaming: continues, now: now) else { return }
        let headers = stride(from: 0, to: parts.count, by: 2).map {
            HeaderField(name: String(parts[$0]), value: String(parts[$0 + 1]))
        }
        send(
            .response(
                id: id, status: status, headers: headers, body: body, continues: continues,
                cpuMicroseconds: UInt32(clamping: used / 1_000)))
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
        flushIfDue()
    }

    // MARK: Output

    func send(_ frame: Frame) { frame.encode(into: &output) }

    private func flushIfDue() {
        if output.isEmpty { return }
        let isDue = output.count >= Self.flushBytes || MonotonicClock.now() &- lastFlush >= Self.flushInterval
        if isDue { flush() }
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
