import Placement
import Testing

@testable import Node

@Suite struct PreviewCoreTests {
    private typealias Key = PreviewCore.Key

    private static let small = MachinePlacement.Demand(cpuMillis: 100, memoryBytes: 100)

    private static func room(_ count: Int) -> MachinePlacement.Demand {
        MachinePlacement.Demand(cpuMillis: 100 * count, memoryBytes: 100 * count)
    }

    private static func key(_ release: String, _ app: String = "web") -> Key { Key(app: app, release: release) }

    private static func core(_ change: (inout PreviewCore.Limits) -> Void = { _ in }) -> PreviewCore {
        var limits = PreviewCore.Limits()
        limits.most = 3
        limits.mostOfApp = 2
        limits.idle = 1_000
        limits.least = 100
        limits.pause = 50
        change(&limits)
        return PreviewCore(limits: limits)
    }

    private static func isRefused(_ admission: PreviewCore.Admission) -> Bool {
        if case .refused = admission { true } else { false }
    }

    @Test func oneThatIsThereIsNotBegunAgain() {
        var core = Self.core()
        #expect(core.admit(Self.key("a"), Self.small, room: Self.room(9), now: 0) == .begins(ending: []))
        #expect(core.admit(Self.key("a"), Self.small, room: Self.room(9), now: 1) == .known)
        #expect(core.keys == [Self.key("a")])
    }

    @Test func anAppsThirdOneTakesThePlaceOfTheOldest() {
        var core = Self.core()
        _ = core.admit(Self.key("a"), Self.small, room: Self.room(9), now: 0)
        _ = core.admit(Self.key("b"), Self.small, room: Self.room(9), now: 10)
        // Not yet: somebody looks at them.
        #expect(Self.isRefused(core.admit(Self.key("c"), Self.small, room: Self.room(9), now: 99)))
        #expect(core.admit(Self.key("a"), Self.small, room: Self.room(9), now: 100) == .known)
        #expect(
            core.admit(Self.key("c"), Self.small, room: Self.room(9), now: 200) == .begins(ending: [Self.key("b")]))
        // What works does not go.
        core.note(Self.key("a"), isBusy: true, now: 210)
        core.note(Self.key("c"), isBusy: true, now: 210)
        #expect(Self.isRefused(core.admit(Self.key("d"), Self.small, room: Self.room(9), now: 900)))
        core.note(Self.key("c"), isBusy: false, now: 900)
        #expect(Self.isRefused(core.admit(Self.key("d"), Self.small, room: Self.room(9), now: 999)))
        #expect(
            core.admit(Self.key("d"), Self.small, room: Self.room(9), now: 1_000) == .begins(ending: [Self.key("c")]))
    }

    @Test func aNodeHasLimits() {
        var core = Self.core()
        for (index, app) in ["x", "y", "z"].enumerated() {
            _ = core.admit(Self.key("a", app), Self.small, room: Self.room(9), now: Int64(index))
        }
        #expect(Self.isRefused(core.admit(Self.key("a"), Self.small, room: Self.room(9), now: 50)))
        #expect(
            core.admit(Self.key("a"), Self.small, room: Self.room(9), now: 200)
                == .begins(ending: [Self.key("a", "x")]))
        // Without room nothing begins, and nothing ends for what would not fit anyhow… but what must, does.
        var full = Self.core()
        #expect(Self.isRefused(full.admit(Self.key("a"), Self.small, room: Self.room(0), now: 0)))
        #expect(full.admit(Self.key("a"), Self.small, room: Self.room(1), now: 0) == .begins(ending: []))
        #expect(Self.isRefused(full.admit(Self.key("a", "y"), Self.small, room: Self.room(1), now: 50)))
        #expect(
            full.admit(Self.key("a", "y"), Self.small, room: Self.room(1), now: 100)
                == .begins(ending: [Self.key("a")]))
    }

    @Test func whatNobodyLooksAtEnds() {
        var core = Self.core()
        _ = core.admit(Self.key("a"), Self.small, room: Self.room(9), now: 0)
        _ = core.admit(Self.key("b"), Self.small, room: Self.room(9), now: 0)
        core.note(Self.key("b"), isBusy: true, now: 500)
        #expect(core.expire(room: Self.room(9), now: 999).isEmpty)
        #expect(core.expire(room: Self.room(9), now: 1_000) == [Self.key("a")])
        core.note(Self.key("b"), isBusy: false, now: 5_000)
        #expect(core.expire(room: Self.room(9), now: 5_999).isEmpty)
        #expect(core.expire(room: Self.room(9), now: 6_000) == [Self.key("b")])
        #expect(core.keys.isEmpty)
    }

    @Test func slotsComeFirst() {
        var core = Self.core()
        _ = core.admit(Self.key("a"), Self.small, room: Self.room(2), now: 0)
        _ = core.admit(Self.key("b"), Self.small, room: Self.room(2), now: 10)
        #expect(core.expire(room: Self.room(2), now: 20).isEmpty)
        #expect(core.expire(room: Self.room(1), now: 20) == [Self.key("a")])
        #expect(core.expire(room: Self.room(-1), now: 20) == [Self.key("b")])
        #expect(core.expire(room: Self.room(-1), now: 20).isEmpty)
    }

    @Test func whatDoesNotStartIsNotTriedAtOnce() {
        var core = Self.core()
        _ = core.admit(Self.key("a"), Self.small, room: Self.room(9), now: 0)
        core.failed(Self.key("a"), "it ended", now: 10)
        #expect(core.failure(of: Self.key("a")) == "it ended")
        #expect(core.admit(Self.key("a"), Self.small, room: Self.room(9), now: 59) == .refused("it ended"))
        #expect(core.admit(Self.key("a"), Self.small, room: Self.room(9), now: 60) == .begins(ending: []))
    }
}
