/// One machine's life, without input or output: what happened goes in, what is to be done comes out.
///
/// The service makes and removes containers; `onExit` comes when the container is gone and cleaned up.
struct MachineCore: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// When a machine that ends by itself is started again.
    struct Settings: Sendable {
        /// The first wait; each further one in a row is twice as long.
        var firstBackOff = Duration.milliseconds(200)
        /// The longest wait before the machine counts as crashing in a loop.
        var maxBackOff = Duration.seconds(30)
        /// So many ends in a row are a crash loop.
        var crashLoopAfter = 5
        /// The wait in a crash loop.
        var crashLoopBackOff = Duration.seconds(120)
        /// A machine that ran so long starts to count anew.
        var stableAfter = Duration.seconds(60)
        /// After a kill, or when a lost container could not be removed, the next try comes so late.
        var retryAfter = Duration.seconds(2)
    }

    /// What the service does.
    enum Action: Hashable, Sendable {
        /// Makes and starts a container; answers with `onLaunched` or `onLaunchFailed`.
        case launch
        /// Sends the stop signal.
        case signal
        /// Sends SIGKILL to all of it.
        case kill
        /// Removes a container whose holder vanished; answers with `onRemoved` or `onRemoveFailed`.
        case remove
        /// Begins with checks; they answer with `onCheck`.
        case beginChecks
        /// Ends them.
        case endChecks
        /// Remembers on disk whether it should run.
        case persist
        /// Adds an event.
        case record(MachineEvent.Kind, String)
    }

    let restart: MachineRestartPolicy
    let health: MachineHealthCheck?
    /// Something is waited for before it counts as healthy.
    let isChecked: Bool
    let stopTimeout: Duration
    let settings: Settings

    private(set) var state = MachineState.created
    /// Somebody wants it to run.
    private(set) var isWanted = false
    private(set) var restarts = 0
    private(set) var exit: MachineExit?
    /// When `onTimer` is to be called.
    private(set) var deadline: Instant?
    /// Ends in a row.
    private(set) var failures = 0

    /// The container exists. Before that nothing can be signalled.
    private var isLaunched = false
    private var startedAt: Instant?
    /// Checks that failed in a row.
    private var failedChecks = 0
    /// It is being ended for its failing checks.
    private var isUnhealthy = false
    private var lastCheck = "nothing answered yet"

    init(_ spec: MachineSpec, settings: Settings = Settings()) {
        restart = spec.restart
        health = spec.health
        isChecked = spec.health != nil || !spec.ports.isEmpty
        stopTimeout = spec.stopTimeout
        self.settings = settings
    }

    /// How long a start may take until the first good check.
    var grace: Duration { health?.grace ?? .seconds(60) }

    // MARK: What people want

    mutating func onStart() -> [Action] {
        let wasWanted = isWanted
        isWanted = true
        let persist: [Action] = wasWanted ? [] : [.persist]
        switch state {
        case .created, .stopped, .backOff, .crashLoop:
            restarts = 0
            failures = 0
            return persist + launch("asked to start")
        case .draining where !isUnhealthy: return persist
        case .starting, .healthy, .draining, .lost: return persist
        }
    }

    mutating func onStop(_ reason: String, now: Instant) -> [Action] {
        let persist: [Action] = isWanted ? [.persist] : []
        isWanted = false
        switch state {
        case .created, .stopped: return persist
        case .backOff, .crashLoop:
            deadline = nil
            state = .stopped
            return persist + [.record(.stopped, reason)]
        case .starting, .healthy: return persist + drain(reason, now: now)
        case .draining, .lost: return persist
        }
    }

    // MARK: What happens to the container

    mutating func onLaunched(now: Instant) -> [Action] {
        guard state == .starting || state == .draining, !isLaunched else { return [] }
        isLaunched = true
        startedAt = now
        failedChecks = 0
        if state == .draining {
            deadline = now + stopTimeout
            return [.record(.started, "its program runs"), .signal]
        }
        return [.record(.started, "its program runs")] + waitForHealth(now)
    }

    /// A node that came back found it running.
    mutating func onAdopted(isWanted wanted: Bool, restarts count: Int, now: Instant) -> [Action] {
        isWanted = wanted
        restarts = count
        isLaunched = true
        startedAt = now
        state = .starting
        let adopted = [Action.record(.adopted, "it went on while its node was away")]
        return wanted
            ? adopted + waitForHealth(now) : adopted + drain("asked to stop before its node went away", now: now)
    }

    /// A node that came back found no container of it; `exit` is how the last one ended, when that is known.
    ///
    /// - Parameter mayLaunch: False if somebody else has to say first that it may still run here.
    mutating func onRestored(
        isWanted wanted: Bool, exit known: MachineExit?, hasRun: Bool, mayLaunch: Bool = true
    ) -> [Action] {
        isWanted = wanted
        exit = known
        state = hasRun ? .stopped : .created
        let ended: [Action] =
            known.map { [.record($0.wasOutOfMemory ? .outOfMemory : .exited, "\($0), while its node was away")] } ?? []
        guard wanted else { return ended }
        if let known, !shouldRestart(after: known) {
            isWanted = false
            return ended + [
                .record(.stopped, "it ended, and is not to be started again (\(restart.rawValue))"), .persist,
            ]
        }
        guard mayLaunch else {
            isWanted = false
            state = .created
            return ended + [.record(.stopped, "its node came back, and starts it if it still may"), .persist]
        }
        return ended + launch("its node came back")
    }

    mutating func onLaunchFailed(_ error: MachineError, now: Instant) -> [Action] {
        guard state == .starting || state == .draining, !isLaunched else { return [] }
        let failed = [Action.record(.startFailed, error.description)]
        deadline = nil
        guard isWanted else {
            state = .stopped
            return failed + [.record(.stopped, "it was asked to stop")]
        }
        return failed + retry(error.description, now: now)
    }

    mutating func onExit(_ exit: MachineExit, now: Instant) -> [Action] {
        guard state.mayRun else { return [] }
        self.exit = exit
        let wasDraining = state == .draining
        let wasUnhealthy = isUnhealthy
        if let startedAt, now - startedAt >= settings.stableAfter { failures = 0 }
        isLaunched = false
        isUnhealthy = false
        startedAt = nil
        deadline = nil
        var actions: [Action] = [.endChecks]
        actions.append(.record(exit.wasOutOfMemory ? .outOfMemory : .exited, "\(exit)"))
        guard isWanted else {
            state = .stopped
            return actions + [.record(.stopped, "it was asked to stop")]
        }
        if wasDraining && !wasUnhealthy { return actions + launch("asked to start again") }
        guard wasUnhealthy || shouldRestart(after: exit) else {
            isWanted = false
            state = .stopped
            let why = "it ended, and is not to be started again (\(restart.rawValue))"
            return actions + [.record(.stopped, why), .persist]
        }
        return actions + retry("\(exit)", now: now)
    }

    /// Its holder vanished without telling how the container ended.
    mutating func onLost(_ reason: String) -> [Action] {
        guard state.mayRun else { return [] }
        state = .lost
        deadline = nil
        return [.endChecks, .record(.lost, reason), .remove]
    }

    mutating func onRemoved(now: Instant) -> [Action] {
        guard state == .lost else { return [] }
        return onExit(MachineExit(), now: now)
    }

    mutating func onRemoveFailed(now: Instant) {
        guard state == .lost else { return }
        deadline = now + settings.retryAfter
    }

    // MARK: Health

    mutating func onCheck(_ failure: String?, now: Instant) -> [Action] {
        guard isLaunched, state == .starting || state == .healthy else { return [] }
        guard let failure else {
            failedChecks = 0
            guard state == .starting else { return [] }
            return becomeHealthy(health == nil ? "its first port is open" : "its health check passed")
        }
        lastCheck = failure
        guard state == .healthy, let health else { return [] }
        failedChecks += 1
        if failedChecks < health.threshold {
            return failedChecks == 1 ? [.record(.checkFailed, failure)] : []
        }
        return end("\(failedChecks) health checks in a row failed: \(failure)", now: now)
    }

    mutating func onTimer(now: Instant) -> [Action] {
        guard let due = deadline, due <= now else { return [] }
        deadline = nil
        switch state {
        case .starting where isLaunched:
            let seconds = grace.components.seconds
            return end("it was not healthy within \(seconds) s: \(lastCheck)", now: now)
        case .draining where isLaunched:
            deadline = now + settings.retryAfter
            return [.record(.killed, "it did not stop in time"), .kill]
        case .backOff, .crashLoop: return launch("its wait is over")
        case .lost: return [.remove]
        case .created, .starting, .healthy, .draining, .stopped: return []
        }
    }

    // MARK: Steps

    private mutating func launch(_ reason: String) -> [Action] {
        state = .starting
        isLaunched = false
        isUnhealthy = false
        deadline = nil
        return [.record(.starting, reason), .launch]
    }

    private mutating func waitForHealth(_ now: Instant) -> [Action] {
        guard isChecked else { return becomeHealthy("it has no health check and no port") }
        lastCheck = "nothing answered yet"
        deadline = now + grace
        return [.beginChecks]
    }

    private mutating func becomeHealthy(_ reason: String) -> [Action] {
        state = .healthy
        deadline = nil
        return [.record(.healthy, reason)]
    }

    private mutating func drain(_ reason: String, now: Instant) -> [Action] {
        state = .draining
        guard isLaunched else { return [.record(.stopping, reason)] }
        deadline = now + stopTimeout
        return [.endChecks, .record(.stopping, reason), .signal]
    }

    /// Ends it for its bad health; it comes back as its policy says.
    private mutating func end(_ reason: String, now: Instant) -> [Action] {
        isUnhealthy = true
        state = .draining
        deadline = now + stopTimeout
        return [.endChecks, .record(.unhealthy, reason), .signal]
    }

    private func shouldRestart(after exit: MachineExit) -> Bool {
        switch restart {
        case .always: true
        case .onFailure: !exit.isSuccess
        case .never: false
        }
    }

    private mutating func retry(_ reason: String, now: Instant) -> [Action] {
        guard restart != .never else {
            isWanted = false
            state = .stopped
            return [.record(.stopped, "it failed, and is not to be started again (never)"), .persist]
        }
        failures += 1
        restarts += 1
        let isLoop = failures >= settings.crashLoopAfter
        var wait = settings.firstBackOff
        for _ in 1..<max(failures, 2) where failures > 1 && wait < settings.maxBackOff { wait = wait * 2 }
        wait = isLoop ? settings.crashLoopBackOff : min(wait, settings.maxBackOff)
        state = isLoop ? .crashLoop : .backOff
        deadline = now + wait
        let text = "\(failures) in a row, the last: \(reason); next start in \(wait)"
        return [.record(isLoop ? .crashLoop : .backOff, text)]
    }
}
