import Machines
import Testing

@testable import Machines

/// Tables for the core: what happens in which state, and what is done about it.
@Suite("A machine's life as a state machine")
struct MachineCoreTests {
    private let start = ContinuousClock.now

    private func core(
        _ restart: MachineRestartPolicy = .always, health: MachineHealthCheck? = nil, ports: [MachinePort] = [],
        settings: MachineCore.Settings = .init()
    ) throws -> MachineCore {
        let spec = MachineSpec(
            id: try #require(MachineID("m")), image: "i",
            resources: MachineResources(cpuMillis: 100, memoryBytes: 32 << 20), ports: ports, health: health,
            restart: restart, stopTimeout: .seconds(5))
        return MachineCore(spec, settings: settings)
    }

    private func kinds(_ actions: [MachineCore.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .record(let kind, _): kind.rawValue
            default: "\(action)"
            }
        }
    }

    /// A core that runs and is healthy.
    private func running(_ restart: MachineRestartPolicy = .always, health: MachineHealthCheck? = nil) throws
        -> MachineCore
    {
        var core = try core(restart, health: health)
        _ = core.onStart()
        _ = core.onLaunched(now: start)
        if health != nil { _ = core.onCheck(nil, now: start) }
        #expect(core.state == .healthy)
        return core
    }

    @Test("created → starting → healthy → draining → stopped")
    func straight() throws {
        var core = try core()
        #expect(core.state == .created)
        var actions = core.onStart()
        #expect(kinds(actions) == ["persist", "starting", "launch"] && core.state == .starting && core.isWanted)
        #expect(core.onStart() == [])
        actions = core.onLaunched(now: start)
        #expect(kinds(actions) == ["started", "healthy"] && core.state == .healthy && core.deadline == nil)
        actions = core.onStop("asked", now: start)
        #expect(kinds(actions) == ["persist", "endChecks", "stopping", "signal"] && core.state == .draining)
        #expect(core.deadline == start + .seconds(5))
        #expect(core.onTimer(now: start + .seconds(4)) == [])
        actions = core.onTimer(now: start + .seconds(5))
        #expect(kinds(actions) == ["killed", "kill"])
        #expect(core.deadline == start + .seconds(7))
        actions = core.onExit(MachineExit(signal: 9), now: start + .seconds(5))
        #expect(kinds(actions) == ["endChecks", "exited", "stopped"] && core.state == .stopped && core.deadline == nil)
        #expect(core.onExit(MachineExit(code: 0), now: start) == [])
    }

    @Test("A stop while the container is being made is carried out as soon as there is one")
    func stopBeforeLaunch() throws {
        var core = try core()
        _ = core.onStart()
        var actions = core.onStop("asked", now: start)
        #expect(kinds(actions) == ["persist", "stopping"] && core.state == .draining && core.deadline == nil)
        actions = core.onLaunched(now: start)
        #expect(kinds(actions) == ["started", "signal"] && core.deadline == start + .seconds(5))
        var other = try self.core()
        _ = other.onStart()
        _ = other.onStop("asked", now: start)
        actions = other.onLaunchFailed(MachineError(.rootFailed, "x"), now: start)
        #expect(kinds(actions) == ["start-failed", "stopped"] && other.state == .stopped)
    }

    @Test("A start while it drains starts it again afterwards")
    func startWhileDraining() throws {
        var core = try running()
        _ = core.onStop("asked", now: start)
        #expect(core.onStart() == [.persist])
        let actions = core.onExit(MachineExit(code: 0), now: start)
        #expect(kinds(actions) == ["endChecks", "exited", "starting", "launch"] && core.restarts == 0)
    }

    @Test(
        "What an end does by policy",
        arguments: [
            (MachineRestartPolicy.always, Int32(0), MachineState.backOff), (.always, 1, .backOff),
            (.onFailure, 0, .stopped), (.onFailure, 1, .backOff), (.never, 0, .stopped), (.never, 1, .stopped),
        ])
    func policies(policy: MachineRestartPolicy, code: Int32, state: MachineState) throws {
        var core = try running(policy)
        let actions = core.onExit(MachineExit(code: code), now: start + .seconds(1))
        #expect(core.state == state && core.isWanted == (state == .backOff))
        #expect(actions.contains(.persist) == (state == .stopped))
    }

    @Test("Being out of memory is a failure whatever the exit code, and has its own event")
    func outOfMemory() throws {
        var core = try running(.onFailure)
        let actions = core.onExit(MachineExit(code: 0, wasOutOfMemory: true), now: start)
        #expect(kinds(actions) == ["endChecks", "out-of-memory", "back-off"] && core.state == .backOff)
    }

    @Test("Back-off doubles up to its limit, becomes a crash loop, and is forgotten after a stable run")
    func backOff() throws {
        var settings = MachineCore.Settings()
        settings.firstBackOff = .seconds(1)
        settings.maxBackOff = .seconds(3)
        settings.crashLoopAfter = 5
        settings.crashLoopBackOff = .seconds(100)
        settings.stableAfter = .seconds(60)
        var core = try core(settings: settings)
        _ = core.onStart()
        var now = start
        for (count, wait) in [1, 2, 3, 3, 100, 100].enumerated() {
            _ = core.onLaunched(now: now)
            _ = core.onExit(MachineExit(code: 1), now: now)
            #expect(core.state == (count >= 4 ? .crashLoop : .backOff))
            #expect(core.deadline == now + .seconds(wait) && core.restarts == count + 1)
            now += .seconds(wait)
            #expect(kinds(core.onTimer(now: now)) == ["starting", "launch"])
        }
        _ = core.onLaunched(now: now)
        _ = core.onExit(MachineExit(code: 1), now: now + .seconds(60))
        #expect(core.state == .backOff && core.failures == 1 && core.restarts == 7)
        _ = core.onStart()
        #expect(core.state == .starting && core.restarts == 0 && core.failures == 0)
    }

    @Test("A start that fails counts like an end")
    func launchFails() throws {
        var core = try core()
        _ = core.onStart()
        let actions = core.onLaunchFailed(MachineError(.commandNotFound, "no"), now: start)
        #expect(kinds(actions) == ["start-failed", "back-off"] && core.state == .backOff)
        _ = core.onStop("asked", now: start)
        #expect(core.state == .stopped && core.deadline == nil)
    }

    @Test("Checks: healthy after the first good one, ended after as many bad ones as its threshold")
    func checks() throws {
        let health = MachineHealthCheck(.tcp(port: 1), grace: .seconds(30), threshold: 2)
        var core = try core(health: health)
        _ = core.onStart()
        #expect(kinds(core.onLaunched(now: start)) == ["started", "beginChecks"])
        #expect(core.deadline == start + .seconds(30) && core.state == .starting)
        #expect(core.onCheck("no", now: start) == [])
        #expect(kinds(core.onCheck(nil, now: start)) == ["healthy"])
        #expect(kinds(core.onCheck("no", now: start)) == ["check-failed"])
        #expect(core.onCheck(nil, now: start) == [])
        #expect(kinds(core.onCheck("no", now: start)) == ["check-failed"])
        #expect(kinds(core.onCheck("no", now: start)) == ["endChecks", "unhealthy", "signal"])
        #expect(core.state == .draining && core.isWanted)
        _ = core.onExit(MachineExit(code: 0), now: start)
        #expect(core.state == .backOff)
    }

    @Test("A machine that is not healthy within its grace is ended")
    func grace() throws {
        var core = try core(health: MachineHealthCheck(.tcp(port: 1), grace: .seconds(3)))
        _ = core.onStart()
        _ = core.onLaunched(now: start)
        _ = core.onCheck("nothing listens", now: start)
        let actions = core.onTimer(now: start + .seconds(3))
        #expect(kinds(actions) == ["endChecks", "unhealthy", "signal"] && core.state == .draining)
        #expect(actions.contains(.record(.unhealthy, "it was not healthy within 3 s: nothing listens")))
    }

    @Test("Without a check the first port is waited for; without a port nothing is")
    func ports() throws {
        var core = try core(ports: [MachinePort(name: "web", number: 80)])
        _ = core.onStart()
        #expect(kinds(core.onLaunched(now: start)) == ["started", "beginChecks"])
        #expect(kinds(core.onCheck(nil, now: start)) == ["healthy"])
    }

    @Test("A lost container is removed until that works, and then started again")
    func lost() throws {
        var core = try running()
        #expect(kinds(core.onLost("gone")) == ["endChecks", "lost", "remove"] && core.state == .lost)
        core.onRemoveFailed(now: start)
        #expect(core.onTimer(now: start + .seconds(2)) == [.remove])
        #expect(kinds(core.onRemoved(now: start)) == ["endChecks", "exited", "back-off"] && core.state == .backOff)
        var stopped = try running()
        _ = stopped.onLost("gone")
        _ = stopped.onStop("asked", now: start)
        _ = stopped.onRemoved(now: start)
        #expect(stopped.state == .stopped)
    }

    @Test("A node that comes back adopts, ends or starts")
    func restore() throws {
        var adopted = try core()
        #expect(kinds(adopted.onAdopted(isWanted: true, restarts: 4, now: start)) == ["adopted", "healthy"])
        #expect(adopted.restarts == 4 && adopted.state == .healthy)
        var unwanted = try core()
        let ending = unwanted.onAdopted(isWanted: false, restarts: 0, now: start)
        #expect(kinds(ending) == ["adopted", "endChecks", "stopping", "signal"] && unwanted.state == .draining)
        var fresh = try core()
        #expect(fresh.onRestored(isWanted: false, exit: nil, hasRun: false) == [] && fresh.state == .created)
        var again = try core()
        let actions = again.onRestored(isWanted: true, exit: MachineExit(code: 1), hasRun: true)
        #expect(kinds(actions) == ["exited", "starting", "launch"])
        var done = try core(.onFailure)
        let ended = done.onRestored(isWanted: true, exit: MachineExit(code: 0), hasRun: true)
        #expect(kinds(ended) == ["exited", "stopped", "persist"] && done.state == .stopped && !done.isWanted)
        // One that runs under a lease waits for that.
        var leased = try core()
        let waiting = leased.onRestored(isWanted: true, exit: MachineExit(signal: 9), hasRun: true, mayLaunch: false)
        #expect(kinds(waiting) == ["exited", "stopped", "persist"] && leased.state == .created && !leased.isWanted)
        #expect(kinds(leased.onStart()) == ["persist", "starting", "launch"])
    }

    @Test("Checks come often while it starts and at the interval afterwards")
    func schedule() {
        var schedule = CheckSchedule(interval: .seconds(10))
        let waits = (0..<9).map { _ in schedule.next(isHealthy: false) }
        #expect(waits.prefix(3) == [.milliseconds(2), .milliseconds(4), .milliseconds(8)])
        #expect(waits.last == CheckSchedule.longestStartWait)
        #expect(schedule.next(isHealthy: true) == .seconds(10))
        #expect(schedule.next(isHealthy: false) == CheckSchedule.firstWait)
    }

    @Test("The event log keeps its newest events, and counts on")
    func eventLog() {
        var log = EventLog()
        for _ in 0..<(EventLog.limit + 1) { _ = log.add(.healthy, "x", at: 0) }
        #expect(log.events.count == EventLog.limit && log.events.first?.sequence == 2)
        #expect(log.events.last?.sequence == EventLog.limit + 1)
        let long = log.add(.healthy, String(repeating: "x", count: MachineEvent.maxReasonBytes + 1), at: 0)
        #expect(long.reason.utf8.count == MachineEvent.maxReasonBytes)
    }
}
