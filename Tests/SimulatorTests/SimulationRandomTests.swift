import Testing

@testable import Simulator

@Suite struct SimulationRandomTests {
    @Test func repeatsItselfForEqualSeedsAndPurposesOnly() {
        func first(_ seed: UInt64, _ purpose: String, _ index: Int = 0) -> [UInt64] {
            var random = SimulationRandom(seed: seed, purpose: purpose, index: index)
            return (0..<4).map { _ in random.next() }
        }
        let reference = first(1, "loss")
        #expect(first(1, "loss") == reference)
        for other in [first(2, "loss"), first(1, "delay"), first(1, "loss", 1), first(1, "")] {
            #expect(other != reference)
        }
    }

    @Test func drawsWithTheMomentsItPromises() {
        var random = SimulationRandom(seed: 3, purpose: "moments")
        let count = 40_000
        let units = Distribution((0..<count).map { _ in random.unit() })
        #expect(abs(units.mean - 0.5) < 0.01 && units.least >= 0 && units.most < 1)
        let exponential = Distribution((0..<count).map { _ in random.exponential(mean: 4) })
        #expect(abs(exponential.mean - 4) < 0.1 && exponential.least >= 0)
        let normal = (0..<count).map { _ in random.normal() }
        #expect(abs(normal.reduce(0, +) / Double(count)) < 0.02)
        #expect(abs(normal.map { $0 * $0 }.reduce(0, +) / Double(count) - 1) < 0.03)
        let logNormal = Distribution((0..<count).map { _ in random.logNormal(median: 7, sigma: 1) })
        #expect(abs(logNormal.median - 7) < 0.25)
        let heads = (0..<count).count { _ in random.chance(0.2) }
        #expect(abs(Double(heads) / Double(count) - 0.2) < 0.01)
    }

    @Test func staysInsideItsBounds() {
        var random = SimulationRandom(seed: 4, purpose: "bounds")
        #expect((0..<1_000).allSatisfy { _ in (0..<3).contains(random.index(below: 3)) })
        #expect(random.index(below: 0) == 0 && random.index(below: -5) == 0)
        #expect(!random.chance(0) && random.chance(1) && !random.chance(-1))
        let sample = random.sample(10, of: 12)
        #expect(sample.count == 10 && Set(sample).count == 10 && sample.allSatisfy { (0..<12).contains($0) })
        #expect(random.sample(9, of: 4).sorted() == [0, 1, 2, 3] && random.sample(-1, of: 4).isEmpty)
    }
}
