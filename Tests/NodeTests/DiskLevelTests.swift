import Testing

@testable import Node

struct DiskLevelTests {
    @Test("A disk is full below the reserve, and has room again a quarter above it")
    func levels() {
        var level = DiskLevel()
        let steps: [(free: Int, changes: Bool, isFull: Bool)] = [
            (1_000, false, false), (100, false, false), (99, true, true), (0, false, true), (100, false, true),
            (124, false, true), (125, true, false), (100, false, false), (99, true, true), (.max, true, false),
        ]
        for step in steps {
            #expect(level.note(freeBytes: step.free, reserveBytes: 100) == step.changes, "\(step)")
            #expect(level.isFull == step.isFull, "\(step)")
        }
    }

    @Test("A reserve of any size is none that traps")
    func extremes() {
        for reserve in [0, 1, Int.max] {
            var level = DiskLevel()
            for free in [0, .max, 0] { _ = level.note(freeBytes: free, reserveBytes: reserve) }
        }
    }
}
