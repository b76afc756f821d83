import Testing

@testable import Functions

/// How owners share the places of a pool, all of which are taken.
@Suite struct PoolSharingTests {
    private static let second: UInt64 = 1_000_000_000
    private let cause = FunctionError(.crashed, "")

    private func version(_ owner: String, _ app: Int = 1) -> FunctionVersion {
        FunctionVersion(tenant: "\(owner)/\(app)", release: "\(owner)\(app)")
    }

    private func makeCore(places: Int, _ change: (inout FunctionPool.Settings) -> Void = { _ in }) -> PoolCore {
        var settings = FunctionPool.Settings(workerPath: "/w")
        settings.spareWorkers = 0
        settings.maxWorkers = places
        change(&settings)
        return PoolCore(settings: settings)
    }

    /// Gives each function a worker that works on one request; workers and requests have the numbers from 1 on.
    private func serve(_ versions: [FunctionVersion], by core: inout PoolCore) {
        for (id, version) in zip(UInt64(1)..., versions) {
            #expect(core.invoke(id, version, deadline: .max, now: 0) == [.spawn(id)])
            _ = core.workerHello(id, now: 0)
            #expect(core.workerLoaded(id, now: 0) == [.send(id, to: id, as: 2)])
        }
    }

    @Test("An owner beyond its share gives an idle worker up before others do")
    func idleWorkersOfTheLargest() {
        var core = makeCore(places: 4)
        serve([version("b"), version("a", 1), version("a", 2), version("a", 3)], by: &core)
        _ = core.answered(1, 2, now: 1)
        _ = core.answered(3, 2, now: 2)
        #expect(core.invoke(5, version("c"), deadline: .max, now: 3) == [.kill(3)])
    }

    @Test("Where all are at work, an owner beyond its share gives one up after its requests")
    func busyWorkersOfTheLargest() {
        var core = makeCore(places: 3)
        serve([version("a", 1), version("a", 2), version("a", 3)], by: &core)
        #expect(core.invoke(4, version("a", 1), deadline: .max, now: 1) == [.send(4, to: 1, as: 4)])
        #expect(core.invoke(5, version("a", 4), deadline: .max, now: 1) == [])
        let pause = 1 + PoolCore.roomPause
        #expect(core.invoke(6, version("b"), deadline: .max, now: pause) == [])
        #expect(core.workers.filter { $0.value.isRetiring }.keys.sorted() == [2])
        #expect(core.invoke(7, version("a", 2), deadline: .max, now: pause) == [], "it takes no more requests")
        #expect(core.tick(now: 2 * pause, samples: [:]) == [], "one is enough")
        #expect(core.answered(2, 2, now: 2 * pause).1 == [.kill(2)])
        #expect(core.workerExited(2, cause: cause, last: nil, now: 2 * pause) == [.spawn(4)])
        #expect(core.workers[4]?.version == version("b"), "others have waited for longer, but hold more")
    }

    @Test("A worker whose requests do not end is not waited for, and nobody falls below the share")
    func endlessRequests() {
        var core = makeCore(places: 4)
        serve((1...4).map { version("a", $0) }, by: &core)
        #expect(core.invoke(5, version("b", 1), deadline: .max, now: 1) == [])
        #expect(core.invoke(6, version("b", 2), deadline: .max, now: 1) == [])
        #expect(core.invoke(7, version("b", 3), deadline: .max, now: 1) == [])
        var retiring: [Int] = []
        for second in 0...4 {
            #expect(core.tick(now: 2 + UInt64(second) * Self.second, samples: [:]) == [])
            retiring.append(core.workers.values.count { $0.isRetiring })
        }
        #expect(retiring == [1, 2, 2, 2, 2])
    }

    @Test("Who has its share takes idle workers from others within theirs only after a second")
    func idleWorkersWithinTheShare() {
        var core = makeCore(places: 2)
        serve([version("a", 1), version("b", 1)], by: &core)
        _ = core.answered(2, 2, now: 1)
        #expect(core.invoke(3, version("a", 2), deadline: .max, now: 2) == [])
        #expect(core.tick(now: PoolCore.evictionAge, samples: [:]) == [])
        #expect(core.workers.values.count { $0.isRetiring } == 0)
        #expect(core.tick(now: 2 * PoolCore.evictionAge, samples: [:]) == [.kill(2)])
    }

    @Test("An owner's own idle worker gives way at once")
    func idleWorkersOfOnesOwn() {
        var core = makeCore(places: 2)
        serve([version("a", 1), version("a", 2)], by: &core)
        _ = core.answered(2, 2, now: 1)
        #expect(core.invoke(3, version("a", 3), deadline: .max, now: 2) == [.kill(2)])
    }

    @Test("A function's further workers leave an eighth of all places, however many requests it has")
    func furtherWorkersLeavePlaces() {
        var core = makeCore(places: 8) {
            $0.targetInFlightPerWorker = 1
            $0.maxInFlightPerWorker = 1
            $0.maxWorkersPerFunction = 8
        }
        let spawned = (UInt64(1)...20).flatMap { core.invoke($0, version("a"), deadline: .max, now: $0) }
        let expected = (UInt64(1)...7).map { PoolCore.Action.spawn($0) }
        #expect(spawned == expected)
        #expect(core.invoke(21, version("a", 2), deadline: .max, now: 21) == [.spawn(8)])
        // Its requests wait, but no idle worker ends for them.
        for id in UInt64(1)...8 {
            _ = core.workerHello(id, now: 22)
            _ = core.workerLoaded(id, now: 22)
        }
        _ = core.answered(8, 2, now: 22)
        #expect(core.tick(now: 2 * PoolCore.evictionAge, samples: [:]) == [])
    }

    @Test("Where no further worker could be had, calls do not ask for one again at once")
    func furtherWorkersAreNotSoughtForEachCall() {
        var core = makeCore(places: 1) { $0.targetInFlightPerWorker = 1 }
        serve([version("a")], by: &core)
        #expect(core.invoke(2, version("a"), deadline: .max, now: 1) == [.send(2, to: 1, as: 4)])
        #expect(core.roomPausedUntil == 1 + PoolCore.roomPause)
        let placed = core.place(3, version("a"), deadline: .max, now: 2)
        #expect(placed?.worker == 1 && placed?.wireID == 6)
        let refused = core.place(4, version("a"), deadline: .max, now: 1 + PoolCore.roomPause)
        #expect(refused == nil, "one is sought again")
    }
}
