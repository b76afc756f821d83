/// Who gives way when all places are taken.
///
/// An owner's share is the number of places through the number of owners that hold or want some. While all are taken, an
/// owner below its share gets one from an owner beyond it.
extension PoolCore {
    /// A worker that has been idle for so long may be ended for a spare, or for any function that waits: 1 s. After the
    /// same time another worker is told to give its place up, where the last one is still at work.
    static let evictionAge: UInt64 = 1_000_000_000
    /// How long nobody looks for room after nobody could give any: 10 ms.
    static let roomPause: UInt64 = 10_000_000
    /// One of so many places is kept from functions that have a worker already.
    static let reserve = 8

    /// Whether workers at work leave what is kept for functions without any.
    var hasRoomForFurther: Bool {
        let busy = workers.values.count { $0.version != nil && $0.phase != .dying && !$0.isIdle }
        return busy < settings.maxWorkers - settings.maxWorkers / Self.reserve
    }

    func hasWorker(_ version: FunctionVersion) -> Bool {
        functions[version]?.workers.contains { workers[$0]?.isUsable == true } ?? false
    }

    /// Workers that take requests, or will, by owner.
    var heldPlaces: [Substring: Int] {
        workers.values.reduce(into: [:]) { held, worker in
            if worker.isUsable, let owner = worker.version?.owner { held[owner, default: 0] += 1 }
        }
    }

    /// The functions with requests that wait, in the order in which they get places: those without a worker, then those
    /// whose owners hold fewest, then those that have waited for longest.
    func turns(_ held: [Substring: Int]) -> [FunctionVersion] {
        functions.compactMap { version, function -> (FunctionVersion, (Int, Int, RequestID))? in
            guard let first = function.queue.first else { return nil }
            return (version, (hasWorker(version) ? 1 : 0, held[version.owner, default: 0], first))
        }
        .sorted { $0.1 < $1.1 }.map(\.0)
    }

    /// Makes room for the function whose turn it is: an exit brings it the place. An idle worker ends: one of an owner
    /// beyond its share; of its own; any, if its owner is below its share; one that has been idle for a second. Where all
    /// are at work and its owner is below its share, one of an owner beyond it ends after its requests.
    mutating func makeRoom(now: Instant) -> [Action] {
        guard now >= roomPausedUntil, !isAnyDying else { return [] }
        let held = heldPlaces
        let turns = turns(held)
        let share = max(1, settings.maxWorkers / max(1, Set(held.keys).union(turns.map(\.owner)).count))
        if let next = turns.first, !hasWorker(next) || hasRoomForFurther {
            let isEntitled = !hasWorker(next) && held[next.owner, default: 0] < share
            let idle = longestIdle { worker in
                guard let owner = worker.version?.owner else { return nil }
                if held[owner, default: 0] > share { return 0 }
                return isEntitled || owner == next.owner || worker.idleSince + Self.evictionAge <= now ? 1 : nil
            }
            if let idle { return kill(idle, nil) }
            if isEntitled { retireOne(held, beyond: share, now: now) }
        }
        roomPausedUntil = now + Self.roomPause
        return []
    }

    /// Ends a worker that has been idle for a second.
    mutating func makeRoomForSpare(now: Instant) -> [Action] {
        guard !isAnyDying else { return [] }
        return longestIdle { $0.idleSince + Self.evictionAge <= now ? 0 : nil }.map { kill($0, nil) } ?? []
    }

    /// A worker of the owner that holds most ends after its requests: of the function with most workers, the one with fewest
    /// requests. One at a time, unless that takes long.
    private mutating func retireOne(_ held: [Substring: Int], beyond share: Int, now: Instant) {
        guard now >= lastRetirement + Self.evictionAge || !workers.values.contains(where: \.isRetiring) else { return }
        let least = workers.compactMap { id, worker -> (Int, Int, Int, WorkerID)? in
            guard worker.phase == .ready, !worker.isRetiring, let version = worker.version,
                let count = held[version.owner], count > share
            else { return nil }
            return (-count, -(functions[version]?.workers.count ?? 0), worker.inFlight.count, id)
        }
        .min(by: <)
        guard let least else { return }
        workers[least.3]?.isRetiring = true
        lastRetirement = now
    }

    private var isAnyDying: Bool { workers.values.contains { $0.phase == .dying } }

    /// The idle worker of the lowest rank that has been idle for longest; those of no rank stay.
    private func longestIdle(_ rank: (Worker) -> Int?) -> WorkerID? {
        workers.compactMap { id, worker -> (Int, Instant, WorkerID)? in
            guard worker.isIdle, let order = rank(worker) else { return nil }
            return (order, worker.idleSince, id)
        }
        .min(by: <)?.2
    }
}
