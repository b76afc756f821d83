extension PoolCore {
    /// Hands a request to a worker with room, if nobody waits for one and no further worker is wanted: what most calls
    /// come to.
    ///
    /// - Parameter lane: The event loop that the call came from. Its own worker is taken unless another has much less to
    ///   do: what two loops touch, from the socket to each count of references, costs several times as much. Behind a
    ///   worker that computes all the time a call would wait for longer than that.
    mutating func place(
        _ id: RequestID, _ version: FunctionVersion, deadline: Instant, now: Instant, lane: Int? = nil
    ) -> (worker: WorkerID, wireID: WireID)? {
        guard let function = functions[version], function.queue.isEmpty, function.blockedUntil <= now else {
            return nil
        }
        var best: (id: WorkerID, cost: Int)?
        var usable = 0
        var demand = 1
        for id in function.workers {
            guard let worker = workers[id], worker.phase != .dying, !worker.isRetiring else { continue }
            let load = worker.inFlight.count
            usable += 1
            demand += load
            guard worker.phase == .ready, load < settings.maxInFlightPerWorker else { continue }
            let cost =
                load + (worker.lane == lane ? 0 : Self.laneChange) + (worker.isSaturated ? Self.laneChange : 0)
            if cost < best?.cost ?? .max { best = (id, cost) }
        }
        guard let best, usable >= wantedWorkers(demand) || now < roomPausedUntil,
            let wireID = change(best.id, { $0.take(id) })
        else { return nil }
        requests[id] = Request(version: version, deadline: deadline, worker: best.id, wireID: wireID)
        return (best.id, wireID)
    }

    /// Hands waiting requests to workers and asks for more workers where they are too few.
    mutating func schedule(_ version: FunctionVersion, now: Instant) -> [Action] {
        guard var function = functions[version] else { return [] }
        var actions: [Action] = []
        var taken = 0
        while taken < function.queue.count, let worker = leastLoadedWorker(of: function) {
            let request = function.queue[taken]
            taken += 1
            guard requests[request] != nil else { continue }
            actions.append(assign(request, to: worker))
        }
        function.queue.removeFirst(taken)
        functions[version] = function
        while needsWorker(functions[version], now: now) {
            guard let acquired = acquireWorker(for: version, now: now) else { return actions + makeRoom(now: now) }
            actions += acquired
        }
        return actions
    }

    /// Looks again at every function with waiting requests, and at the spares.
    mutating func scheduleWaiting(now: Instant) -> [Action] {
        var actions: [Action] = []
        if functions.values.contains(where: { !$0.queue.isEmpty }) {
            for version in turns(heldPlaces) { actions += schedule(version, now: now) }
        }
        return actions + refillSpares(now: now)
    }

    /// Keeps the wanted number of workers without code; where all places are taken, one that idles gives way.
    mutating func refillSpares(now: Instant) -> [Action] {
        guard !isClosed, now >= sparesBlockedUntil else { return [] }
        var spares = workers.values.count { $0.version == nil && $0.phase != .dying }
        var starting = workers.values.count { $0.phase == .starting }
        let wanted = wantedSpares(now: now)
        var actions: [Action] = []
        while spares < wanted, workers.count < settings.maxWorkers, starting < max(1, settings.maxStartingWorkers) {
            actions.append(makeWorker(for: nil, now: now))
            spares += 1
            starting += 1
        }
        return spares == 0 && wanted > 0 ? actions + makeRoomForSpare(now: now) : actions
    }

    /// One more than the settings say for each function that found none of late.
    private mutating func wantedSpares(now: Instant) -> Int {
        guard settings.spareWorkers > 0 else { return 0 }
        if now > lastMiss, now - lastMiss > Self.demandMemory { missedSpares = 0 }
        return min(settings.spareWorkers + missedSpares, max(settings.spareWorkers, settings.maxSpareWorkers))
    }

    /// Counts a failure against a function and holds it back when there were too many.
    mutating func recordFailure(of version: FunctionVersion, now: Instant, isFree: Bool = true) -> [Action] {
        guard var function = functions[version] else { return [] }
        let lastPenalty = penalty(function.failures)
        let memory = max(settings.failureMemory.wholeNanoseconds, 2 * lastPenalty)
        if function.failures > 0, now > function.lastFailure, now - function.lastFailure > memory {
            function.failures = 0
        }
        function.failures += 1
        if !isFree { function.failures = max(function.failures, settings.freeFailures + 1) }
        function.lastFailure = now
        let delay = penalty(function.failures)
        function.blockedUntil = now + delay
        functions[version] = function
        guard delay > 0 else { return [] }
        return failQueue(of: version, refusal(of: function, now: now))
    }

    /// What a held-back function's caller is told.
    func refusal(of function: Function, now: Instant) -> FunctionError {
        let wait = function.blockedUntil > now ? function.blockedUntil - now : 0
        let seconds = Duration.nanoseconds(Int64(clamping: wait))
        if let failure = function.loadFailure {
            return FunctionError(failure.code, failure.message, retryAfter: seconds)
        }
        return FunctionError(
            .overloaded,
            "the function is held back after \(function.failures) failures in a row; its log says which limits broke",
            retryAfter: seconds)
    }

    private func penalty(_ failures: Int) -> UInt64 {
        guard failures > settings.freeFailures else { return 0 }
        let doublings = min(failures - settings.freeFailures - 1, 20)
        return min(settings.firstPenalty.wholeNanoseconds << UInt64(doublings), settings.maxPenalty.wholeNanoseconds)
    }

    private func leastLoadedWorker(of function: Function) -> WorkerID? {
        var best: (id: WorkerID, load: Int)?
        for id in function.workers {
            guard let worker = workers[id], worker.phase == .ready, !worker.isRetiring else { continue }
            let load = worker.inFlight.count
            if load < best?.load ?? settings.maxInFlightPerWorker { best = (id, load) }
        }
        return best?.id
    }

    mutating func assign(_ request: RequestID, to id: WorkerID) -> Action {
        let wireID = workers[id]?.take(request) ?? 0
        requests[request]?.worker = id
        requests[request]?.wireID = wireID
        return .send(request, to: id, as: wireID)
    }

    private func needsWorker(_ function: Function?, now: Instant) -> Bool {
        guard let function else { return false }
        let usable = function.workers.lazy.compactMap { workers[$0] }.filter(\.isUsable)
        if usable.isEmpty { return !function.queue.isEmpty }
        if now < roomPausedUntil { return false }
        let demand = usable.reduce(function.queue.count) { $0 + $1.inFlight.count }
        if usable.allSatisfy(\.isSaturated) { return usable.count < settings.maxWorkersPerFunction }
        return usable.count < wantedWorkers(demand)
    }

    /// How many workers so many requests of one function should have.
    private func wantedWorkers(_ demand: Int) -> Int {
        let target = max(1, settings.targetInFlightPerWorker)
        return min((demand + target - 1) / target, settings.maxWorkersPerFunction)
    }

    /// Takes a spare or starts a worker; nil when there are as many as there may be.
    private mutating func acquireWorker(for version: FunctionVersion, now: Instant) -> [Action]? {
        if hasWorker(version), !hasRoomForFurther { return nil }
        let taken = workersByLane(of: version)
        let spare = workers.lazy.filter { $0.value.version == nil && $0.value.phase != .dying }
            .min { left, right in
                let isReady = (left.value.phase == .spare, right.value.phase == .spare)
                if isReady.0 != isReady.1 { return isReady.0 }
                return (taken[left.value.lane], left.key) < (taken[right.value.lane], right.key)
            }
        if spare?.value.phase != .spare {
            missedSpares = min(missedSpares + 1, settings.maxSpareWorkers)
            lastMiss = now
        }
        guard let spare else {
            guard workers.count < settings.maxWorkers else { return nil }
            let action = makeWorker(for: version, now: now)
            if case .spawn(let id) = action { functions[version]?.workers.append(id) }
            return [action]
        }
        workers[spare.key]?.version = version
        functions[version]?.workers.append(spare.key)
        guard spare.value.phase == .spare else { return [] }
        workers[spare.key]?.phase = .loading
        workers[spare.key]?.startDeadline = now + settings.startLimit.wholeNanoseconds
        // The next tick starts another spare: now the processor is the caller's.
        return [.load(spare.key, version)]
    }
}
