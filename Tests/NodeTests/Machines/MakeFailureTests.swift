import Testing

@testable import Node

@Suite struct MakeFailureTests {
    @Test func whatCannotBeMadeIsTriedLessAndLessOftenAndThenLeftToOthers() {
        let rows: [(pause: Int64, isOfRelease: Bool, isOfNode: Bool)] = [
            (1_000, false, false), (2_000, false, false), (4_000, true, false), (8_000, true, true),
            (16_000, true, true), (32_000, true, true), (60_000, true, true), (60_000, true, true),
        ]
        var last: MakeFailure?
        for (index, row) in rows.enumerated() {
            let failure = MakeFailure("full", after: last, now: 500, wallTime: 7)
            #expect(failure.count == index + 1 && failure.retry == 500 + row.pause && failure.at == 7)
            #expect(failure.isOfRelease == row.isOfRelease && failure.isOfNode == row.isOfNode)
            last = failure
        }
        for _ in 0..<100 { last = MakeFailure("full", after: last, now: 0, wallTime: 0) }
        #expect(last?.retry == MakeFailure.longestPause)
        // After a success it begins anew.
        #expect(MakeFailure("full", after: nil, now: 0, wallTime: 0).count == 1)
    }
}
