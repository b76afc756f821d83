import Blake3
import Identity
import Placement
import Testing

@Suite struct MachinePlacementTests {
    private static func node(_ number: Int) -> NodeID { NodeID(Blake3.hash(Array("node \(number)".utf8))) }

    private static let small = MachinePlacement.Demand(cpuMillis: 250, memoryBytes: 256 << 20)

    private static func candidates(_ count: Int) -> [MachinePlacement.Candidate] {
        (0..<count).map {
            .init(node: node($0), cpuMillis: 2_000, memoryBytes: 2 << 30, reputation: 200_000, group: "group \($0 % 2)")
        }
    }

    @Test func everyNodeThinksTheSame() {
        let all = Self.candidates(20)
        let order = MachinePlacement(all, placed: []).order(app: "db", slot: 0, demand: Self.small)
        #expect(Set(order).count == 20)
        for _ in 0..<5 {
            #expect(
                MachinePlacement(all.shuffled(), placed: []).order(app: "db", slot: 0, demand: Self.small) == order)
        }
        #expect(MachinePlacement(all, placed: []).order(app: "db", slot: 1, demand: Self.small) != order)
    }

    @Test func fullNodesGetNothing() {
        let all = Self.candidates(3)
        let full = (0..<8).map { _ in MachinePlacement.Placed(app: "x", node: Self.node(1), demand: Self.small) }
        #expect(MachinePlacement(all, placed: full).order(app: "db", slot: 0, demand: Self.small).count == 2)
        #expect(
            MachinePlacement(all, placed: Array(full.dropLast())).order(app: "db", slot: 0, demand: Self.small).count
                == 3)
        let huge = MachinePlacement.Demand(cpuMillis: 2_001, memoryBytes: 1)
        #expect(MachinePlacement(all, placed: []).order(app: "db", slot: 0, demand: huge).isEmpty)
    }

    @Test func anAppIsSpreadOverNodesAndGroups() {
        var placement = MachinePlacement(Self.candidates(6), placed: [])
        var chosen: [NodeID] = []
        for slot in 0..<6 {
            let first = placement.order(app: "web", slot: UInt32(slot), demand: Self.small)[0]
            placement.add(.init(app: "web", node: first, demand: Self.small))
            chosen.append(first)
        }
        #expect(Set(chosen).count == 6)
        let even = Set((0..<6).filter { $0 % 2 == 0 }.map(Self.node))
        // One group, then the other: never two more in one of them.
        for count in 1...6 {
            let inEven = chosen.prefix(count).count { even.contains($0) }
            #expect(abs(2 * inEven - count) <= 1)
        }
    }

    @Test func aGoodReputationGetsMore() {
        var all = Self.candidates(2)
        all[0].group = ""
        all[1].group = ""
        all[0].reputation = 900_000
        all[1].reputation = 100_000
        let placement = MachinePlacement(all, placed: [])
        let count = (0..<400).count {
            placement.order(app: "app \($0)", slot: 0, demand: Self.small)[0] == Self.node(0)
        }
        #expect((320...390).contains(count), "\(count) of 400")
    }

    @Test func boundsHold() {
        let within: Set = [Self.node(2), Self.node(9)]
        let order = MachinePlacement(Self.candidates(5), placed: []).order(
            app: "db", slot: 0, demand: Self.small, within: within)
        #expect(order == [Self.node(2)])
    }
}
