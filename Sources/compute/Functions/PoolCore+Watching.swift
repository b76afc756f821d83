extension PoolCore {
    /// Looks at clocks and measurements. Workers without a sample are judged by the clock alone.
    mutating func tick(now: Instant, samples: [WorkerID: Sample]) -> [Action] {
        var actions: [Action] = []
        for id in workers.keys.sorted() {
            if let sample = samples[id] {
                actions += judge(id, sample)
                actions += closeWindow(of: id, sample, now: now)
            }
            actions += judgeByClock(id, now: now)
        }
        actions += expireRequests(now: now)
        actions += relieveSaturated(now: now)
        forgetFunctions(now: now)
        return isClosed ? actions : actions + scheduleWaiting(now: now)
    }

    private mutating func judge(_ id: WorkerID, _ sample: Sample) -> [Action] {
        guard var worker = workers[id], worker.phase != .dying else { return [] }
        let isNewEntry = sample.running == 0 || sample.entries != worker.entries
        if isNewEntry {
            worker.entries = sample.entries
            worker.entryCPU = sample.cpuNanoseconds
        }
        worker.started = sample.started
        workers[id] = worker
        let culprit = culprit(in: worker, sample)
        let limits = worker.limits ?? settings.limits
        if sample.privateBytes > UInt64(clamping: limits.memoryBytes) {
            let megabytes = limits.memoryBytes >> 20
            return kill(
                id, FunctionError(.memoryLimit, "the function used more than its \(megabytes) MiB of memory"),
                culprit: culprit)
        }
        let limit = limits.cpu.wholeNanoseconds
        let used = sample.cpuNanoseconds >= worker.entryCPU ? sample.cpuNanoseconds - worker.entryCPU : 0
        if limit > 0, used > 2 * limit + Self.cpuSlack {
            return kill(
                id,
                FunctionError(
                    .cpuLimit, "the request used more than its \(limit / 1_000_000) ms of CPU time without a pause"),
                culprit: culprit)
        }
        return []
    }

    /// Looks at what a worker used in a whole ``loadWindow``, whatever it says that it did.
    private mutating func closeWindow(of id: WorkerID, _ sample: Sample, now: Instant) -> [Action] {
        guard var worker = workers[id], now >= worker.windowStart, now - worker.windowStart >= Self.loadWindow else {
            return []
        }
        let used = sample.cpuNanoseconds >= worker.windowCPU ? sample.cpuNanoseconds - worker.windowCPU : 0
        let passed = now - worker.windowStart
        // A window longer than two has a pause in it, in which nobody looked.
        worker.isSaturated =
            passed <= 2 * Self.loadWindow && worker.inFlight.count > 1 && used / Self.saturation >= passed / 100
        worker.windowStart = now
        worker.windowCPU = sample.cpuNanoseconds
        let limit = (worker.limits ?? settings.limits).cpu.wholeNanoseconds
        let each = min(2 * limit + Self.cpuSlack, Self.maxRequestCPU)
        let isWithin = limit == 0 || worker.spend(used, in: passed, each: each)
        workers[id] = worker
        if isWithin { return [] }
        return kill(
            id, FunctionError(.cpuLimit, "the function used more CPU time than all of its requests together may"))
    }

    /// Functions whose workers compute all the time get one more.
    private mutating func relieveSaturated(now: Instant) -> [Action] {
        guard !isClosed else { return [] }
        let versions = Set(workers.values.lazy.filter(\.isSaturated).compactMap(\.version))
        return versions.flatMap { schedule($0, now: now) }
    }

    /// Whom to blame: the request that runs, else the only one there is, else all of them.
    private func culprit(in worker: Worker, _ sample: Sample) -> WireID? {
        if worker.inFlight[sample.running] != nil { return sample.running }
        return worker.inFlight.count == 1 ? worker.inFlight.keys.first : nil
    }

    private mutating func judgeByClock(_ id: WorkerID, now: Instant) -> [Action] {
        guard let worker = workers[id] else { return [] }
        switch worker.phase {
        case .starting, .loading:
            guard now > worker.startDeadline else { return [] }
            let seconds = settings.startLimit.components.seconds
            return kill(id, FunctionError(.loadFailed, "the code was not loaded within \(seconds) s"))
        case .ready:
            if let overdue = worker.cancelDeadlines.first(where: { now > $0.value }) {
                return kill(
                    id, FunctionError(.wallLimit, "the request was not answered in time and could not be cancelled"),
                    culprit: overdue.key)
            }
            let idleTimeout = settings.idleTimeout.wholeNanoseconds
            let isIdle = worker.inFlight.isEmpty && now > worker.idleSince && now - worker.idleSince > idleTimeout
            return isIdle ? kill(id, nil) : []
        case .spare, .dying:
            return []
        }
    }

    private mutating func expireRequests(now: Instant) -> [Action] {
        var actions: [Action] = []
        for (id, request) in requests.filter({ now > $0.value.deadline }).sorted(by: { $0.key < $1.key }) {
            let error =
                request.worker != nil
                ? FunctionError(.wallLimit, "the function did not answer in time")
                : FunctionError(
                    .overloaded, "no worker was free before the request's time was over", retryAfter: .seconds(1))
            actions += giveUp(id, request, error, now: now)
        }
        return actions
    }

    private mutating func forgetFunctions(now: Instant) {
        let memory = max(settings.failureMemory.wholeNanoseconds, 2 * settings.maxPenalty.wholeNanoseconds)
        functions = functions.filter { _, function in
            !function.workers.isEmpty || !function.queue.isEmpty
                || (function.failures > 0 && now < function.lastFailure + memory)
        }
    }
}
