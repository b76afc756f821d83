import Blake3
import Identity
import Testing

@testable import Exchange

/// Providers in virtual time: each answers its requests one after the other at its rate, after its round trip.
struct PlanWorld {
    struct Peer {
        var node: NodeID
        var bytesPerSecond: Double
        var roundTrip = Duration.milliseconds(1)
        /// The n-th block that it sends is wrong.
        var liesAt: Int?
        /// It falls silent after so many blocks.
        var stopsAt: Int?
        var sent = 0
        var freeAt = Duration.zero
    }

    private struct Event {
        let at: Duration
        let source: FetchPlan.Source
        let block: Int
        let isTrue: Bool
    }

    var plan: FetchPlan
    var peers: [Peer]
    var now = Duration.zero
    /// Blocks by the provider whose copy was taken.
    var delivered: [NodeID: Int] = [:]
    var asked: [Int: Int] = [:]
    var maxInFlight = 0
    private var events: [Event] = []
    private var nextTick: Duration?
    private var reader = 0
    /// The block that each lane of the reader waits for.
    private var lanes: [Int] = []

    init(blocks: Int, peers: [Peer], settings: FetchPlan.Settings = .init()) {
        plan = FetchPlan(blockCount: blocks, settings: settings)
        self.peers = peers
        for peer in peers { _ = plan.add(peer.node, roundTrip: peer.roundTrip, at: now) }
    }

    private mutating func carryOut() {
        while let action = plan.next(at: now) {
            switch action {
            case .ask(let source, let block):
                asked[block, default: 0] += 1
                send(block, source)
            case .cancel(let source, let block): events.removeAll { $0.source == source && $0.block == block }
            case .drop(let source): events.removeAll { $0.source == source }
            }
            maxInFlight = max(maxInFlight, plan.inFlight)
        }
        if plan.needsTick, nextTick == nil { nextTick = now + plan.settings.tick }
    }

    private mutating func send(_ block: Int, _ source: FetchPlan.Source) {
        guard let index = peers.firstIndex(where: { $0.node == source.node }) else { return }
        if let stopsAt = peers[index].stopsAt, peers[index].sent >= stopsAt { return }
        peers[index].sent += 1
        let begin = max(now + peers[index].roundTrip / 2, peers[index].freeAt)
        peers[index].freeAt = begin + .seconds(Double(blockBytes) / peers[index].bytesPerSecond)
        let isTrue = peers[index].sent != peers[index].liesAt
        let at = peers[index].freeAt + peers[index].roundTrip / 2
        events.append(Event(at: at, source: source, block: block, isTrue: isTrue))
    }

    /// Runs until everything is here; how long it took.
    mutating func completion() throws -> Duration {
        struct Stuck: Error {}
        guard let took = run() else { throw Stuck() }
        return took
    }

    /// The same for a reader that waits for `count` blocks at a time: each of its lanes for every `count`-th.
    mutating func readAll(reader: Int, lanes count: Int) throws -> Duration {
        self.reader = reader
        lanes = Array(0..<count)
        for block in lanes { plan.want(block, reader: reader) }
        return try completion()
    }

    private mutating func read() {
        for lane in lanes.indices {
            while plan.isDone(lanes[lane]) {
                lanes[lane] += lanes.count
                plan.want(lanes[lane], reader: reader)
            }
        }
    }

    private mutating func run(limit: Duration = .seconds(3_600)) -> Duration? {
        carryOut()
        while !plan.isComplete, now < limit {
            let next = events.indices.min { events[$0].at < events[$1].at }
            if let tick = nextTick, next.map({ events[$0].at >= tick }) ?? true {
                now = tick
                nextTick = nil
            } else if let next {
                let event = events.remove(at: next)
                now = event.at
                if !event.isTrue {
                    plan.onFailure(of: event.source, .corrupt, at: now)
                } else if plan.onReceived(event.block, byteCount: blockBytes, from: event.source, at: now) {
                    plan.onStored(event.block)
                    delivered[event.source.node, default: 0] += 1
                    read()
                }
            } else {
                return nil
            }
            carryOut()
        }
        return plan.isComplete ? now : nil
    }
}

@Suite("The plan of a fetch, in time")
struct FetchPlanSpeedTests {
    private static func peer(_ number: Int, _ rate: Double, _ roundTripMillis: Int = 1) -> PlanWorld.Peer {
        PlanWorld.Peer(
            node: FetchPlanTests.nodes[number], bytesPerSecond: rate * 1e6, roundTrip: .milliseconds(roundTripMillis))
    }

    private static func ideal(_ blocks: Int, _ rate: Double) -> Duration {
        .seconds(Double(blocks * blockBytes) / (rate * 1e6))
    }

    @Test("Each provider gives in proportion to its rate, and together they are nearly as fast as the sum")
    func proportion() throws {
        let rates = [100.0, 50, 25]
        var world = PlanWorld(blocks: 1_000, peers: rates.indices.map { FetchPlanSpeedTests.peer($0, rates[$0]) })
        world.plan.demand(0..<1_000)
        let took = try world.completion()
        #expect(took < FetchPlanSpeedTests.ideal(1_000, 175) * 1.05)
        for (number, rate) in rates.enumerated() {
            let share = Double(world.delivered[FetchPlanTests.nodes[number]] ?? 0) / 1_000
            #expect(abs(share - rate / 175) < 0.03)
        }
        #expect(world.plan.tally.wastedBytes == 0)
        #expect(world.plan.tally.asked == 1_000)
    }

    @Test("The window grows until a distant provider is kept busy, and stays small for a near one")
    func windows() throws {
        var far = PlanWorld(blocks: 2_000, peers: [FetchPlanSpeedTests.peer(0, 125, 50)])
        far.plan.demand(0..<2_000)
        let took = try far.completion()
        // 125 MB/s × 50 ms are 24 blocks.
        #expect(took < FetchPlanSpeedTests.ideal(2_000, 125) * 1.10)
        #expect(far.maxInFlight <= 32)
        var near = PlanWorld(blocks: 500, peers: [FetchPlanSpeedTests.peer(0, 10)])
        near.plan.demand(0..<500)
        _ = try near.completion()
        #expect(near.maxInFlight <= 4)
    }

    @Test("A slow and a corrupt provider among three cost little")
    func slowAndCorrupt() throws {
        var corrupt = FetchPlanSpeedTests.peer(1, 100)
        corrupt.liesAt = 3
        let peers = [FetchPlanSpeedTests.peer(0, 100), corrupt, FetchPlanSpeedTests.peer(2, 1)]
        var world = PlanWorld(blocks: 400, peers: peers)
        world.plan.demand(0..<400)
        let took = try world.completion()
        #expect(took < FetchPlanSpeedTests.ideal(400, 100) * 1.1)
        #expect(world.plan.bannedCount == 1)
        #expect((world.delivered[FetchPlanTests.nodes[2]] ?? 0) > 0)
    }

    @Test("A block that hangs near the end is asked of another, once, and the late copy is no second block")
    func hedging() throws {
        var silent = FetchPlanSpeedTests.peer(1, 100)
        silent.stopsAt = 20
        var world = PlanWorld(blocks: 100, peers: [FetchPlanSpeedTests.peer(0, 100), silent])
        world.plan.demand(0..<100)
        let took = try world.completion()
        // Well before the 3 s after which a silent provider is dropped.
        #expect(took < .milliseconds(600))
        #expect(world.plan.tally.hedgesWon > 0)
        #expect(world.asked.values.allSatisfy { $0 <= 2 })
    }

    @Test("Without hedging the silent provider is dropped when its time is over")
    func stall() throws {
        var silent = FetchPlanSpeedTests.peer(1, 100)
        silent.stopsAt = 20
        var settings = FetchPlan.Settings()
        settings.hedgeShare = 0
        var world = PlanWorld(blocks: 100, peers: [FetchPlanSpeedTests.peer(0, 100), silent], settings: settings)
        world.plan.demand(0..<100)
        let took = try world.completion()
        #expect(took > .seconds(3))
        #expect(took < .seconds(4))
        #expect(world.plan.sources.count == 1)
    }

    @Test("Bytes count as progress at the minimum rate, and not below")
    func trickle() {
        for (rate, isKept) in [(16 << 10, true), ((16 << 10) - 1, false)] {
            var plan = FetchPlan(blockCount: 1)
            let source = plan.add(FetchPlanTests.nodes[0], at: .zero)
            plan.demand(0..<1)
            _ = plan.actions()
            if let source { plan.onProgress(of: source, byteCount: rate * 3) }
            let early = plan.actions(at: .milliseconds(2_999))
            #expect(early == [])
            let late = plan.actions(at: .seconds(3))
            #expect(late.contains { if case .drop = $0 { true } else { false } } == !isKept)
        }
    }

    @Test("Hedges stay within their share")
    func hedgeLimit() throws {
        // All are slower than their last percentile says, all the time: an eager plan would ask everything twice.
        var settings = FetchPlan.Settings()
        settings.minHedgeDelay = .zero
        settings.unknownHedgeDelay = .zero
        settings.readAhead = 4
        var world = PlanWorld(
            blocks: 300, peers: (0..<4).map { FetchPlanSpeedTests.peer($0, 5, 3 * $0 + 1) }, settings: settings)
        for block in 0..<300 { world.plan.want(block) }
        _ = try world.completion()
        #expect(world.plan.tally.hedges <= settings.hedgeBurst + 30)
    }

    @Test(
        "Whatever happens: every block is taken once, nobody who was dropped is asked, and all complete",
        arguments: 0..<150 as Range<UInt64>)
    func randomHistory(seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        let blocks = Int.random(in: 1...120, using: &generator)
        var settings = FetchPlan.Settings()
        settings.maxWindow = Int.random(in: 1...40, using: &generator)
        settings.maxInFlight = Int.random(in: 1...40, using: &generator)
        settings.hedgeShare = Bool.random(using: &generator) ? 0.1 : 0
        var peers = (0..<Int.random(in: 0...5, using: &generator)).map { number in
            var peer = FetchPlanSpeedTests.peer(
                number, .random(in: 0.2...200, using: &generator), .random(in: 0...80, using: &generator))
            if Int.random(in: 0..<4, using: &generator) == 0 { peer.liesAt = .random(in: 1...20, using: &generator) }
            if Int.random(in: 0..<4, using: &generator) == 0 { peer.stopsAt = .random(in: 0...20, using: &generator) }
            return peer
        }
        peers.append(
            PlanWorld.Peer(node: NodeID(Blake3.hash([255])), bytesPerSecond: .random(in: 1e6...1e8, using: &generator)))
        var world = PlanWorld(blocks: blocks, peers: peers, settings: settings)
        world.plan.demand(0..<blocks, reader: 1, isPaced: false)
        let took = try world.completion()
        #expect(world.delivered.values.reduce(0, +) == blocks, "seed \(seed)")
        #expect(world.plan.tally.receivedBytes == blocks * blockBytes, "seed \(seed)")
        #expect(world.maxInFlight <= max(settings.maxInFlight, 1) + peers.count, "seed \(seed)")
        let honest = FetchPlanSpeedTests.ideal(blocks, (peers.last?.bytesPerSecond ?? 1) / 1e6)
        #expect(took < honest * 2 + .seconds(8), "seed \(seed)")
    }
}
