import Blake3
import Identity
import Placement
import Testing

@Suite("Rendezvous placement")
struct RendezvousTests {
    private let nodes = (0..<10).map { NodeID(Blake3.hash([UInt8($0)])) }

    @Test("The order depends on the key and the nodes, not on how they are listed")
    func deterministic() {
        #expect(Rendezvous.order(nodes, for: "site") == Rendezvous.order(nodes.reversed(), for: "site"))
        #expect(Set(Rendezvous.order(nodes, for: "site")) == Set(nodes))
        #expect((0..<20).map { Rendezvous.order(nodes, for: "key \($0)").first }.count(where: { $0 == nodes[0] }) < 20)
    }

    @Test("Losing a node moves only what it held")
    func minimalMovement() {
        let gone = nodes[3]
        let rest = nodes.filter { $0 != gone }
        for key in (0..<200).map({ "key \($0)" }) {
            let before = Rendezvous.replicas(nodes, for: key, count: 3)
            let after = Rendezvous.replicas(rest, for: key, count: 3)
            #expect(before.filter { $0 != gone } == Array(after.prefix(before.contains(gone) ? 2 : 3)))
        }
    }

    @Test("Keys spread evenly")
    func even() {
        var counts: [NodeID: Int] = [:]
        for key in 0..<5_000 {
            for node in Rendezvous.replicas(nodes, for: "key \(key)", count: 1) { counts[node, default: 0] += 1 }
        }
        #expect(counts.values.allSatisfy { (380...620).contains($0) }, "\(counts.values.sorted())")
    }

    @Test("More replicas than nodes are all nodes")
    func fewNodes() {
        #expect(Rendezvous.replicas(nodes.prefix(2), for: "key", count: 3).count == 2)
        #expect(Rendezvous.replicas([], for: "key", count: 3).isEmpty)
        #expect(Rendezvous.replicas(nodes, for: "key", count: -1).isEmpty)
    }

    @Test("Nodes that are not able are passed over in order, and fill up where too few are able")
    func passingOver() {
        let order = Rendezvous.candidates(nodes, for: "key", count: 3)
        #expect(order == Rendezvous.order(nodes, for: "key"))
        var asked: [NodeID] = []
        let plain = Rendezvous.replicas(among: order, count: 3) { node in
            asked.append(node)
            return true
        }
        #expect(plain == Array(order[..<3]) && asked == plain, "Nobody else is asked")
        let unable: Set = [order[0], order[2], order[3]]
        #expect(
            Rendezvous.replicas(among: order, count: 3) { !unable.contains($0) } == [order[1], order[4], order[5]])
        #expect(
            Rendezvous.replicas(among: order, count: 3) { $0 == order[7] } == [order[7], order[0], order[1]])
        #expect(Rendezvous.replicas(among: order, count: 3) { _ in false } == Array(order[..<3]))
        #expect(Rendezvous.replicas(among: [], count: 3) { _ in true }.isEmpty)
        #expect(Rendezvous.replicas(among: order, count: -1) { _ in true }.isEmpty)
    }

    @Test("So many candidates come into question, and no more")
    func candidateLimit() {
        let many = (0..<100).map { NodeID(Blake3.hash([UInt8($0), 7])) }
        #expect(Rendezvous.candidates(many, for: "key", count: 3).count == 3 + Rendezvous.maxPassedOver)
        #expect(Rendezvous.candidates(many, for: "key", count: -1).count == Rendezvous.maxPassedOver)
        #expect(Rendezvous.candidates(many, for: "key", count: .max) == Rendezvous.order(many, for: "key"))
    }
}
