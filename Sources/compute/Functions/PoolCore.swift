import WorkerProtocol

/// The pool's decisions: which worker gets which request, when one is started, and when one must die.
///
/// Pure: time and measurements come in, actions go out. Every worker that was spawned ends with
/// ``workerExited(_:cause:last:now:)``.
struct PoolCore {
    /// A cancelled request must be given up within twice the CPU limit and this time.
    static let cancelGrace: UInt64 = 250_000_000
    /// The parent's CPU limit is twice the engine's, for the engine's own threads count as well, and this much.
    static let cpuSlack: UInt64 = 100_000_000
    /// CPU time that a worker has without requests: a minute, which is more than what goes on for 30 s after answers uses.
    static let freeCPU: UInt64 = 60_000_000_000
    /// A longer CPU limit of a request counts as an hour.
    static let maxRequestCPU: UInt64 = 3_600_000_000_000
    /// A worker on another event loop than the caller's counts as if it had so many requests more.
    static let laneChange = 16
    /// How long spares wait after a worker that did not start: 200 ms, doubled up to 51 s.
    static let startPause: UInt64 = 200_000_000
    static let maxStartDoublings = 8
    /// A function that found no spare is a reason to keep one more for so long: 60 s.
    static let demandMemory: UInt64 = 60_000_000_000

    /// How long a worker is looked at before it counts as saturated: 100 ms.
    static let loadWindow: UInt64 = 100_000_000
    /// The share of a processor, in percent, that a saturated worker uses at least.
    static let saturation: UInt64 = 75

    let settings: FunctionPool.Settings
    private let laneCount: Int
    var workers: [WorkerID: Worker] = [:]
    var requests: [RequestID: Request] = [:]
    var functions: [FunctionVersion: Function] = [:]
    var isClosed = false
    /// Workers that ended before their hello, in a row; spares wait longer after each.
    var startFailures = 0
    var sparesBlockedUntil: Instant = 0
    /// Functions that found no spare of late, and the last time that one did.
    var missedSpares = 0
    var lastMiss: Instant = 0
    /// Room was sought in vain; until then neither it nor further workers are thought of.
    var roomPausedUntil: Instant = 0
    /// When a worker with requests was last told to give its place up.
    var lastRetirement: Instant = 0
    private var lastWorkerID: WorkerID = 0

    /// - Parameter laneCount: Event loops that serve workers' sockets.
    init(settings: FunctionPool.Settings, laneCount: Int = 1) {
        self.laneCount = max(1, laneCount)
        self.settings = settings
    }

    /// Something needs to be watched closely.
    var isBusy: Bool {
        !requests.isEmpty
            || workers.values.contains { $0.phase == .starting || $0.phase == .loading || !$0.inFlight.isEmpty }
    }

    // MARK: Requests

    mutating func invoke(
        _ id: RequestID, _ version: FunctionVersion, deadline: Instant, now: Instant
    ) -> [Action] {
        if isClosed { return [.fail(id, Self.closing)] }
        if let placed = place(id, version, deadline: deadline, now: now) {
            return [.send(id, to: placed.worker, as: placed.wireID)]
        }
        var function = functions[version] ?? Function()
        if function.blockedUntil > now {
            functions[version] = function
            return [.fail(id, refusal(of: function, now: now))]
        }
        guard function.queue.count < settings.maxQueuedPerFunction else {
            return [
                .fail(
                    id,
                    FunctionError(
                        .overloaded, "\(function.queue.count) requests wait for this function already",
                        retryAfter: .seconds(1), isForLackOfRoom: true))
            ]
        }
        requests[id] = Request(version: version, deadline: deadline)
        function.queue.append(id)
        functions[version] = function
        return schedule(version, now: now)
    }

    /// A worker answered. Returns the request that the answer is for, unless its caller has been told otherwise.
    mutating func answered(_ worker: WorkerID, _ wireID: WireID, now: Instant) -> (RequestID?, [Action]) {
        guard let ended = change(worker, { $0.end(wireID, now: now) }) ?? nil else { return (nil, []) }
        if let request = ended.request { requests[request] = nil }
        if ended.isLast { return (ended.request, kill(worker, nil)) }
        guard let version = ended.version, functions[version]?.queue.isEmpty == false else {
            return (ended.request, [])
        }
        return (ended.request, schedule(version, now: now))
    }

    /// A worker began to answer, and the rest of the body follows: the caller's deadline is met, but the worker is still
    /// at work on it. Returns the request that the answer is for; ``answered(_:_:now:)`` follows at the body's end.
    mutating func answerBegan(_ worker: WorkerID, _ wireID: WireID) -> RequestID? {
        guard case .some(.some(let request)) = workers[worker]?.inFlight[wireID] else { return nil }
        workers[worker]?.inFlight[wireID] = .some(nil)
        requests[request] = nil
        return request
    }

    /// Nobody wants the rest of an answer: the worker must give it up soon.
    mutating func cancelled(_ worker: WorkerID, _ wireID: WireID, now: Instant) -> [Action] {
        guard workers[worker]?.inFlight[wireID] != nil else { return [] }
        let deadline = now + cancelAllowance(of: worker)
        workers[worker]?.cancelDeadlines[wireID] = deadline
        return []
    }

    /// The caller of a request waits no longer.
    mutating func abandon(_ id: RequestID, now: Instant) -> [Action] {
        guard let request = requests[id] else { return [] }
        return giveUp(id, request, FunctionError(.cancelled, "the caller went away"), now: now)
    }

    /// Ends a request for its caller: a worker that has it must give it up soon.
    mutating func giveUp(_ id: RequestID, _ request: Request, _ error: FunctionError, now: Instant) -> [Action] {
        requests[id] = nil
        guard let worker = request.worker else {
            functions[request.version]?.queue.removeAll { $0 == id }
            return [.fail(id, error)]
        }
        workers[worker]?.inFlight[request.wireID] = .some(nil)
        let deadline = now + cancelAllowance(of: worker)
        workers[worker]?.cancelDeadlines[request.wireID] = deadline
        return [.cancel(request.wireID, at: worker), .fail(id, error)]
    }

    /// Within which a worker must give up what was cancelled, in nanoseconds.
    func cancelAllowance(of worker: WorkerID) -> UInt64 {
        2 * (workers[worker]?.limits ?? settings.limits).cpu.wholeNanoseconds + Self.cancelGrace
    }

    /// Notes that the engine stopped a request at its CPU limit.
    mutating func brokeLimit(_ version: FunctionVersion, now: Instant) -> [Action] {
        recordFailure(of: version, now: now)
    }

    /// A request of a function that waits for a worker, or else for its answer; nil when nobody waits for the function.
    func openRequest(of version: FunctionVersion) -> RequestID? {
        guard let function = functions[version] else { return nil }
        return function.queue.first
            ?? function.workers.lazy.compactMap { workers[$0]?.inFlight.values.lazy.compactMap(\.self).first }.first
    }

    /// Counts a console line. False when a worker has written more than all requests that it had, and its script, may:
    /// twice the lines of each, for those of no request are counted anew with every request.
    mutating func countLine(of id: WorkerID) -> Bool {
        guard let worker = workers[id] else { return true }
        workers[id]?.lines = worker.lines + 1
        return worker.lines < 2 * (WireLimits.maxLogLines + 1) * (Int(worker.lastWireID / 2) + 1)
    }

    // MARK: Workers

    mutating func workerHello(_ id: WorkerID, now: Instant) -> [Action] {
        guard let worker = workers[id], worker.phase == .starting else { return [] }
        startFailures = 0
        guard let version = worker.version else {
            workers[id]?.phase = .spare
            workers[id]?.idleSince = now
            return refillSpares(now: now)
        }
        workers[id]?.phase = .loading
        return [.load(id, version)]
    }

    /// The code could not be had; the worker has seen none of it and stays.
    mutating func codeUnavailable(_ id: WorkerID, _ error: FunctionError, now: Instant) -> [Action] {
        guard let worker = workers[id], worker.phase == .loading, let version = worker.version else { return [] }
        functions[version]?.workers.removeAll { $0 == id }
        workers[id]?.version = nil
        workers[id]?.isRetiring = false
        workers[id]?.phase = .spare
        workers[id]?.idleSince = now
        return failQueue(of: version, error)
    }

    /// The code is on its way to a worker. What waits for it goes the same way, unless another worker takes it sooner:
    /// a first call does not wait for the worker's word.
    mutating func codeSent(_ id: WorkerID) -> [Action] {
        guard let worker = workers[id], worker.phase == .loading, !worker.isRetiring, let version = worker.version,
            var function = functions[version],
            !function.workers.contains(where: { workers[$0]?.phase == .ready })
        else { return [] }
        let requests = function.queue.prefix(settings.maxInFlightPerWorker)
        function.queue.removeFirst(requests.count)
        functions[version] = function
        return requests.map { assign($0, to: id) }
    }

    mutating func workerLoaded(_ id: WorkerID, now: Instant) -> [Action] {
        guard let worker = workers[id], worker.phase == .loading, let version = worker.version else { return [] }
        workers[id]?.phase = .ready
        workers[id]?.isLoaded = true
        workers[id]?.idleSince = now
        functions[version]?.loadFailure = nil
        // Retired while it was loaded: nothing more will be sent to it.
        if worker.isRetiring, worker.inFlight.isEmpty { return kill(id, nil) + schedule(version, now: now) }
        return schedule(version, now: now)
    }

    mutating func workerLoadFailed(_ id: WorkerID, _ message: String, now: Instant) -> [Action] {
        guard let worker = workers[id], worker.phase == .loading, let version = worker.version else { return [] }
        let error = FunctionError(.loadFailed, message)
        functions[version]?.loadFailure = error
        let blocked = recordFailure(of: version, now: now, isFree: false)
        return kill(id, error) + failQueue(of: version, error) + blocked
    }

    /// The process is gone and reaped.
    mutating func workerExited(
        _ id: WorkerID, cause: FunctionError, last sample: Sample?, now: Instant
    ) -> [Action] {
        guard var worker = workers.removeValue(forKey: id) else { return [] }
        if let sample { worker.started = max(worker.started, sample.started) }
        if worker.phase == .starting {
            sparesBlockedUntil = now + Self.startPause << UInt64(min(startFailures, Self.maxStartDoublings))
            startFailures += 1
        }
        guard let version = worker.version else { return isClosed ? [] : scheduleWaiting(now: now) }
        functions[version]?.workers.removeAll { $0 == id }
        let isFailure = worker.phase != .dying || worker.verdict != nil
        var actions: [Action] = []
        var retried: [RequestID] = []
        for (wireID, slot) in worker.inFlight.sorted(by: { $0.key < $1.key }) {
            guard let id = slot, let request = requests[id] else { continue }
            if wireID > worker.started, !request.wasRetried, !isClosed {
                requests[id]?.wasRetried = true
                requests[id]?.worker = nil
                retried.append(id)
            } else {
                requests[id] = nil
                actions.append(.fail(id, verdict(on: wireID, of: worker, cause: cause)))
            }
        }
        functions[version]?.queue.insert(contentsOf: retried, at: 0)
        if isFailure, !worker.isLoaded {
            let isStart = worker.phase == .starting
            let error =
                worker.verdict
                ?? (isStart ? cause : FunctionError(.loadFailed, "the worker ended while the code was loaded"))
            actions += failQueue(of: version, error)
        }
        if isFailure, worker.verdict?.code != .loadFailed, !isClosed {
            actions += recordFailure(of: version, now: now)
        }
        return isClosed ? actions : actions + scheduleWaiting(now: now)
    }

    /// Lets the workers of a version finish what they do and end.
    mutating func retire(_ version: FunctionVersion) -> [Action] {
        var actions: [Action] = []
        for id in functions[version]?.workers ?? [] {
            workers[id]?.isRetiring = true
            if let worker = workers[id], worker.phase == .ready, worker.inFlight.isEmpty { actions += kill(id, nil) }
        }
        return actions
    }

    /// Refuses everything from now on, fails what waits and kills every worker.
    mutating func close() -> [Action] {
        isClosed = true
        var actions = requests.keys.sorted().map { Action.fail($0, Self.closing) }
        requests.removeAll()
        functions.removeAll()
        for id in workers.keys.sorted() { actions += kill(id, nil) }
        return actions
    }

    // MARK: Parts

    /// Changes a worker where it lies. Nil if there is none of that name.
    @inline(__always)
    mutating func change<Value>(_ id: WorkerID, _ body: (inout Worker) -> Value) -> Value? {
        // Through the key it would be moved out and in again, with an allocation for each step.
        guard let index = workers.index(forKey: id) else { return nil }
        return body(&workers.values[index])
    }

    static let closing = FunctionError(
        .overloaded, "this node is shutting down", retryAfter: .seconds(1), isForLackOfRoom: true)

    mutating func kill(_ id: WorkerID, _ verdict: FunctionError?, culprit: WireID? = nil) -> [Action] {
        guard let worker = workers[id], worker.phase != .dying else { return [] }
        workers[id]?.phase = .dying
        workers[id]?.verdict = verdict
        workers[id]?.culprit = culprit
        return [.kill(id)]
    }

    mutating func makeWorker(for version: FunctionVersion?, now: Instant) -> Action {
        lastWorkerID += 1
        let turn = Int(lastWorkerID % UInt64(laneCount))
        let taken = workersByLane(of: version)
        let lane = taken.indices.min { (taken[$0], $0 == turn ? 0 : 1) < (taken[$1], $1 == turn ? 0 : 1) } ?? turn
        workers[lastWorkerID] = Worker(
            lane: lane, version: version, idleSince: now, startDeadline: now + settings.startLimit.wholeNanoseconds)
        return .spawn(lastWorkerID)
    }

    /// How many workers a function has on each event loop.
    func workersByLane(of version: FunctionVersion?) -> [Int] {
        var counts = [Int](repeating: 0, count: laneCount)
        for id in version.flatMap({ functions[$0]?.workers }) ?? [] {
            if let worker = workers[id] { counts[worker.lane] += 1 }
        }
        return counts
    }

    mutating func failQueue(of version: FunctionVersion, _ error: FunctionError) -> [Action] {
        let waiting = functions[version]?.queue ?? []
        functions[version]?.queue.removeAll()
        for id in waiting { requests[id] = nil }
        return waiting.map { .fail($0, error) }
    }

    private func verdict(on wireID: WireID, of worker: Worker, cause: FunctionError) -> FunctionError {
        guard let verdict = worker.verdict else { return cause }
        if worker.culprit == nil || worker.culprit == wireID { return verdict }
        return FunctionError(
            .interrupted, "another request of this function broke a limit (\(verdict.code.rawValue)); try again",
            retryAfter: .zero)
    }
}
