import Blake3
import Identity
import Testing

@testable import Exchange

@Suite("The plan of a fetch")
struct FetchPlanTests {
    private static let nodes = (0..<6).map { number in
        NodeID(Blake3.hash([UInt8(number)]))
    }

    private static func plan(
        blocks: Int, window: Int = 2, maxProviders: Int = 8, providers: Int
    ) -> (FetchPlan, [FetchPlan.Source]) {
        var plan = FetchPlan(blockCount: blocks, window: window, maxProviders: maxProviders)
        let sources = nodes.prefix(providers).compactMap { plan.add($0) }
        return (plan, sources)
    }

    @Test("Nothing is asked before it is wanted; then in order, up to the window")
    func order() {
        var (plan, sources) = FetchPlanTests.plan(blocks: 10, providers: 1)
        var asked = [plan.next(for: sources[0])]
        #expect(asked == [nil])
        plan.demand(3..<20)
        asked = (0..<3).map { _ in plan.next(for: sources[0]) }
        #expect(asked == [3, 4, nil])
        plan.onBlock(3, from: sources[0])
        asked = (0..<2).map { _ in plan.next(for: sources[0]) }
        #expect(asked == [5, nil])
        #expect(plan.isDone(3))
        #expect(!plan.isDone(4))
        #expect(!plan.isDone(-1))
        #expect(!plan.isDone(10))
    }

    @Test("A block that somebody waits for overtakes what is announced; twice wanted is once fetched")
    func waiting() {
        var (plan, sources) = FetchPlanTests.plan(blocks: 100, window: 10, providers: 2)
        plan.demand(0..<100)
        plan.demand(10..<20)
        plan.want(70)
        plan.want(70)
        plan.want(-1)
        plan.want(100)
        var asked = (0..<3).map { _ in plan.next(for: sources[0]) }
        #expect(asked == [70, 0, 1])
        plan.want(1)
        asked = (0..<2).map { _ in plan.next(for: sources[1]) }
        #expect(asked == [2, 3])
    }

    @Test("What a lost provider owed is asked of another, and its late failures hit nobody")
    func loss() {
        var (plan, sources) = FetchPlanTests.plan(blocks: 4, providers: 2)
        plan.demand(0..<4)
        var asked = (0..<2).map { _ in plan.next(for: sources[0]) }
        #expect(asked == [0, 1])
        var wasUsed = plan.onFailure(of: sources[0], .unavailable)
        #expect(wasUsed)
        wasUsed = plan.onFailure(of: sources[0], .unavailable)
        #expect(!wasUsed)
        asked = [plan.next(for: sources[0]), plan.next(for: sources[1]), plan.next(for: sources[1])]
        #expect(asked == [nil, 0, 1])
        let tooEarly = plan.add(sources[0].node)
        #expect(tooEarly == nil)
        plan.forgive()
        let again = plan.add(sources[0].node)
        #expect(again != nil)
        #expect(again != sources[0])
        wasUsed = plan.onFailure(of: sources[0], .unavailable)
        #expect(!wasUsed)
        #expect(plan.sources.count == 2)
    }

    @Test("Forgiving keeps those in use, with what they owe, and never takes back a liar")
    func forgiveness() {
        var (plan, sources) = FetchPlanTests.plan(blocks: 4, providers: 3)
        plan.demand(0..<4)
        let asked = plan.next(for: sources[2])
        #expect(asked == 0)
        _ = plan.onFailure(of: sources[0], .corrupt)
        _ = plan.onFailure(of: sources[1], .unavailable)
        plan.forgive()
        #expect(plan.sources == [sources[2]])
        let (liar, lost) = (plan.add(sources[0].node), plan.add(sources[1].node))
        #expect(liar == nil)
        #expect(lost != nil)
        let wasUsed = plan.onFailure(of: sources[2], .unavailable)
        #expect(wasUsed)
        let next = lost.flatMap { plan.next(for: $0) }
        #expect(next == 0)
        // Wrong bytes that come late, from who was lost and forgiven, still count.
        plan.forgive()
        _ = plan.onFailure(of: sources[2], .corrupt)
        let lateLiar = plan.add(sources[2].node)
        #expect(lateLiar == nil)
        #expect(plan.bannedCount == 2)
    }

    @Test("Busy hands the block back and keeps the provider; damage makes a block wanted again")
    func busyAndDamage() {
        var (plan, sources) = FetchPlanTests.plan(blocks: 1, providers: 1)
        plan.want(0)
        var asked = plan.next(for: sources[0])
        plan.onBusy(0, from: sources[0])
        asked = plan.next(for: sources[0])
        #expect(asked == 0)
        plan.onBlock(0, from: sources[0])
        #expect(plan.isComplete)
        plan.onDamage(0)
        #expect(!plan.isComplete)
        asked = plan.next(for: sources[0])
        #expect(asked == 0)
    }

    @Test("There are only so many providers at a time")
    func providerLimit() {
        var (plan, sources) = FetchPlanTests.plan(blocks: 1, maxProviders: 2, providers: 3)
        #expect(sources.count == 2)
        _ = plan.onFailure(of: sources[0], .unavailable)
        let third = plan.add(FetchPlanTests.nodes[2])
        #expect(third != nil)
    }

    @Test(
        "Whatever happens: one request a block at a time, none to who was dropped, and all complete",
        arguments: 0..<200 as Range<UInt64>)
    func randomHistory(seed: UInt64) {
        var generator = SeededGenerator(seed)
        let blocks = Int.random(in: 1...40, using: &generator)
        let window = Int.random(in: 1...5, using: &generator)
        var plan = FetchPlan(blockCount: blocks, window: window, maxProviders: 4)
        var requests: [(block: Int, source: FetchPlan.Source)] = []
        var live: Set<FetchPlan.Source> = []
        var banned: Set<NodeID> = []
        for _ in 0..<2_000 where !plan.isComplete {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0:
                let first = Int.random(in: 0..<blocks, using: &generator)
                plan.demand(first..<Int.random(in: first...blocks, using: &generator))
            case 1: plan.want(Int.random(in: -1...blocks, using: &generator))
            case 2:
                let node = FetchPlanTests.nodes.randomElement(using: &generator)
                if let source = node.flatMap({ plan.add($0) }) {
                    #expect(!banned.contains(source.node), "seed \(seed)")
                    live.insert(source)
                }
                #expect(live.count <= 4, "seed \(seed)")
            case 3: plan.forgive()
            case 4, 5:
                guard let index = requests.indices.randomElement(using: &generator) else { continue }
                let source = requests.remove(at: index).source
                let isLie = Int.random(in: 0..<10, using: &generator) == 0 && banned.count < 4
                let wasUsed = plan.onFailure(of: source, isLie ? .corrupt : .unavailable)
                if isLie {
                    banned.insert(source.node)
                    live = live.filter { $0.node != source.node }
                } else {
                    #expect(wasUsed == live.contains(source), "seed \(seed)")
                    live.remove(source)
                }
            case 6:
                guard let index = requests.indices.randomElement(using: &generator) else { continue }
                let request = requests.remove(at: index)
                plan.onBusy(request.block, from: request.source)
            case 7..<13:
                let source = live.randomElement(using: &generator)
                guard let source, let block = plan.next(for: source) else { continue }
                #expect(!plan.isDone(block), "seed \(seed)")
                let twin = requests.contains { $0.block == block && live.contains($0.source) }
                #expect(!twin, "seed \(seed): block \(block) was asked twice")
                requests.append((block, source))
                #expect(requests.count { $0.source == source } <= window, "seed \(seed)")
            default:
                guard let index = requests.indices.randomElement(using: &generator) else { continue }
                let request = requests.remove(at: index)
                plan.onBlock(request.block, from: request.source)
            }
            #expect(Set(plan.sources) == live, "seed \(seed)")
        }
        finish(&plan, requests, seed)
    }

    /// With an honest provider and everything wanted, a plan always comes to its end.
    private func finish(_ plan: inout FetchPlan, _ requests: [(block: Int, source: FetchPlan.Source)], _ seed: UInt64) {
        for source in plan.sources { _ = plan.onFailure(of: source, .unavailable) }
        plan.forgive()
        plan.demand(0..<plan.blockCount)
        guard let honest = plan.add(NodeID(Blake3.hash([255]))) else {
            Issue.record("seed \(seed): no place for a provider")
            return
        }
        while let block = plan.next(for: honest) { plan.onBlock(block, from: honest) }
        #expect(plan.isComplete, "seed \(seed)")
        // Late answers to old requests change nothing.
        for request in requests { plan.onBlock(request.block, from: request.source) }
        #expect(plan.isComplete, "seed \(seed)")
    }
}
