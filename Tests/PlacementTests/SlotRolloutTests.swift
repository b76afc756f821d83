import Placement
import Testing

@Suite struct SlotRolloutTests {
    private typealias Slot = SlotRollout.Slot

    @Test func rollingIsOneSlotAfterTheOther() {
        var slots = (0..<3).map { Slot(number: $0, release: "old") }
        for turn in 0..<3 {
            let rollout = SlotRollout(strategy: .rolling, releases: ["new", "old"], slots: slots)
            let steps = (0..<3).map { rollout.step(of: UInt32($0)) }
            #expect(steps[turn] == .replace("new"))
            for slot in 0..<3 where slot != turn { #expect(steps[slot] == (slot < turn ? .settled : .keep)) }
            #expect(!rollout.isDone)
            slots[turn].release = "new"
        }
        let done = SlotRollout(strategy: .rolling, releases: ["new", "old"], slots: slots)
        #expect(done.isDone && done.target == "new")
        #expect((0..<3).allSatisfy { done.step(of: UInt32($0)) == .settled })
    }

    @Test func aSlotThatNobodyHasKeepsNobodyWaiting() {
        let slots = [Slot(number: 0, isHeld: false, release: "old"), Slot(number: 1, release: "old")]
        let rollout = SlotRollout(strategy: .rolling, releases: ["new", "old"], slots: slots)
        #expect(rollout.step(of: 1) == .replace("new"))
    }

    @Test func oneFailureTakesAllBack() {
        let slots = [
            Slot(number: 0, release: "new"), Slot(number: 1, release: "old", failed: "new"),
            Slot(number: 2, release: "old"),
        ]
        let rollout = SlotRollout(strategy: .rolling, releases: ["new", "old"], slots: slots)
        #expect(rollout.target == "old")
        #expect(rollout.step(of: 0) == .replace("old"))
        #expect(rollout.step(of: 1) == .settled && rollout.step(of: 2) == .settled)
    }

    @Test func aFirstReleaseThatFailsHasNothingToGoBackTo() {
        let rollout = SlotRollout(
            strategy: .rolling, releases: ["new"], slots: [Slot(number: 0, release: "new", failed: "new")])
        #expect(rollout.target == nil)
        #expect(rollout.step(of: 0) == .keep)
    }

    @Test func blueGreenSwitchesWhenAllAreReady() {
        var slots = (0..<3).map { Slot(number: $0, release: "blue") }
        func rollout() -> SlotRollout {
            SlotRollout(strategy: .blueGreen, releases: ["green", "blue"], slots: slots)
        }
        #expect((0..<3).allSatisfy { rollout().step(of: UInt32($0)) == .prepare("green") })
        slots[0].ready = "green"
        slots[2].ready = "green"
        #expect(rollout().step(of: 0) == .keep && rollout().step(of: 1) == .prepare("green"))
        slots[1].ready = "green"
        #expect((0..<3).allSatisfy { rollout().step(of: UInt32($0)) == .switchTo("green") })
        slots[1].release = "green"
        slots[1].ready = nil
        #expect(rollout().step(of: 0) == .switchTo("green") && rollout().step(of: 1) == .settled)
    }

    @Test func scaling() {
        let scale = MachineScale(least: 0, most: 3, inFlightTarget: 10, idleMilliseconds: 1_000)
        #expect(!scale.wantsMore(inFlight: 0, awake: 0) && scale.wantsMore(inFlight: 1, awake: 0))
        #expect(!scale.wantsMore(inFlight: 10, awake: 1) && scale.wantsMore(inFlight: 11, awake: 1))
        #expect(!scale.wantsMore(inFlight: 1_000, awake: 3))
        #expect(scale.startsAwake(slot: 0) && !scale.startsAwake(slot: 1) && !scale.startsAwake(slot: 3))
        #expect(!scale.sleeps(slot: 0, inFlight: 0, idleSince: 0, now: 999))
        #expect(scale.sleeps(slot: 0, inFlight: 0, idleSince: 0, now: 1_000))
        #expect(!scale.sleeps(slot: 0, inFlight: 1, idleSince: 0, now: 9_000))
        let least = MachineScale(least: 1, most: 2, inFlightTarget: 0, idleMilliseconds: 1_000)
        #expect(!least.sleeps(slot: 0, inFlight: 0, idleSince: 0, now: 9_000))
        #expect(least.sleeps(slot: 1, inFlight: 0, idleSince: 0, now: 9_000))
        let all = MachineScale(least: 1, most: 2, inFlightTarget: 0, idleMilliseconds: 0)
        #expect(all.startsAwake(slot: 1) && !all.sleeps(slot: 1, inFlight: 0, idleSince: 0, now: .max))
    }

    @Test func aShareOfTheVisitorsIsAShareOfTheSlots() {
        func slots(_ percent: Int, of most: UInt32) -> Range<UInt32> {
            MachineScale(least: 1, most: most, inFlightTarget: 0, idleMilliseconds: 0).trialSlots(percent: percent)
        }
        #expect(slots(10, of: 1).isEmpty && slots(10, of: 0).isEmpty)
        #expect(slots(0, of: 4).isEmpty && slots(100, of: 4).isEmpty && slots(-1, of: 4).isEmpty)
        #expect(slots(1, of: 2) == 1..<2 && slots(99, of: 2) == 1..<2)
        #expect(slots(10, of: 10) == 1..<2 && slots(24, of: 10) == 1..<3 && slots(25, of: 10) == 1..<4)
        #expect(slots(99, of: 10) == 1..<10, "the first one stays")
        // A growing share only takes slots in.
        for most in UInt32(2)...64 {
            for percent in 2...99 { #expect(slots(percent, of: most).count >= slots(percent - 1, of: most).count) }
        }
    }

    @Test func aPlanSaysWhatHappensInEachSlot() {
        let running = (0..<3).map { RolloutPlan.Running(slot: $0, release: "old", node: "n\($0)") }
        func steps(_ copies: UInt32, volumes: Bool = false, same: Bool = false) -> [RolloutPlan.Step] {
            RolloutPlan(running: running, copies: copies, isRolling: true, hasVolumes: volumes, isSame: same).steps
                .map(\.step)
        }
        #expect(
            steps(4) == [
                .replace("old", node: "n0"), .replace("old", node: "n1"), .replace("old", node: "n2"), .start,
            ])
        #expect(steps(2).last == .end("old", node: "n2"))
        #expect(steps(1, volumes: true).first == .exchange("old", node: "n0"))
        #expect(steps(3, same: true).allSatisfy { if case .keep = $0 { true } else { false } })
        #expect(RolloutPlan(running: [], copies: 1, isRolling: false, hasVolumes: true, isSame: false).isRolling)
    }
}
