import Testing
import WorkerProtocol

@testable import Functions

@Suite struct PoolCoreTests {
    let version = FunctionVersion(tenant: "o/app", release: "r1")
    static let second: UInt64 = 1_000_000_000

    func makeCore(_ change: (inout FunctionPool.Settings) -> Void = { _ in }) -> PoolCore {
        var settings = FunctionPool.Settings(workerPath: "/w")
        settings.spareWorkers = 0
        change(&settings)
        return PoolCore(settings: settings)
    }

    /// A core with one loaded worker that works on requests 1...count.
    func busyCore(_ count: UInt64, _ change: (inout FunctionPool.Settings) -> Void = { _ in }) -> PoolCore {
        var core = makeCore(change)
        for id in 1...count { _ = core.invoke(id, version, deadline: 30 * Self.second, now: 0) }
        _ = core.workerHello(1, now: 0)
        _ = core.workerLoaded(1, now: 0)
        return core
    }

    @Test func aRequestStartsLoadsAndUsesAWorker() {
        var core = makeCore()
        #expect(core.invoke(1, version, deadline: 10, now: 0) == [.spawn(1)])
        #expect(core.workerHello(1, now: 1) == [.load(1, version)])
        #expect(core.workerLoaded(1, now: 2) == [.send(1, to: 1, as: 2)])
        #expect(core.isBusy)
        #expect(core.answered(1, 2, now: 3).0 == 1)
        #expect(!core.isBusy)
        #expect(core.answered(1, 2, now: 3).0 == nil)
        #expect(core.invoke(2, version, deadline: 10, now: 4) == [.send(2, to: 1, as: 4)])
    }

    @Test("A call goes to a worker of its own event loop, unless that has much more to do")
    func lanes() {
        var settings = FunctionPool.Settings(workerPath: "/w")
        settings.spareWorkers = 0
        settings.targetInFlightPerWorker = 1
        settings.maxWorkersPerFunction = 2
        var core = PoolCore(settings: settings, laneCount: 2)
        for request in 1...2 as ClosedRange<UInt64> { _ = core.invoke(request, version, deadline: .max, now: 0) }
        for worker in 1...2 as ClosedRange<UInt64> {
            _ = core.workerHello(worker, now: 0)
            _ = core.workerLoaded(worker, now: 0)
        }
        #expect(core.workers[1]?.lane == 1 && core.workers[2]?.lane == 0)
        for request in 3...40 as ClosedRange<UInt64> {
            #expect(core.place(request, version, deadline: .max, now: 0, lane: 0) != nil)
        }
        let loads = (1...2).map { core.workers[$0]?.inFlight.count ?? 0 }
        #expect(loads.reduce(0, +) == 40 && loads[1] == loads[0] + PoolCore.laneChange)
        #expect(core.place(41, version, deadline: .max, now: 0, lane: 1)?.worker == 1)
        core.workers[1]?.isSaturated = true
        core.workers[2]?.inFlight = [:]
        #expect(core.place(42, version, deadline: .max, now: 0, lane: 1)?.worker == 2)
        core.workers[1]?.inFlight = [:]
        core.workers[2]?.isSaturated = true
        #expect(core.place(43, version, deadline: .max, now: 0, lane: 1)?.worker == 1)
        #expect(core.place(44, version, deadline: .max, now: 0, lane: 0)?.worker == 2)
    }

    @Test("Two functions that grow in turn have their workers on different event loops each")
    func lanesOfTwo() {
        var settings = FunctionPool.Settings(workerPath: "/w")
        settings.spareWorkers = 0
        settings.targetInFlightPerWorker = 1
        settings.maxWorkersPerFunction = 2
        var core = PoolCore(settings: settings, laneCount: 2)
        let other = FunctionVersion(tenant: "x/app", release: "r1")
        var request: UInt64 = 0
        for _ in 1...2 {
            for version in [version, other] {
                request += 1
                _ = core.invoke(request, version, deadline: .max, now: 0)
            }
        }
        #expect(core.workers.count == 4)
        #expect(core.workersByLane(of: version) == [1, 1] && core.workersByLane(of: other) == [1, 1])
    }

    @Test func sparesAreTakenAndReplaced() {
        var core = makeCore { $0.spareWorkers = 1 }
        #expect(core.refillSpares(now: 0) == [.spawn(1)])
        #expect(core.workerHello(1, now: 0) == [])
        #expect(core.invoke(1, version, deadline: 10, now: 0) == [.load(1, version)])
        #expect(core.tick(now: 1, samples: [:]) == [.spawn(2)])
    }

    @Test("Spares grow in number while functions find none")
    func sparesFollowDemand() {
        var core = makeCore {
            $0.spareWorkers = 1
            $0.maxSpareWorkers = 2
            $0.maxStartingWorkers = 3
        }
        #expect(core.refillSpares(now: 0) == [.spawn(1)])
        #expect(core.workerHello(1, now: 0) == [])
        #expect(core.invoke(1, version, deadline: 1_000, now: 0) == [.load(1, version)])
        let other = FunctionVersion(tenant: "x/app", release: "r1")
        #expect(core.invoke(2, other, deadline: 1_000, now: 0) == [.spawn(2)])
        #expect(core.tick(now: 1, samples: [:]) == [.spawn(3), .spawn(4)])
        #expect(core.tick(now: 2, samples: [:]) == [])
    }

    @Test("Of the spares that are wanted no more start at a time than the machine has processors for")
    func sparesStartFewAtATime() {
        var core = makeCore {
            $0.spareWorkers = 4
            $0.maxStartingWorkers = 2
        }
        #expect(core.refillSpares(now: 0) == [.spawn(1), .spawn(2)])
        #expect(core.tick(now: 1, samples: [:]) == [])
        #expect(core.workerHello(2, now: 2) == [.spawn(3)])
        #expect(core.workerHello(1, now: 3) == [.spawn(4)])
        #expect(core.workerHello(3, now: 4) == [])
    }

    @Test("Where all places are taken, a worker that idles gives way to a spare")
    func idleWorkersGiveWay() {
        var core = makeCore {
            $0.spareWorkers = 1
            $0.maxWorkers = 1
        }
        #expect(core.refillSpares(now: 0) == [.spawn(1)])
        #expect(core.workerHello(1, now: 0) == [])
        #expect(core.invoke(1, version, deadline: .max, now: 0) == [.load(1, version)])
        #expect(core.workerLoaded(1, now: 0) == [.send(1, to: 1, as: 2)])
        #expect(core.tick(now: PoolCore.evictionAge, samples: [:]) == [])
        #expect(core.answered(1, 2, now: 0).0 == 1)
        #expect(core.tick(now: PoolCore.evictionAge - 1, samples: [:]) == [])
        #expect(core.tick(now: PoolCore.evictionAge, samples: [:]) == [.kill(1)])
        let cause = FunctionError(.crashed, "")
        #expect(core.workerExited(1, cause: cause, last: nil, now: PoolCore.evictionAge) == [.spawn(2)])
    }

    @Test func sparesThatDoNotStartAreNotRestartedAtOnce() {
        var core = makeCore { $0.spareWorkers = 1 }
        let cause = FunctionError(.workerMissing, "")
        #expect(core.refillSpares(now: 0) == [.spawn(1)])
        #expect(core.workerExited(1, cause: cause, last: nil, now: 0) == [])
        #expect(core.refillSpares(now: PoolCore.startPause - 1) == [])
        #expect(core.refillSpares(now: PoolCore.startPause) == [.spawn(2)])
        #expect(core.workerExited(2, cause: cause, last: nil, now: PoolCore.startPause) == [])
        #expect(core.refillSpares(now: 3 * PoolCore.startPause - 1) == [])
    }

    @Test func tenantsNeverShareAWorker() {
        var core = busyCore(1)
        let other = FunctionVersion(tenant: "x/app", release: "r1")
        #expect(core.invoke(2, other, deadline: 10, now: 0) == [.spawn(2)])
    }

    @Test func loadAddsWorkersUpToTheLimit() {
        var core = makeCore {
            $0.targetInFlightPerWorker = 1
            $0.maxWorkersPerFunction = 2
        }
        #expect(core.invoke(1, version, deadline: 10, now: 0) == [.spawn(1)])
        #expect(core.invoke(2, version, deadline: 10, now: 0) == [.spawn(2)])
        #expect(core.invoke(3, version, deadline: 10, now: 0) == [])
    }

    @Test("Load that workers have taken already brings another one, for which there is code")
    func loadWithoutAQueueAddsAWorker() {
        var core = busyCore(2) {
            $0.targetInFlightPerWorker = 2
            $0.spareWorkers = 1
            $0.maxSpareWorkers = 1
        }
        #expect(core.refillSpares(now: 0) == [.spawn(2)])
        #expect(core.workerHello(2, now: 0) == [])
        #expect(core.openRequest(of: version) != nil)
        #expect(core.invoke(3, version, deadline: 10, now: 1) == [.send(3, to: 1, as: 6), .load(2, version)])
        #expect(core.openRequest(of: version) != nil)
        #expect(core.workerLoaded(2, now: 2) == [])
        #expect(core.invoke(4, version, deadline: 10, now: 3) == [.send(4, to: 2, as: 2)])
        for (worker, name) in [(1, 2), (1, 4), (1, 6), (2, 2)] as [(UInt64, UInt64)] {
            #expect(core.answered(worker, name, now: 4).0 != nil)
        }
        #expect(core.openRequest(of: version) == nil)
    }

    @Test("A worker that computes all the time brings another one, once")
    func saturationAddsAWorker() {
        let window = PoolCore.loadWindow
        func ticks(_ count: UInt64, share: UInt64) -> [PoolCore.Action] {
            var core = busyCore(count)
            var sample = PoolCore.Sample(cpuNanoseconds: 0, privateBytes: 0, entries: 5, running: 2, started: 4)
            #expect(core.tick(now: window, samples: [1: sample]) == [])
            sample.entries += 1
            sample.cpuNanoseconds = window / 100 * share
            let actions = core.tick(now: 2 * window, samples: [1: sample])
            sample.entries += 1
            #expect(core.tick(now: 2 * window + 1, samples: [1: sample]) == [])
            return actions
        }
        #expect(ticks(2, share: PoolCore.saturation) == [.spawn(2)])
        #expect(ticks(2, share: PoolCore.saturation - 1) == [])
        #expect(ticks(1, share: 100) == [])
    }

    @Test func theQueueIsBounded() {
        var core = makeCore { $0.maxQueuedPerFunction = 2 }
        _ = core.invoke(1, version, deadline: 10, now: 0)
        _ = core.invoke(2, version, deadline: 10, now: 0)
        guard case .fail(3, let error)? = core.invoke(3, version, deadline: 10, now: 0).first else {
            Issue.record("the third request must be refused")
            return
        }
        #expect(error.code == .overloaded)
    }

    @Test func aFullPoolEndsTheOldestIdleWorker() {
        var core = busyCore(1) { $0.maxWorkers = 1 }
        _ = core.answered(1, 2, now: 1)
        let other = FunctionVersion(tenant: "x/app", release: "r1")
        #expect(core.invoke(2, other, deadline: 10, now: 2) == [.kill(1)])
        let cause = FunctionError(.crashed, "")
        #expect(core.workerExited(1, cause: cause, last: nil, now: 3) == [.spawn(2)])
    }

    @Test func aStuckEntryIsKilledAndBlamed() {
        var core = busyCore(3)
        var sample = PoolCore.Sample(cpuNanoseconds: 0, privateBytes: 0, entries: 5, running: 4, started: 4)
        #expect(core.tick(now: 0, samples: [1: sample]) == [])
        sample.cpuNanoseconds = 1_100_000_000
        #expect(core.tick(now: 1, samples: [1: sample]) == [])
        sample.cpuNanoseconds += 1
        #expect(core.tick(now: 2, samples: [1: sample]) == [.kill(1)])
        let actions = core.workerExited(1, cause: FunctionError(.crashed, ""), last: sample, now: 3)
        let failures = actions.compactMap { action -> String? in
            if case .fail(let id, let error) = action { return "\(id) \(error.code.rawValue)" }
            return nil
        }
        #expect(failures == ["1 function/interrupted", "2 function/cpu-limit"])
        #expect(actions.contains(.spawn(2)))
        _ = core.workerHello(2, now: 4)
        #expect(core.workerLoaded(2, now: 4) == [.send(3, to: 2, as: 2)])
    }

    @Test func progressResetsTheCPUCount() {
        var core = busyCore(1)
        for step in 1...10 {
            let sample = PoolCore.Sample(
                cpuNanoseconds: UInt64(step) * Self.second, privateBytes: 0, entries: UInt64(step), running: 2,
                started: 2)
            #expect(core.tick(now: UInt64(step), samples: [1: sample]) == [])
        }
    }

    /// The second at which a worker dies whose page always says that it does nothing, or something new.
    private func death(
        of core: PoolCore, cpuPerSecond: UInt64, each second: (inout PoolCore, UInt64) -> Void = { _, _ in }
    ) -> UInt64? {
        var core = core
        return (UInt64(1)...200).first { time in
            second(&core, time)
            let sample = PoolCore.Sample(
                cpuNanoseconds: time * cpuPerSecond, privateBytes: 0, entries: time, running: time % 2 * 2, started: 2)
            return core.tick(now: time * Self.second, samples: [1: sample]) == [.kill(1)]
        }
    }

    @Test("What a worker says of itself does not let it compute for ever")
    func hiddenComputingEnds() {
        var core = busyCore(1) { $0.idleTimeout = .seconds(1_000) }
        #expect(core.answerBegan(1, 2) == 1)
        let withAnswer = death(of: core, cpuPerSecond: Self.second) ?? 0
        #expect(withAnswer > 60 && withAnswer < 70, "an answer that never ends")
        #expect(death(of: core, cpuPerSecond: Self.second / 10) == nil)
        #expect(core.answered(1, 2, now: 0).0 == nil)
        let idle = death(of: core, cpuPerSecond: Self.second) ?? 0
        #expect(idle > 60 && idle < 70, "nothing to do")
        core.workers[1]?.limits = FunctionLimits(cpu: .zero, memoryBytes: 1 << 30)
        #expect(death(of: core, cpuPerSecond: Self.second) == nil, "no limit")
    }

    @Test("Requests bring the CPU time that they may use, and leave none for later")
    func requestsBringComputing() {
        var core = busyCore(1) { $0.idleTimeout = .seconds(1_000) }
        _ = core.answered(1, 2, now: 0)
        let version = version
        func call(_ core: inout PoolCore, _ time: UInt64) {
            _ = core.invoke(time + 1, version, deadline: .max, now: time * Self.second)
            _ = core.answered(1, 2 * time + 2, now: time * Self.second)
        }
        #expect(death(of: core, cpuPerSecond: Self.second, each: call) == nil)
        let end = death(of: core, cpuPerSecond: Self.second) { core, time in
            if time <= 100 { call(&core, time) }
        }
        #expect((end ?? 0) > 160 && (end ?? 0) < 170)
    }

    @Test("What waits for a worker goes to it behind the code; later calls wait for its word")
    func requestsFollowTheCode() {
        var core = makeCore()
        for id in 1...2 as ClosedRange<UInt64> { _ = core.invoke(id, version, deadline: .max, now: 0) }
        #expect(core.codeSent(1) == [])
        #expect(core.workerHello(1, now: 0) == [.load(1, version)])
        #expect(core.codeSent(1) == [.send(1, to: 1, as: 2), .send(2, to: 1, as: 4)])
        #expect(core.invoke(3, version, deadline: .max, now: 0) == [])
        #expect(core.workerLoaded(1, now: 1) == [.send(3, to: 1, as: 6)])
    }

    @Test("Where a worker that answers is there already, nothing follows the code of another")
    func requestsStayWhereTheyAre() {
        var core = busyCore(1) { $0.targetInFlightPerWorker = 1 }
        #expect(core.invoke(2, version, deadline: .max, now: 0) == [.send(2, to: 1, as: 4), .spawn(2)])
        #expect(core.workerHello(2, now: 0) == [.load(2, version)])
        #expect(core.codeSent(2) == [])
    }

    @Test("Requests behind code that does not load fail with what it failed with, and are not tried again")
    func requestsFailWithTheCode() {
        var core = makeCore()
        _ = core.invoke(1, version, deadline: .max, now: 0)
        _ = core.workerHello(1, now: 0)
        _ = core.codeSent(1)
        var crashed = core
        #expect(core.workerLoadFailed(1, "no", now: 1) == [.kill(1)])
        let cause = FunctionError(.crashed, "")
        let failed = FunctionError(.loadFailed, "no")
        #expect(core.workerExited(1, cause: cause, last: nil, now: 2) == [.fail(1, failed)])
        let ended = FunctionError(.loadFailed, "the worker ended while the code was loaded")
        #expect(crashed.workerExited(1, cause: cause, last: nil, now: 2) == [.fail(1, ended)])
    }

    @Test("A worker that gives way while it loads has its requests done by the next")
    func loadingWorkersGiveWay() {
        var core = makeCore()
        _ = core.invoke(1, version, deadline: .max, now: 0)
        _ = core.workerHello(1, now: 0)
        _ = core.codeSent(1)
        #expect(core.retire(version) == [])
        #expect(core.workerLoaded(1, now: 1) == [])
        #expect(core.answered(1, 2, now: 2).1 == [.kill(1)])
        core = makeCore()
        _ = core.invoke(1, version, deadline: .max, now: 0)
        _ = core.workerHello(1, now: 0)
        _ = core.codeSent(1)
        #expect(core.kill(1, nil) == [.kill(1)])
        #expect(core.workerExited(1, cause: FunctionError(.crashed, ""), last: nil, now: 2) == [.spawn(2)])
    }

    @Test func aRequestThatWasCutOffTwiceFails() {
        var core = busyCore(1)
        let cause = FunctionError(.crashed, "gone")
        #expect(core.workerExited(1, cause: cause, last: nil, now: 1) == [.spawn(2)])
        _ = core.workerHello(2, now: 1)
        _ = core.workerLoaded(2, now: 1)
        #expect(core.workerExited(2, cause: cause, last: nil, now: 2) == [.fail(1, cause)])
    }

    @Test func timeRunsOut() {
        var core = busyCore(1)
        let actions = core.tick(now: 30 * Self.second + 1, samples: [:])
        #expect(actions.first == .cancel(2, at: 1))
        #expect(core.tick(now: 31 * Self.second, samples: [:]) == [])
        #expect(core.tick(now: 32 * Self.second, samples: [:]) == [.kill(1)])
    }

    @Test func anAnswerInPartsKeepsItsWorkerButNoDeadline() {
        var core = busyCore(1) { $0.idleTimeout = .seconds(1) }
        #expect(core.answerBegan(1, 2) == 1)
        #expect(core.answerBegan(1, 2) == nil)
        #expect(core.requests.isEmpty && core.isBusy)
        #expect(core.tick(now: 100 * Self.second, samples: [:]) == [])
        #expect(core.answered(1, 2, now: 100 * Self.second).0 == nil)
        #expect(!core.isBusy)
        #expect(core.tick(now: 102 * Self.second, samples: [:]) == [.kill(1)])
    }

    @Test func aWorkerThatGoesOnWithWhatNobodyWantsIsKilled() {
        var core = busyCore(1)
        _ = core.answerBegan(1, 2)
        #expect(core.cancelled(1, 2, now: 0) == [])
        #expect(core.cancelled(1, 4, now: 0) == [])
        #expect(core.tick(now: core.cancelAllowance(of: 1), samples: [:]) == [])
        #expect(core.tick(now: core.cancelAllowance(of: 1) + 1, samples: [:]) == [.kill(1)])
    }

    @Test func aCallerThatGoesEndsItsRequest() {
        var core = busyCore(1) { $0.maxInFlightPerWorker = 1 }
        _ = core.invoke(2, version, deadline: 30 * Self.second, now: 0)
        #expect(failures(core.abandon(2, now: 1)) == ["2 function/cancelled"], "it waited")
        let actions = core.abandon(1, now: 1)
        #expect(actions.first == .cancel(2, at: 1))
        #expect(failures(actions) == ["1 function/cancelled"])
        #expect(core.abandon(1, now: 1) == [])
        #expect(core.answered(1, 2, now: 2).0 == nil)
        #expect(core.requests.isEmpty)
    }

    private func failures(_ actions: [PoolCore.Action]) -> [String] {
        actions.compactMap { if case .fail(let id, let error) = $0 { "\(id) \(error.code.rawValue)" } else { nil } }
    }

    @Test("Lines are bounded by the requests that a worker had")
    func linesAreCounted() {
        var core = busyCore(1)
        let each = 2 * (WireLimits.maxLogLines + 1)
        let first = (0..<(3 * each)).count { _ in core.countLine(of: 1) }
        #expect(first == 2 * each)
        core.workers[1]?.lines = 2 * each
        _ = core.invoke(2, version, deadline: .max, now: 1)
        let second = (0..<(2 * each)).count { _ in core.countLine(of: 1) }
        #expect(second == each)
    }

    @Test func aFunctionHasItsOwnLimits() {
        var core = busyCore(1)
        core.workers[1]?.limits = FunctionLimits(cpu: .seconds(5), memoryBytes: 256 << 20)
        var sample = PoolCore.Sample(cpuNanoseconds: 0, privateBytes: 200 << 20, entries: 1, running: 2, started: 2)
        #expect(core.tick(now: 0, samples: [1: sample]) == [])
        sample.cpuNanoseconds = 10 * Self.second
        #expect(core.tick(now: 1, samples: [1: sample]) == [])
        sample.privateBytes = 257 << 20
        #expect(core.tick(now: 2, samples: [1: sample]) == [.kill(1)])
    }

    @Test func failuresHoldAFunctionBackForLongerAndLonger() {
        var core = makeCore { $0.freeFailures = 1 }
        var now: UInt64 = 0
        var waits: [UInt64] = []
        for id in 1...6 {
            _ = core.invoke(UInt64(id), version, deadline: .max, now: now)
            _ = core.brokeLimit(version, now: now)
            let blocked = core.functions[version]?.blockedUntil ?? 0
            waits.append((blocked - now) / 1_000_000)
            now = blocked
        }
        #expect(waits == [0, 500, 1000, 2000, 4000, 8000])
        now += 60 * Self.second
        _ = core.brokeLimit(version, now: now)
        #expect(core.functions[version]?.blockedUntil == now)
    }

    @Test func idleWorkersEnd() {
        var core = busyCore(1)
        _ = core.answered(1, 2, now: 0)
        #expect(core.tick(now: 60 * Self.second, samples: [:]) == [])
        #expect(core.tick(now: 60 * Self.second + 1, samples: [:]) == [.kill(1)])
    }

    @Test func aRetiredVersionFinishesItsWork() {
        var core = busyCore(2)
        #expect(core.retire(version) == [])
        #expect(core.answered(1, 2, now: 1).1 == [])
        #expect(core.answered(1, 4, now: 1).1 == [.kill(1)])
    }

    @Test func aVersionRetiredWhileItLoadsIsLoadedAnew() {
        var core = makeCore()
        _ = core.invoke(1, version, deadline: 10, now: 0)
        _ = core.workerHello(1, now: 0)
        #expect(core.retire(version) == [])
        #expect(core.workerLoaded(1, now: 1) == [.kill(1), .spawn(2)])
        #expect(core.workerHello(2, now: 2) == [.load(2, version)])
        #expect(core.workerLoaded(2, now: 3) == [.send(1, to: 2, as: 2)])
    }

    @Test func aRetiredWorkerWithoutCodeServesAgain() {
        var core = makeCore()
        _ = core.invoke(1, version, deadline: 10, now: 0)
        _ = core.workerHello(1, now: 0)
        _ = core.retire(version)
        _ = core.codeUnavailable(1, FunctionError(.loadFailed, "no blob"), now: 1)
        #expect(core.invoke(2, version, deadline: 10, now: 2) == [.load(1, version)])
        #expect(core.workerLoaded(1, now: 3) == [.send(2, to: 1, as: 2)])
    }

    @Test func missingCodeLeavesTheWorkerClean() {
        var core = makeCore()
        _ = core.invoke(1, version, deadline: 10, now: 0)
        _ = core.workerHello(1, now: 0)
        let error = FunctionError(.loadFailed, "no blob")
        #expect(core.codeUnavailable(1, error, now: 1) == [.fail(1, error)])
        #expect(core.workers[1]?.phase == .spare)
    }

    @Test func closingFailsAndKillsEverything() {
        var core = busyCore(2)
        #expect(core.close() == [.fail(1, PoolCore.closing), .fail(2, PoolCore.closing), .kill(1)])
        #expect(core.workerExited(1, cause: FunctionError(.crashed, ""), last: nil, now: 1) == [])
        #expect(core.invoke(3, version, deadline: 10, now: 2) == [.fail(3, PoolCore.closing)])
    }
}
