import Placement
import Testing

@Suite("Whether a new release is worse")
struct RolloutJudgeTests {
    /// Requests and failures of the new release, of the old one, and the verdict.
    private static let cases: [(new: (Int, Int), old: (Int, Int), isWorse: Bool)] = [
        ((19, 19), (1_000, 0), false), ((20, 20), (1_000, 0), true), ((20, 20), (0, 0), true),
        ((20, 0), (1_000, 0), false), ((20, 4), (1_000, 0), false), ((20, 5), (1_000, 0), true),
        ((20, 1), (100, 1), false),
        ((20, 7), (0, 0), false), ((20, 10), (0, 0), true), ((100, 10), (100, 10), false),
        ((100, 10), (100, 30), false), ((100, 30), (100, 10), true), ((1_000, 30), (1_000, 20), false),
        ((100_000, 1_500), (100_000, 0), false), ((100_000, 2_500), (100_000, 0), true), ((50, 50), (50, 50), false),
        ((0, 0), (0, 0), false),
    ]

    @Test("Enough requests, a difference that matters, and little chance", arguments: cases)
    func verdicts(new: (Int, Int), old: (Int, Int), isWorse: Bool) {
        let judge = RolloutJudge()
        let verdict = judge.isWorse(.init(total: new.0, failed: new.1), than: .init(total: old.0, failed: old.1))
        #expect(verdict == isWorse)
    }

    /// SplitMix64, so that each run sees the same.
    private struct Sequence: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
            return mixed ^ mixed >> 31
        }
    }

    @Test("Two releases that fail alike are told apart in few of a thousand rollouts, however often they are looked at")
    func falseAlarms() {
        var generator = Sequence(state: 7)
        let judge = RolloutJudge()
        var alarms = 0
        for _ in 0..<300 {
            var (new, old) = (RolloutJudge.Counts(), RolloutJudge.Counts(total: 500, failed: 25))
            for _ in 0..<500 {
                new.total += 1
                old.total += 1
                if UInt8.random(in: 0..<20, using: &generator) == 0 { new.failed += 1 }
                if UInt8.random(in: 0..<20, using: &generator) == 0 { old.failed += 1 }
                if judge.isWorse(new, than: old) {
                    alarms += 1
                    break
                }
            }
        }
        #expect(alarms <= 6, "\(alarms) of 300")
    }
}
