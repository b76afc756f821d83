import Placement
import Testing

@testable import Node

@Suite struct SlotCoreTests {
    private typealias Action = SlotCore.Action

    private static func wish(
        _ step: SlotRollout.Step, awake: Bool = true, proof: Bool = false, exclusive: Bool = false,
        templates: [String: String] = ["a": "1", "b": "2", "c": "1"]
    ) -> SlotCore.Wish {
        .init(
            step: step, templates: templates, timeout: 1_000, isAwake: awake, isProof: proof, isExclusive: exclusive)
    }

    /// Advances a core and compares what it wants done.
    private static func expect(
        _ core: inout SlotCore, _ wish: SlotCore.Wish, _ now: Int64, _ expected: [Action],
        at location: SourceLocation = #_sourceLocation
    ) {
        let actions = core.advance(wish, now: now)
        #expect(actions == expected, sourceLocation: location)
    }

    /// A slot that runs release `a`, healthy.
    private static func running() -> SlotCore {
        var core = SlotCore()
        Self.expect(&core, wish(.replace("a")), 0, [.create(release: "a", starts: true)])
        core.note("a", .starting)
        Self.expect(&core, wish(.keep), 1, [])
        core.note("a", .healthy)
        Self.expect(&core, wish(.keep), 2, [])
        return core
    }

    @Test func theFirstRelease() { #expect(Self.running().release == "a") }

    @Test func aNewReleaseStartsBesideTheOldOne() {
        var core = Self.running()
        Self.expect(&core, Self.wish(.replace("b")), 10, [.create(release: "b", starts: true)])
        core.note("b", .starting)
        Self.expect(&core, Self.wish(.replace("b")), 1_009, [])
        #expect(core.release == "a")
        core.note("b", .healthy)
        Self.expect(&core, Self.wish(.replace("b")), 1_010, [.retire(release: "a")])
        #expect(core.release == "b" && core.next == nil && core.failed == nil)
    }

    @Test func oneThatIsNotHealthyInTimeIsGivenUp() {
        var core = Self.running()
        _ = core.advance(Self.wish(.replace("b")), now: 10)
        core.note("b", .starting)
        Self.expect(&core, Self.wish(.replace("b")), 1_010, [.retire(release: "b")])
        #expect(core.release == "a" && core.failed == "b")
        Self.expect(&core, Self.wish(.replace("b")), 1_011, [])
        Self.expect(&core, Self.wish(.keep), 1_012, [])
    }

    @Test func oneThatFailsIsGivenUpAtOnce() {
        var core = Self.running()
        _ = core.advance(Self.wish(.replace("b")), now: 10)
        core.note("b", .failing)
        Self.expect(&core, Self.wish(.replace("b")), 11, [.retire(release: "b")])
        #expect(core.failed == "b")
    }

    @Test func blueGreenWaitsForTheSwitch() {
        var core = Self.running()
        Self.expect(&core, Self.wish(.prepare("b")), 10, [.create(release: "b", starts: true)])
        core.note("b", .healthy)
        Self.expect(&core, Self.wish(.prepare("b")), 11, [])
        #expect(core.ready == "b" && core.release == "a")
        Self.expect(&core, Self.wish(.keep), 12, [])
        Self.expect(&core, Self.wish(.switchTo("b")), 13, [.retire(release: "a")])
        #expect(core.release == "b" && core.ready == nil)
    }

    @Test func whatWasPreparedForASwitchThatWasCalledOffEnds() {
        var core = Self.running()
        _ = core.advance(Self.wish(.prepare("b")), now: 10)
        core.note("b", .healthy)
        Self.expect(&core, Self.wish(.prepare("b")), 11, [])
        // It failed in another slot: the rollout is back at what runs here.
        Self.expect(&core, Self.wish(.settled), 12, [.retire(release: "b")])
        #expect(core.release == "a" && core.next == nil && core.ready == nil)
    }

    @Test func whatSleepsIsReadyAsItIs() {
        var core = Self.running()
        _ = core.advance(Self.wish(.keep, awake: false), now: 10)
        core.note("a", .stopped)
        Self.expect(&core, Self.wish(.prepare("b"), awake: false), 11, [.create(release: "b", starts: false)])
        core.note("b", .stopped)
        Self.expect(&core, Self.wish(.prepare("b"), awake: false), 12, [])
        #expect(core.ready == "b")
        Self.expect(&core, Self.wish(.keep, awake: false), 13, [])
        // Somebody wakes it before the switch: now it has to be healthy, and has its time for that.
        Self.expect(&core, Self.wish(.switchTo("b")), 5_000, [.start(release: "b"), .start(release: "a")])
        core.note("b", .starting)
        core.note("a", .healthy)
        Self.expect(&core, Self.wish(.switchTo("b")), 5_999, [])
        core.note("b", .healthy)
        Self.expect(&core, Self.wish(.switchTo("b")), 5_999, [.retire(release: "a")])
        #expect(core.release == "b")
    }

    @Test func theSameMachineUnderAnotherReleaseRunsOn() {
        var core = Self.running()
        Self.expect(&core, Self.wish(.replace("c")), 10, [.rename(release: "a", to: "c")])
        #expect(core.release == "c" && core.next == nil)
    }

    @Test func aVolumeIsNeverOpenTwice() {
        var core = Self.running()
        Self.expect(&core, Self.wish(.replace("b"), exclusive: true), 10, [.stop(release: "a")])
        core.note("a", .stopped)
        Self.expect(&core, Self.wish(.replace("b"), exclusive: true), 11, [.create(release: "b", starts: true)])
        core.note("b", .failing)
        Self.expect(&core, Self.wish(.replace("b"), exclusive: true), 12, [.retire(release: "b")])
        // Back to the old one, when the new one has let go.
        Self.expect(&core, Self.wish(.keep, exclusive: true), 13, [])
        core.noteGone("b")
        Self.expect(&core, Self.wish(.keep, exclusive: true), 13, [.start(release: "a")])
    }

    @Test func nobodyOpensAVolumeUntilWhoeverHadItIsGone() {
        var core = Self.running()
        _ = core.advance(Self.wish(.replace("b"), exclusive: true), now: 10)
        core.note("a", .stopped)
        Self.expect(&core, Self.wish(.replace("b"), exclusive: true), 11, [.create(release: "b", starts: true)])
        // Yet another one is wished for before that one is there.
        Self.expect(&core, Self.wish(.replace("d"), exclusive: true), 12, [.retire(release: "b")])
        Self.expect(&core, Self.wish(.replace("d"), exclusive: true), 13, [])
        core.noteGone("b")
        Self.expect(&core, Self.wish(.replace("d"), exclusive: true), 14, [.create(release: "d", starts: true)])
        // And after all none.
        Self.expect(&core, Self.wish(.keep, exclusive: true), 15, [.retire(release: "d")])
        Self.expect(&core, Self.wish(.keep, exclusive: true), 16, [])
        core.noteGone("d")
        Self.expect(&core, Self.wish(.keep, exclusive: true), 17, [.start(release: "a")])
        // What an earlier lease left over counts as well.
        var fresh = SlotCore(leaving: ["x"])
        Self.expect(&fresh, Self.wish(.replace("a"), exclusive: true), 1, [])
        fresh.noteGone("x")
        Self.expect(&fresh, Self.wish(.replace("a"), exclusive: true), 2, [.create(release: "a", starts: true)])
    }

    @Test func sleepAndWake() {
        var core = Self.running()
        Self.expect(&core, Self.wish(.keep, awake: false), 10, [.stop(release: "a")])
        core.note("a", .stopped)
        Self.expect(&core, Self.wish(.keep, awake: false), 11, [])
        Self.expect(&core, Self.wish(.keep), 12, [.start(release: "a")])
        core.note("a", .stopped)
        _ = core.advance(Self.wish(.keep, awake: false), now: 13)
        Self.expect(&core, Self.wish(.replace("b"), awake: false), 14, [.create(release: "b", starts: false)])
        core.note("b", .stopped)
        Self.expect(&core, Self.wish(.replace("b"), awake: false), 15, [.retire(release: "a")])
    }

    @Test func aReleaseShowsThatItWorksEvenWhereAllSleep() {
        for isExclusive in [false, true] {
            var core = Self.running()
            func wish(_ release: String) -> SlotCore.Wish {
                Self.wish(.replace(release), awake: false, proof: true, exclusive: isExclusive)
            }
            _ = core.advance(Self.wish(.keep, awake: false), now: 10)
            core.note("a", .stopped)
            Self.expect(&core, wish("b"), 11, [.create(release: "b", starts: true)])
            core.note("b", .stopped)
            Self.expect(&core, wish("b"), 12, [.start(release: "b")])
            core.note("b", .starting)
            Self.expect(&core, wish("b"), 12, [])
            // It does not work: the old one sleeps on.
            core.note("b", .failing)
            Self.expect(&core, wish("b"), 13, [.retire(release: "b")])
            #expect(core.failed == "b" && core.release == "a")
            core.noteGone("b")
            Self.expect(&core, wish("b"), 14, [])
            // Another one does: it takes over, and goes to sleep.
            let next = Self.wish(
                .replace("d"), awake: false, proof: true, exclusive: isExclusive, templates: ["a": "1", "d": "4"])
            Self.expect(&core, next, 15, [.create(release: "d", starts: true)])
            core.note("d", .healthy)
            Self.expect(&core, next, 16, [.retire(release: "a")] + (isExclusive ? [] : [.stop(release: "d")]))
            if isExclusive {
                // What had the volume is gone first.
                core.noteGone("a")
                Self.expect(&core, next, 17, [.stop(release: "d")])
            }
        }
    }

    @Test func whatNeverWasHealthyIsOverdue() {
        var core = SlotCore()
        let wish = Self.wish(.replace("a"))
        _ = core.advance(wish, now: 0)
        core.note("a", .starting)
        #expect(!core.isOverdue(wish, now: 999) && core.isOverdue(wish, now: 1_000))
        core.note("a", .healthy)
        core.note("a", .failing)
        #expect(!core.isOverdue(wish, now: 9_000), "it has been healthy")
    }

    @Test func oneThatEndedStaysSo() {
        var core = Self.running()
        core.note("a", .ended)
        Self.expect(&core, Self.wish(.keep), 10, [])
    }

    @Test func aLeaseEndsHereBeforeItEndsThere() {
        for term in [Int64(1_000), 2_000, 15_000, 3_600_000] {
            let clock = LeaseClock(term: term)
            #expect(clock.end(askedAt: 0) < term - 199)
            #expect(clock.renewal(askedAt: 0) < clock.end(askedAt: 0))
            #expect(3 * clock.renewal(askedAt: 0) <= clock.end(askedAt: 0) + 3)
        }
    }
}
