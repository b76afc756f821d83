import Foundation
import Manifests
import Testing

@testable import Node

@Suite struct CronRunnerTests {
    @Test("A time becomes its minute in UTC, with Sunday as 0")
    func minutes() {
        // 2026-11-29T00:00:00Z is a Sunday.
        let sunday: Int64 = 1_795_910_400_000
        #expect(
            CronExpression.Minute(milliseconds: sunday)
                == CronExpression.Minute(minute: 0, hour: 0, day: 29, month: 11, weekday: 0))
        #expect(
            CronExpression.Minute(milliseconds: sunday + 86_400_000 - 1)
                == CronExpression.Minute(minute: 59, hour: 23, day: 29, month: 11, weekday: 0))
        #expect(
            CronExpression.Minute(milliseconds: sunday - 1)
                == CronExpression.Minute(minute: 59, hour: 23, day: 28, month: 11, weekday: 6))
        #expect(
            CronExpression.Minute(milliseconds: 0)
                == CronExpression.Minute(minute: 0, hour: 0, day: 1, month: 1, weekday: 4))
    }

    @Test("The next minute begins after this one")
    func next() {
        #expect(CronRunner.nextMinute(after: 0) == 60_000)
        #expect(CronRunner.nextMinute(after: 59_999) == 60_000)
        #expect(CronRunner.nextMinute(after: 60_000) == 120_000)
    }
}
