import Identity
import Testing

@testable import Discovery

@Suite("The search for providers")
struct ProviderLookupTests {
    private typealias Action = ProviderLookup.Action

    private static func asks(_ actions: [ProviderLookup.Action]) -> [NodeID] {
        actions.compactMap { if case .ask(let node, _) = $0 { node } else { nil } }
    }

    private static func lookup(
        _ candidates: [NodeID], _ mode: ProviderLookup.Mode = .oneHop,
        ledger: Keyspace = Keyspace([]), _ change: (inout DiscoverySettings) -> Void = { _ in }
    ) -> ProviderLookup {
        var settings = DiscoverySettings()
        change(&settings)
        return ProviderLookup(key: key(0), mode: mode, candidates: candidates, ledger: ledger, settings: settings)
    }

    /// Nodes by their distance from the key, nearest first.
    private static func sorted(_ numbers: Range<Int>) -> [NodeID] {
        Keyspace(numbers.map { member($0) }).nearest(to: Position(key(0).digest), count: numbers.count) { _ in true }
    }

    @Test("Three at once; one at a time when four have named a provider; over when all have answered")
    func settles() {
        let nodes = Self.sorted(0..<8)
        var lookup = Self.lookup(nodes)
        #expect(lookup.start(own: []) == nodes[..<3].map { Action.ask($0, wantsCloser: false) })
        let first = lookup.onAnswer(from: nodes[1], records: [record(0, by: 50)], closer: [])
        #expect(first == [.found(record(0, by: 50)), .ask(nodes[3], wantsCloser: false)])
        #expect(
            lookup.onAnswer(from: nodes[0], records: [record(0, by: 50)], closer: [])
                == [.ask(nodes[4], wantsCloser: false)])
        #expect(
            lookup.onAnswer(from: nodes[3], records: [record(0, by: 51)], closer: [])
                == [.found(record(0, by: 51)), .ask(nodes[5], wantsCloser: false)])
        #expect(lookup.onAnswer(from: nodes[2], records: [record(0, by: 51)], closer: []).isEmpty)
        #expect(lookup.onAnswer(from: nodes[4], records: [record(0, by: 51)], closer: []).isEmpty)
        #expect(lookup.onAnswer(from: nodes[5], records: [], closer: []) == [.ask(nodes[6], wantsCloser: false)])
        #expect(lookup.onAnswer(from: nodes[6], records: [], closer: []) == [.ask(nodes[7], wantsCloser: false)])
        #expect(
            lookup.onAnswer(from: nodes[7], records: [record(0, by: 52)], closer: [])
                == [.found(record(0, by: 52)), .done])
        #expect(lookup.onAnswer(from: nodes[4], records: [record(0, by: 53)], closer: []).isEmpty)
        #expect(lookup.askedCount == 8 && lookup.foundCount == 3 && lookup.depthOfFirst == 1)
    }

    @Test("All replicas are asked before there is said to be nobody", arguments: [0, 1, 2, 3, 20])
    func nowhere(count: Int) {
        let nodes = Self.sorted(0..<count)
        var lookup = Self.lookup(nodes)
        var waiting = lookup.start(own: [])
        var asked: [NodeID] = []
        while let action = waiting.first, case .ask(let node, _) = action {
            asked.append(node)
            waiting.removeFirst()
            waiting +=
                asked.count % 3 == 0
                ? lookup.onFailure(of: node) : lookup.onAnswer(from: node, records: [], closer: [])
        }
        #expect(asked == nodes)
        #expect(waiting == [.done])
        #expect(lookup.depthOfFirst == nil)
    }

    @Test("A slow node does not take another's place, and is not waited for once there is a provider")
    func slow() {
        let nodes = Self.sorted(0..<4)
        var lookup = Self.lookup(nodes)
        _ = lookup.start(own: [])
        #expect(lookup.onSlow(nodes[0]) == [.ask(nodes[3], wantsCloser: false)])
        #expect(lookup.onSlow(nodes[0]).isEmpty)
        #expect(lookup.onSlow(node(99)).isEmpty)
        #expect(lookup.onAnswer(from: nodes[1], records: [], closer: []).isEmpty)
        #expect(lookup.onAnswer(from: nodes[2], records: [record(0, by: 9)], closer: []) == [.found(record(0, by: 9))])
        #expect(lookup.onAnswer(from: nodes[3], records: [], closer: []) == [.done])

        var silent = Self.lookup(Self.sorted(0..<1))
        _ = silent.start(own: [])
        #expect(silent.onSlow(Self.sorted(0..<1)[0]).isEmpty)
        #expect(silent.onFailure(of: Self.sorted(0..<1)[0]) == [.done])
    }

    @Test("The newest record counts: a withdrawal hides what older replicas say, and not what is newer")
    func merges() {
        let nodes = Self.sorted(0..<20)
        var lookup = Self.lookup(nodes)
        _ = lookup.start(own: [record(0, by: 7, sequence: 1, isWithdrawn: true)])
        let old = lookup.onAnswer(from: nodes[0], records: [record(0, by: 7, sequence: 1)], closer: [])
        #expect(Self.asks(old).count == 1 && old.count == 1)
        let withdrawn = record(0, by: 8, sequence: 9, isWithdrawn: true)
        _ = lookup.onAnswer(from: nodes[1], records: [withdrawn], closer: [])
        let stale = lookup.onAnswer(from: nodes[2], records: [record(0, by: 8, sequence: 8)], closer: [])
        #expect(stale.count == 1 && lookup.foundCount == 0)
        let newer = record(0, by: 8, sequence: 10)
        #expect(lookup.onAnswer(from: nodes[3], records: [newer], closer: []).contains(.found(newer)))
    }

    @Test("Fruitless answers make it ask for nearer nodes, and follow those that would have been replicas")
    func escalates() {
        let all = Self.sorted(0..<60)
        // The view lacks the ten nearest; it takes the next twenty for the replicas.
        let known = Array(all[10..<30])
        var lookup = Self.lookup(known)
        var waiting = lookup.start(own: [])
        var wanted: [Bool] = []
        var asked: [NodeID] = []
        var isDone = false
        while !waiting.isEmpty {
            let action = waiting.removeFirst()
            if action == .done { isDone = true }
            guard case .ask(let node, let wantsCloser) = action else { continue }
            asked.append(node)
            wanted.append(wantsCloser)
            if all[..<10].contains(node) {
                waiting += lookup.onAnswer(from: node, records: [record(0, by: 9)], closer: Array(all[..<20]))
            } else {
                waiting += lookup.onAnswer(
                    from: node, records: [], closer: wantsCloser ? Array(all[..<8]) + Array(all[40..<50]) : [])
            }
        }
        #expect(Array(wanted[..<5]) == [false, false, false, false, false] && wanted[6])
        #expect(Array(asked[..<20]) == known)
        // Found by the first path already; none of those farther away than the known replicas was asked.
        #expect(Set(asked[20...]).isSubset(of: all[..<10]) && asked.count > 20)
        #expect(lookup.depthOfFirst == 2)
        #expect(isDone)
    }

    @Test("Paths share no node, end at their nearest ones, and do not stop at the first provider")
    func paths() {
        let all = Self.sorted(0..<300)
        let start = Array(all.reversed().prefix(20))
        var lookup = Self.lookup(start, .paths)
        var waiting = lookup.start(own: [])
        #expect(Self.asks(waiting).count == 4)
        var asked: [NodeID] = []
        var isDone = false
        while !waiting.isEmpty {
            let action = waiting.removeFirst()
            if action == .done { isDone = true }
            guard case .ask(let node, let wantsCloser) = action else { continue }
            #expect(wantsCloser)
            #expect(!asked.contains(node))
            asked.append(node)
            let rank = all.firstIndex(of: node) ?? 0
            // Each node knows some that are nearer by half.
            let closer = all[max(0, rank / 2 - 10)..<max(1, rank / 2 + 10)]
            waiting += lookup.onAnswer(
                from: node, records: rank < 20 ? [record(0, by: 9)] : [], closer: Array(closer))
        }
        #expect(isDone)
        #expect(asked.filter { all[..<20].contains($0) }.count >= 15)
        #expect(asked.count <= DiscoverySettings().maxAsked)
        #expect((lookup.depthOfFirst ?? 0) > 2)
    }

    @Test("Liars that name only each other spoil their own paths, not all")
    func liars() {
        let all = Self.sorted(0..<400)
        let liars = Set(all.indices.filter { $0 % 5 == 0 }.map { all[$0] })
        let byDistance = all.filter(liars.contains)
        var lookup = Self.lookup(Array(all[200..<220]), .paths)
        var waiting = lookup.start(own: [])
        while !waiting.isEmpty {
            guard case .ask(let node, _) = waiting.removeFirst() else { continue }
            let rank = all.firstIndex(of: node) ?? 0
            if liars.contains(node) {
                waiting += lookup.onAnswer(from: node, records: [], closer: Array(byDistance.prefix(20)))
            } else {
                let closer = all[max(0, rank / 3 - 10)..<max(20, rank / 3 + 10)]
                waiting += lookup.onAnswer(
                    from: node, records: rank < 20 ? [record(0, by: 9)] : [], closer: Array(closer))
            }
        }
        #expect(lookup.foundCount == 1)
    }

    @Test("Nodes of one address group come after all others, however near they are")
    func gathered() {
        let all = Self.sorted(0..<100)
        let crowd = Set(all[..<60])
        let ledger = Keyspace(
            (0..<100).map { member($0, group: crowd.contains(node($0)) ? "66.6" : nil) })
        var lookup = Self.lookup(Array(all[60..<80]), .paths, ledger: ledger)
        var waiting = lookup.start(own: [])
        var asked: [NodeID] = []
        while !waiting.isEmpty {
            guard case .ask(let node, _) = waiting.removeFirst() else { continue }
            asked.append(node)
            waiting += lookup.onAnswer(from: node, records: [], closer: Array(all[..<20]))
        }
        #expect(asked.filter(crowd.contains).count == 1)
        #expect(Set(asked).isSuperset(of: all[60..<75]))
    }

    @Test("The limit of nodes that are asked")
    func limits() {
        let all = Self.sorted(0..<200)
        var lookup = Self.lookup(Array(all.suffix(20)), .paths) { $0.maxAsked = 30 }
        var waiting = lookup.start(own: [])
        var index = 180
        while !waiting.isEmpty {
            guard case .ask(let node, _) = waiting.removeFirst() else { continue }
            // Ever nearer ones, as long as somebody asks.
            let closer = Array(all[max(0, index - 4)..<index])
            index = max(4, index - 4)
            waiting += lookup.onAnswer(from: node, records: [], closer: closer)
        }
        #expect(lookup.askedCount == 30)
    }
}
