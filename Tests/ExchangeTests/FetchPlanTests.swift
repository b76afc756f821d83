import Blake3
import BlobStore
import Identity
import Testing

@testable import Exchange

/// Steps of a plan's life, as a caller takes them.
extension FetchPlan {
    /// Carries out nothing; returns all that is to be done now.
    mutating func actions(at now: Duration = .zero) -> [Action] {
        var actions: [Action] = []
        while let action = next(at: now) { actions.append(action) }
        return actions
    }

    /// What is asked of `source` now, of nobody else.
    mutating func asked(of source: Source, at now: Duration = .zero) -> [Int] {
        actions(at: now).compactMap { action in
            if case .ask(source, let block) = action { block } else { nil }
        }
    }

    mutating func deliver(_ block: Int, from source: Source, at now: Duration = .zero) {
        if onReceived(block, byteCount: blockBytes, from: source, at: now) { onStored(block) }
    }
}

@Suite("The plan of a fetch")
struct FetchPlanTests {
    static let nodes = (0..<6).map { number in NodeID(Blake3.hash([UInt8(number)])) }

    static func settings(window: Int = 2, _ change: (inout FetchPlan.Settings) -> Void = { _ in }) -> FetchPlan.Settings
    {
        var settings = FetchPlan.Settings()
        settings.initialWindow = window
        settings.maxWindow = window
        change(&settings)
        return settings
    }

    static func plan(
        blocks: Int, providers: Int, held: BlockSet? = nil, _ settings: FetchPlan.Settings = settings()
    ) -> (FetchPlan, [FetchPlan.Source]) {
        var plan = FetchPlan(blockCount: blocks, held: held, settings: settings)
        let sources = nodes.prefix(providers).compactMap { plan.add($0, at: .zero) }
        return (plan, sources)
    }

    @Test("Nothing is asked before it is wanted; then in order, up to the window")
    func order() {
        var (plan, sources) = FetchPlanTests.plan(blocks: 10, providers: 1)
        var asked = plan.asked(of: sources[0])
        #expect(asked == [])
        plan.demand(3..<20)
        asked = plan.asked(of: sources[0])
        #expect(asked == [3, 4])
        plan.deliver(3, from: sources[0])
        asked = plan.asked(of: sources[0])
        #expect(asked == [5])
        let isDone = [3, 4, -1, 10].map { plan.isDone($0) }
        #expect(isDone == [true, false, false, false])
    }

    @Test("A block that somebody waits for overtakes what is announced; twice wanted is once fetched")
    func waiting() {
        var (plan, sources) = FetchPlanTests.plan(blocks: 100, providers: 1, FetchPlanTests.settings(window: 4))
        plan.demand(0..<100)
        plan.demand(10..<20)
        for block in [70, 70, -1, 100, Int.min, Int.max] { plan.want(block) }
        let asked = plan.asked(of: sources[0])
        #expect(asked == [70, 0, 1, 2])
        plan.want(1)
        let again = plan.asked(of: sources[0])
        #expect(again == [])
    }

    @Test("A paced reader gets what lies before it and no more; the window moves with it, both ways")
    func pacing() {
        let settings = FetchPlanTests.settings(window: 50) { $0.readAhead = 3 }
        var (plan, sources) = FetchPlanTests.plan(blocks: 100, providers: 1, settings)
        plan.demand(0..<100, reader: 2)
        plan.leave(2)
        #expect(!plan.isFollowed)
        plan.demand(10..<100, reader: 1, isPaced: true)
        #expect(plan.isFollowed)
        var asked = plan.asked(of: sources[0])
        #expect(asked == [10, 11, 12])
        plan.want(11, reader: 1)
        asked = plan.asked(of: sources[0])
        #expect(asked == [13])
        plan.want(98, reader: 1)
        asked = plan.asked(of: sources[0])
        #expect(asked == [98, 99])
        plan.want(20, reader: 1)
        asked = plan.asked(of: sources[0])
        #expect(asked == [20, 21, 22])
        plan.want(40, reader: 1)
        plan.leave(1)
        #expect(!plan.isFollowed)
        asked = plan.asked(of: sources[0])
        #expect(asked == [40])
    }

    @Test("What a lost provider owed is asked of another, and its late failures hit nobody")
    func loss() {
        var (plan, sources) = FetchPlanTests.plan(blocks: 4, providers: 1)
        plan.demand(0..<4)
        var asked = plan.asked(of: sources[0])
        #expect(asked == [0, 1])
        let wasUsed = [0, 1].map { _ in plan.onFailure(of: sources[0], .unavailable, at: .zero) }
        #expect(wasUsed == [true, false])
        let other = plan.add(FetchPlanTests.nodes[1], at: .zero)
        asked = other.map { plan.asked(of: $0) } ?? []
        #expect(asked == [0, 1])
        let tooEarly = plan.add(sources[0].node, at: .milliseconds(499))
        #expect(tooEarly == nil)
        let again = plan.add(sources[0].node, at: .milliseconds(500))
        #expect(again != nil)
        #expect(again != sources[0])
        let late = plan.onFailure(of: sources[0], .unavailable, at: .seconds(1))
        #expect(!late)
        #expect(plan.sources.count == 2)
    }

    @Test("The pause after a loss doubles; forgiving ends it, but not for a liar")
    func forgiveness() {
        var (plan, sources) = FetchPlanTests.plan(blocks: 4, providers: 3)
        plan.demand(0..<4)
        plan.onFailure(of: sources[0], .corrupt, at: .zero)
        plan.onFailure(of: sources[1], .unavailable, at: .zero)
        let back = plan.add(sources[1].node, at: .milliseconds(500))
        if let back { plan.onFailure(of: back, .unavailable, at: .milliseconds(500)) }
        let early = plan.add(sources[1].node, at: .milliseconds(1_499))
        #expect(early == nil)
        plan.forgive()
        let lost = plan.add(sources[1].node, at: .milliseconds(1_499))
        #expect(lost != nil)
        let liar = plan.add(sources[0].node, at: .seconds(1_000_000))
        #expect(liar == nil)
        // Wrong bytes that come late, of an earlier life, still count.
        plan.onFailure(of: sources[1], .corrupt, at: .zero)
        #expect(plan.sources == [sources[2]])
        #expect(plan.bannedCount == 2)
    }

    @Test("Busy hands the block back and keeps the provider for later; damage makes a block wanted again")
    func busyAndDamage() {
        var (plan, sources) = FetchPlanTests.plan(blocks: 1, providers: 1)
        plan.want(0)
        _ = plan.actions()
        plan.onBusy(0, from: sources[0], at: .zero)
        #expect(plan.needsTick)
        var asked = plan.asked(of: sources[0], at: .milliseconds(19))
        #expect(asked == [])
        asked = plan.asked(of: sources[0], at: .milliseconds(20))
        #expect(asked == [0])
        plan.deliver(0, from: sources[0])
        #expect(plan.isComplete)
        #expect(!plan.needsTick)
        plan.onLost(0)
        #expect(!plan.isComplete)
        plan.want(0)
        asked = plan.asked(of: sources[0])
        #expect(asked == [0])
    }

    @Test("There are only so many providers at a time")
    func providerLimit() {
        var (plan, sources) = FetchPlanTests.plan(
            blocks: 1, providers: 3, FetchPlanTests.settings { $0.maxProviders = 2 })
        #expect(sources.count == 2)
        plan.onFailure(of: sources[0], .unavailable, at: .zero)
        let third = plan.add(FetchPlanTests.nodes[2], at: .zero)
        #expect(third != nil)
    }

    @Test("Requests in flight and blocks being stored stay within the limit; each provider may have one")
    func memoryBound() {
        let settings = FetchPlanTests.settings(window: 10) { $0.maxInFlight = 6 }
        var (plan, sources) = FetchPlanTests.plan(blocks: 100, providers: 3, settings)
        plan.demand(0..<100)
        let asked = plan.actions()
        #expect(plan.inFlight == 6)
        let askedSources = asked.compactMap { action -> FetchPlan.Source? in
            if case .ask(let source, _) = action { source } else { nil }
        }
        #expect(Set(askedSources).count == 3)
        // Received, and not stored yet: it still counts.
        if case .ask(let source, let block)? = asked.first {
            let isNew = plan.onReceived(block, byteCount: blockBytes, from: source, at: .zero)
            #expect(isNew)
            let more = plan.actions()
            #expect(more.count <= 1)
            #expect(plan.inFlight <= 6)
        }
        #expect(sources.count == 3)
    }

    @Test("A fetch that continues asks only what is missing")
    func resume() {
        var held = BlockSet(blockCount: 10)
        for block in [0, 1, 2, 7] { held.insert(block) }
        var (plan, sources) = FetchPlanTests.plan(
            blocks: 10, providers: 1, held: held, FetchPlanTests.settings(window: 20))
        plan.demand(0..<10)
        let asked = plan.asked(of: sources[0])
        #expect(asked == [3, 4, 5, 6, 8, 9])
    }

    @Test("A partial provider is asked what it holds and before the whole ones; more as it grows")
    func partialProvider() {
        var plan = FetchPlan(blockCount: 6, settings: FetchPlanTests.settings(window: 3))
        var held = BlockSet(blockCount: 6)
        held.insert(4)
        let part = plan.add(FetchPlanTests.nodes[0], held: held, at: .zero)
        let misfit = plan.add(FetchPlanTests.nodes[2], held: BlockSet(blockCount: 7), at: .zero)
        #expect(misfit == nil)
        plan.demand(0..<6)
        var asked = part.map { plan.asked(of: $0) }
        #expect(asked == [4])
        if let part { plan.deliver(4, from: part) }
        #expect(plan.isStuck)
        held.insert(5)
        _ = plan.add(FetchPlanTests.nodes[0], held: held, at: .zero)
        #expect(!plan.isStuck)
        asked = part.map { plan.asked(of: $0) }
        #expect(asked == [5])
        if let part { plan.onAbsent(5, from: part) }
        #expect(plan.isStuck)
        let whole = plan.add(FetchPlanTests.nodes[1], at: .zero)
        asked = whole.map { plan.asked(of: $0) }
        #expect(asked == [0, 1, 2])
    }
}
