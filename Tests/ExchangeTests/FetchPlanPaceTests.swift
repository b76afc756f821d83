import Blake3
import Identity
import Testing

@testable import Exchange

@Suite("What a plan learns of its providers")
struct FetchPlanPaceTests {
    @Test("A block that came unasked says nothing about its provider")
    func unasked() {
        var (plan, sources) = FetchPlanTests.plan(blocks: 100, providers: 1, FetchPlan.Settings())
        plan.hold(7, from: sources[0], at: .zero)
        plan.deliver(7, from: sources[0], at: .nanoseconds(100))
        #expect(plan.inFlight == 0)
        #expect(plan.isDone(7))
        #expect(plan.pace(of: sources[0])?.rate == nil)
        #expect(plan.pace(of: sources[0])?.baseTime == nil)
    }

    @Test("On a path shorter than 1.5 ms the window covers the turns of threads")
    func shortPath() throws {
        // 1 GB/s, 0.2 ms: the path's own product is one block.
        var world = PlanWorld(
            blocks: 400,
            peers: [
                PlanWorld.Peer(node: FetchPlanTests.nodes[0], bytesPerSecond: 1e9, roundTrip: .microseconds(200))
            ])
        world.plan.demand(0..<400)
        _ = try world.completion()
        let source = try #require(world.plan.sources.first)
        // 2 × 1 GB/s × 1.5 ms are 11.4 blocks; as many as 2 × 1 GB/s × 0.46 ms, which a block itself takes, would be 4.
        #expect((11...13).contains(world.plan.pace(of: source)?.window ?? 0))
    }

    @Test("A provider whose first block was overtaken is not asked for the reader's next ones")
    func overtaken() throws {
        var slow = PlanWorld.Peer(node: FetchPlanTests.nodes[1], bytesPerSecond: 2e6)
        slow.roundTrip = .milliseconds(1)
        var settings = FetchPlan.Settings()
        settings.readAhead = 64
        var world = PlanWorld(
            blocks: 600,
            peers: [PlanWorld.Peer(node: FetchPlanTests.nodes[0], bytesPerSecond: 1e9), slow], settings: settings)
        world.plan.demand(0..<600, reader: 1, isPaced: true)
        let took = try world.readAll(reader: 1, lanes: 8)
        // 600 blocks take 157 ms at 1 GB/s; a block of the slow one 131 ms.
        #expect(took < .milliseconds(300))
        #expect(world.plan.tally.hedges <= 4)
    }

    @Test("A reader that waits for several blocks gets no more than its read-ahead from the first of them")
    func severalAtOnce() {
        var (plan, sources) = FetchPlanTests.plan(
            blocks: 100, providers: 1, FetchPlanTests.settings(window: 50) { $0.readAhead = 4 })
        plan.demand(0..<100, reader: 1, isPaced: true)
        for block in [0, 1, 9] { plan.want(block, reader: 1) }
        var asked = plan.asked(of: sources[0])
        #expect(asked == [0, 1, 9, 2, 3])
        plan.deliver(1, from: sources[0])
        asked = plan.asked(of: sources[0])
        #expect(asked == [])
        plan.deliver(0, from: sources[0])
        plan.want(2, reader: 1)
        asked = plan.asked(of: sources[0])
        #expect(asked == [4, 5])
        // Once nothing before it is missing, the position is where the reader is.
        for block in [2, 3, 9] { plan.deliver(block, from: sources[0]) }
        plan.want(9, reader: 1)
        asked = plan.asked(of: sources[0])
        #expect(asked == [10, 11, 12])
    }
}
