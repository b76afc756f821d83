import Blake3
import Identity
import Testing

@testable import Discovery

@Suite("The keyspace")
struct KeyspaceTests {
    private func bruteForce(_ ids: [NodeID], _ key: Position) -> [NodeID] {
        ids.sorted {
            Position($0.digest).distance(to: key).leadingBytes(before: Position($1.digest).distance(to: key))
        }
    }

    @Test("The nearest nodes are those that sorting all by distance gives", arguments: [0, 1, 2, 3, 20, 21, 500])
    func nearest(count: Int) {
        let space = Keyspace((0..<count).map { member($0) })
        #expect(space.count == count)
        for number in 0..<40 {
            let position = Position(key(number).digest)
            let sorted = bruteForce((0..<count).map(node), position)
            #expect(space.nearest(to: position, count: 20) { _ in true } == Array(sorted.prefix(20)))
            #expect(space.nearest(to: position, count: 1_000) { _ in true } == sorted)
            let even = Set((0..<count).filter { $0 % 2 == 0 }.map(node))
            #expect(
                space.nearest(to: position, count: 7) { even.contains($0) }
                    == Array(sorted.filter { even.contains($0) }.prefix(7)))
        }
    }

    @Test("Ids that share long prefixes, and the key's own id")
    func nearPrefixes() {
        let ids = (0..<256).map { number -> NodeID in
            var bytes = [UInt8](repeating: 0xaa, count: 32)
            bytes[number / 8] ^= 1 << UInt8(number % 8)
            return NodeID(Digest(bytes) ?? digest("never"))
        }
        let space = Keyspace(ids.map { .init(id: $0, operatorID: account(0), addressGroup: "g") })
        let same = Position(ids[100].digest)
        #expect(space.nearest(to: same, count: 256) { _ in true } == bruteForce(ids, same))
        #expect(space.nearest(to: same, count: 1) { _ in true } == [ids[100]])
        #expect(Position(Digest { $0.initializeMemory(as: UInt8.self, repeating: 0) }).leadingZeroBitCount == 256)
    }

    @Test("Replicas have distinct operators and address groups while there are such")
    func diversity() {
        // 60 nodes of one operator; 20 of others, of which four share an address group.
        let members =
            (0..<60).map { member($0, operator: 0) } + (60..<80).map { member($0, group: $0 < 64 ? "6.6" : nil) }
        let byID = Dictionary(uniqueKeysWithValues: members.map { ($0.id, $0) })
        let space = Keyspace(members)
        for number in 0..<40 {
            let position = Position(key(number).digest)
            var operators: Set<AccountID> = []
            var groups: Set<String> = []
            let expected = bruteForce(members.map(\.id), position).filter { id in
                guard let member = byID[id], !operators.contains(member.operatorID),
                    !groups.contains(member.addressGroup)
                else { return false }
                operators.insert(member.operatorID)
                groups.insert(member.addressGroup)
                return true
            }
            #expect(space.replicas(of: position, count: 5) { _ in true } == Array(expected.prefix(5)))
            // 18 at most are distinct; the nearest others fill up.
            let many = space.replicas(of: position, count: 30) { _ in true }
            #expect(many.count == 30 && Set(many).isSuperset(of: expected))
        }
    }

    @Test("One operator alone fills all places, nearest first")
    func oneOperator() {
        let space = Keyspace((0..<100).map { member($0, operator: 0, group: "127.0") })
        let position = Position(key(1).digest)
        #expect(
            space.replicas(of: position, count: 20) { _ in true }
                == space.nearest(to: position, count: 20) { _ in true })
        #expect(space.replicas(of: position, count: 0) { _ in true }.isEmpty)
        #expect(space.replicas(of: position, count: 20) { _ in false }.isEmpty)
    }

    @Test("Who may be a replica where views differ, at the limit and one past it")
    func isReplica() {
        let space = Keyspace((0..<100).map { member($0) })
        let position = Position(key(3).digest)
        let sorted = space.nearest(to: position, count: 100) { _ in true }
        #expect(space.isReplica(sorted[9], of: position, count: 5, slack: 2) { _ in true })
        #expect(!space.isReplica(sorted[10], of: position, count: 5, slack: 2) { _ in true })
        // Nodes that cannot be used are in nobody's way.
        #expect(space.isReplica(sorted[10], of: position, count: 5, slack: 2) { $0 != sorted[3] })
        #expect(space.isReplica(node(1_000), of: position, count: 101, slack: 1) { _ in true })
        #expect(!space.isReplica(sorted[0], of: position, count: 0, slack: 4) { _ in true })
    }

    @Test("Nodes of a few operators around a key push nobody out, up to the window that is looked at")
    func crowd() {
        let position = Position(key(3).digest)
        // 16 nodes are looked at for each replica: 80 for 5 replicas, 160 with a slack of 2.
        for (crowd, isTaken) in [(0, true), (75, true), (159, true), (160, false)] {
            let far = NodeID(Digest(key(3).digest.bytes.map { ~$0 }) ?? digest("never"))
            let space = Keyspace(
                (0..<crowd).map { member($0, operator: $0 % 3) }
                    + [.init(id: far, operatorID: account(9), addressGroup: "9.9")])
            #expect(space.isReplica(far, of: position, count: 5, slack: 2) { _ in true } == isTaken, "\(crowd)")
            if crowd < 80 { #expect(space.replicas(of: position, count: 5) { _ in true }.contains(far), "\(crowd)") }
        }
    }

    @Test("Every replica takes the record, by its own view, whoever has gathered around the key")
    func replicasAccept() {
        var random = SeededGenerator(8)
        for round in 0..<60 {
            let operators = Int.random(in: 1...120, using: &random)
            let groups = Int.random(in: 1...60, using: &random)
            let big = Double.random(in: 0...1, using: &random)
            let space = Keyspace(
                (0..<Int.random(in: 1...900, using: &random)).map { number in
                    let isBig = Double.random(in: 0...1, using: &random) < big
                    return member(
                        number, operator: isBig ? 0 : Int.random(in: 0..<operators, using: &random),
                        group: "\(Int.random(in: 0..<groups, using: &random))")
                })
            // A fifth of the nodes seems to be down, to each viewer another one.
            func isUsable(_ node: NodeID, by viewer: Int) -> Bool {
                (Int(node.digest.bytes[0]) + viewer) % 5 != 0
            }
            let position = Position(key(round).digest)
            for node in space.replicas(of: position, count: 20, where: { isUsable($0, by: 0) }) {
                #expect(space.isReplica(node, of: position, count: 20, slack: 1) { isUsable($0, by: 0) })
                #expect(space.isReplica(node, of: position, count: 20, slack: 4) { isUsable($0, by: 1) })
                #expect(space.isReplica(node, of: position, count: 20, slack: 4) { _ in true })
            }
        }
    }
}

extension Position {
    /// Order by the bytes of the number, written independently of `<`.
    fileprivate func leadingBytes(before other: Position) -> Bool {
        [first, second, third, fourth].lexicographicallyPrecedes([other.first, other.second, other.third, other.fourth])
    }
}
