import BlobStore

/// Dividing the requests.
extension FetchPlan {
    /// Differences below this factor are noise: whoever is a little slower is not asked for blocks further on.
    private static let tolerance = 1.5
    /// Looking further ahead takes longer than it gains.
    private static let maxOvertaking = 1_024
    /// The size that rates are turned into block times with.
    private static let blockByteCount = 256 << 10

    /// What to do next; nil when there is nothing to do until something happens.
    package mutating func next(at now: Duration) -> Action? {
        if !outbox.isEmpty { return outbox.removeFirst() }
        if let silent = silentSource(at: now) {
            onFailure(of: silent, .unavailable, at: now)
            return .drop(silent)
        }
        return ask(at: now) ?? hedge(at: now)
    }

    /// Blocks in a row that a source may lack although it claims to have them.
    static let maxAbsences = 16

    /// A source that owes blocks and delivers next to nothing, or only ever says that it is busy or has not what it claims.
    private mutating func silentSource(at now: Duration) -> Source? {
        for index in live.indices {
            if let until = live[index].busyUntil, until <= now { live[index].busyUntil = nil }
            if live[index].absences >= FetchPlan.maxAbsences { return live[index].source }
            if live[index].inFlight == 0, live[index].busyTime >= settings.stallTime { return live[index].source }
            guard live[index].inFlight > 0, now - live[index].periodStart >= settings.stallTime else { continue }
            let least = Double(settings.minimumRate) * (now - live[index].periodStart).seconds
            if Double(live[index].periodBytes) < least { return live[index].source }
            live[index].beginPeriod(at: now)
        }
        return nil
    }

    // MARK: First requests

    private mutating func ask(at now: Duration) -> Action? {
        // Near the limit only those are asked that have nothing to do, so that no provider starves.
        let isFull = requestCount + storing.count + live.count > settings.maxInFlight
        var tried: Set<Int> = []
        while let index = bestProvider(isFull: isFull, except: tried) {
            if let block = firstWanted(of: live[index], skipping: overtakingCount(index)) {
                missing.remove(block)
                begin(block, index, at: now)
                tally.asked += 1
                return .ask(live[index].source, block: block)
            }
            if firstWanted(of: live[index]) == nil { live[index].hasNothing = true }
            tried.insert(index)
        }
        return nil
    }

    /// Notes a first request.
    private mutating func begin(_ block: Int, _ index: Int, at now: Duration) {
        flights[block] = Flight(first: request(index, at: now))
    }

    private mutating func request(_ index: Int, at now: Duration) -> Request {
        if live[index].inFlight == 0 { live[index].beginPeriod(at: now) }
        let ticket = live[index].pace.onRequest(isFirst: live[index].inFlight == 0, at: now)
        live[index].inFlight += 1
        if live[index].inFlight >= live[index].pace.window { live[index].isFilling = false }
        requestCount += 1
        return Request(source: live[index].source, ticket: ticket)
    }

    /// Who would deliver a further block first. Those that hold a part of the blob come before those that hold all:
    /// they have less to give, and whoever has all can give the rest.
    private func bestProvider(isFull: Bool, except tried: Set<Int>) -> Int? {
        var best: (index: Int, isPartial: Bool, time: Double)?
        for (index, provider) in live.enumerated() where !tried.contains(index) {
            let limit = isFull ? 1 : provider.pace.window
            guard provider.isFilling, provider.inFlight < limit, provider.busyUntil == nil, !provider.hasNothing else {
                continue
            }
            let candidate = (index, provider.held != nil, expectedTime(provider))
            guard let known = best else {
                best = candidate
                continue
            }
            if candidate.1 != known.isPartial ? candidate.1 : candidate.2 < known.time { best = candidate }
        }
        return best?.index
    }

    private func expectedTime(_ provider: Provider) -> Double {
        provider.pace.expectedTime(
            inFlight: provider.inFlight, blockByteCount: FetchPlan.blockByteCount, roundTrip: provider.roundTrip)
    }

    /// How many of the next blocks the others would have before this provider had its next one. It is asked for the one
    /// behind these, so that nobody waits for it; if there are no more, it is asked for none.
    ///
    /// Others count that are able to give any block: they hold the whole blob, are measured and have time.
    private func overtakingCount(_ index: Int) -> Int {
        guard live[index].pace.rate != nil else { return 0 }
        var (rate, first) = (0.0, Double.infinity)
        for (other, provider) in live.enumerated() where other != index {
            guard let itsRate = provider.pace.rate, provider.held == nil, provider.busyUntil == nil else { continue }
            rate += itsRate
            first = min(first, expectedTime(provider))
        }
        let late = expectedTime(live[index]) - first * FetchPlan.tolerance
        guard rate > 0, late > 0 else { return 0 }
        return Int(min(Double(FetchPlan.maxOvertaking), late * rate / Double(FetchPlan.blockByteCount)))
    }

    // MARK: Second requests

    /// Asks somebody else for a block that is late, if a reader is near it or nothing else is left to ask for.
    private mutating func hedge(at now: Duration) -> Action? {
        guard now >= firstHedge, live.count > 1, !flights.isEmpty, settings.hedgeShare > 0,
            Double(tally.hedges) < Double(settings.hedgeBurst) + settings.hedgeShare * Double(tally.asked)
        else { return nil }
        let isNearEnd = firstWanted() == nil
        var late: (block: Int, index: Int, age: Duration)?
        var oldest = now
        for (block, flight) in flights where flight.hedge == nil {
            guard let ticket = flight.first.ticket else { continue }
            oldest = min(oldest, ticket.askedAt)
            let age = now - ticket.askedAt
            guard age >= settings.minHedgeDelay, isNearEnd || isUrgent(block),
                let index = hedger(of: block, flight.first.source, age)
            else { continue }
            // The oldest first; the lower block of two equal ones, so that equal histories have equal futures.
            if let known = late, (known.age, block) > (age, known.block) { continue }
            late = (block, index, age)
        }
        firstHedge = oldest + settings.minHedgeDelay
        guard let late, var flight = flights[late.block] else { return nil }
        flight.hedge = request(late.index, at: now)
        flights[late.block] = flight
        tally.hedges += 1
        return .ask(live[late.index].source, block: late.block)
    }

    /// The provider that nearly always would have delivered the block within `age` and is the fastest of these.
    private func hedger(of block: Int, _ first: Source, _ age: Duration) -> Int? {
        var best: (index: Int, time: Double)?
        for (index, provider) in live.enumerated() where provider.source != first {
            guard provider.held?.contains(block) ?? true, provider.busyUntil == nil,
                provider.inFlight <= provider.pace.window,
                age > provider.pace.p95.map({ $0 * FetchPlan.tolerance }) ?? settings.unknownHedgeDelay
            else { continue }
            let time = expectedTime(provider)
            if best.map({ time < $0.time }) ?? true { best = (index, time) }
        }
        return best?.index
    }
}
