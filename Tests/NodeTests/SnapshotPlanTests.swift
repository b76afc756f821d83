import Testing

@testable import Node

@Suite("When a snapshot takes the place of entries")
struct SnapshotPlanTests {
    let plan = SnapshotPlan(snapshotEntries: 100, marginEntries: 20)

    @Test("It is due at the limit, counted from where the log begins")
    func due() {
        #expect(!plan.isDue(base: 0, certified: 99))
        #expect(plan.isDue(base: 0, certified: 100))
        #expect(!plan.isDue(base: 100, certified: 199))
        #expect(plan.isDue(base: 100, certified: 200))
        #expect(!plan.isDue(base: 200, certified: 100))
        #expect(!SnapshotPlan(snapshotEntries: 0, marginEntries: 0).isDue(base: 5, certified: 5))
    }

    @Test("Entries stay for slow readers as long as the margin says")
    func margin() {
        #expect(!plan.mayTruncate(to: 100, head: 99))
        #expect(!plan.mayTruncate(to: 100, head: 119))
        #expect(plan.mayTruncate(to: 100, head: 120))
    }
}
