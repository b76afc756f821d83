import Blake3
import Identity
import Testing

@testable import Discovery

@Suite("The plan of publications")
struct PublishPlanTests {
    private var random = SeededGenerator(3)
    private var plan: PublishPlan

    init() {
        var settings = DiscoverySettings()
        settings.batchKeys = 100
        settings.maxProvided = 1_000
        plan = PublishPlan(settings: settings)
    }

    private mutating func provide(_ numbers: Range<Int>, now: Duration = .zero) -> Bool {
        numbers.allSatisfy { plan.provide(key($0), now: now, using: &random) }
    }

    /// Everything that is due, published at `replicas` of which `stored` take each record.
    private mutating func drain(_ now: Duration, replicas: [NodeID] = [node(1)], stored: Int = 1) -> [[PublishPlan
        .Item]]
    {
        var batches: [[PublishPlan.Item]] = []
        while true {
            let items = plan.due(now: now, using: &random)
            if items.isEmpty { return batches }
            batches.append(items)
            plan.finish(items.map { .init(item: $0, replicas: replicas, stored: stored) }, now: now)
        }
    }

    @Test("New keys come soon, together, in the order of the keyspace")
    mutating func fresh() {
        #expect(provide(0..<250))
        #expect(plan.nextDue == .milliseconds(50))
        #expect(drain(.milliseconds(49)).isEmpty)
        let batches = drain(.milliseconds(50))
        #expect(batches.map(\.count) == [100, 100, 50])
        let order = batches.joined().map { $0.key.digest.bytes[0] }
        #expect(order == order.sorted())
        #expect(Set(batches.joined().map(\.key)) == Set((0..<250).map { key($0) }))
        #expect(drain(.seconds(1)).isEmpty)
    }

    @Test("The limit of keys and one past it; what is there already is no further one")
    mutating func limit() {
        #expect(provide(0..<1_000))
        #expect(!provide(1_000..<1_001))
        #expect(provide(999..<1_000))
        plan.withdraw(key(0), now: .zero)
        #expect(provide(1_000..<1_001))
        #expect(plan.count == 1_000)
    }

    @Test("The keys between two others, whether they are provided or not")
    mutating func ranges() {
        #expect(provide(0..<300))
        for number in 0..<10 { plan.withdraw(key(number), now: .zero) }
        let provided = (10..<300).map { key($0) }.sorted()
        for bounds in [(nil, nil), (nil, key(5)), (key(5), nil), (key(7), key(8)), (provided[3], provided[200])]
            as [(BlobID?, BlobID?)]
        {
            let wanted = provided.filter { key in
                (bounds.0.map { $0 < key } ?? true) && (bounds.1.map { key <= $0 } ?? true)
            }
            #expect(plan.keys(after: bounds.0, through: bounds.1).sorted() == wanted)
        }
        #expect(PublishPlan(settings: DiscoverySettings()).keys(after: nil, through: nil).isEmpty)
    }

    @Test("Every key is published again at intervals of 27 to 33 minutes, spread over the time")
    mutating func republish() {
        #expect(provide(0..<500))
        _ = drain(.seconds(1))
        var last: [BlobID: Int] = [:]
        var perMinute: [Int: Int] = [:]
        for second in 2..<15_000 {
            for item in drain(.seconds(second)).joined() {
                if let previous = last[item.key] {
                    #expect((27 * 60 - 1...33 * 60 + 1).contains(second - previous))
                } else {
                    #expect((15 * 60...30 * 60 + 2).contains(second))
                }
                last[item.key] = second
                perMinute[second / 60, default: 0] += 1
            }
        }
        #expect(last.count == 500)
        #expect((perMinute.values.max() ?? 0) < 100)
    }

    @Test("Withdrawn keys are published once as withdrawn, and never again")
    mutating func withdraw() {
        #expect(provide(0..<2))
        _ = drain(.seconds(1))
        plan.withdraw(key(0), now: .seconds(2))
        plan.withdraw(key(77), now: .seconds(2))
        #expect(!plan.contains(key(0)) && plan.contains(key(1)))
        #expect(drain(.seconds(3)) == [[.init(key: key(0), isWithdrawn: true)]])
        plan.withdraw(key(1), now: .seconds(4))
        #expect(provide(1..<2, now: .seconds(4)))
        #expect(drain(.seconds(5)).joined().allSatisfy { $0 == .init(key: key(1), isWithdrawn: false) })
        plan.withdraw(key(1), now: .seconds(6))
        _ = drain(.seconds(7))
        #expect(plan.nextDue == nil)
        #expect(drain(.seconds(100_000)).isEmpty)
    }

    @Test("What fewer than half of the replicas took is tried again, ever later")
    mutating func retries() {
        #expect(provide(0..<1))
        let replicas = (0..<5).map(node)
        _ = drain(.seconds(1), replicas: replicas, stored: 2)
        #expect(plan.nextDue == .seconds(16))
        _ = drain(.seconds(16), replicas: replicas, stored: 2)
        #expect(plan.nextDue == .seconds(46))
        _ = drain(.seconds(46), replicas: replicas, stored: 3)
        #expect((plan.nextDue ?? .zero) > .seconds(800))
        plan.withdraw(key(0), now: .seconds(50))
        _ = drain(.seconds(51), replicas: replicas, stored: 0)
        #expect(plan.nextDue == .seconds(66))
        _ = drain(.seconds(66), replicas: replicas, stored: 5)
        #expect(plan.nextDue == nil)
    }

    /// Keys of one region.
    private func neighbours(_ numbers: Range<Int>) -> [BlobID] {
        numbers.compactMap { number in
            Digest([7] + digest("neighbour \(number)").bytes.dropFirst()).map(BlobID.init)
        }
    }

    @Test("Refused everywhere for two days: each key waits once, and is tried again every 16 minutes at most")
    mutating func longFailure() {
        // Some keys together, of which there are more than a batch holds, and some all over the keyspace.
        let keys = neighbours(0..<350) + (0..<300).map { key($0) }
        for key in keys { #expect(plan.provide(key, now: .zero, using: &random)) }
        let end = Duration.seconds(172_800)
        var attempts: [BlobID: Int] = [:]
        var calls = 0
        var now = Duration.zero
        while let due = plan.nextDue, due < end, calls < 100_000 {
            now = max(now, due)
            let items = plan.due(now: now, using: &random)
            calls += 1
            for item in items { attempts[item.key, default: 0] += 1 }
            #expect(Set(items).count == items.count)
            #expect(plan.waitingCount + items.count <= keys.count)
            plan.finish(items.map { .init(item: $0, replicas: [node(1), node(2)], stored: 0) }, now: now)
            #expect(plan.waitingCount <= keys.count)
        }
        #expect(calls < 100_000)
        #expect(Set(attempts.keys) == Set(keys))
        // 15, 30, … 960 s, and then every 960 s: 186 in two days.
        #expect((attempts.values.max() ?? 0) <= 190)
        #expect((attempts.values.min() ?? 0) >= 170)

        // The clock is right again: all succeed once, and the regular round is taken up.
        let recovered = (0...2_000).flatMap { second in drain(now + .seconds(second)).joined() }
        #expect(Set(recovered.map(\.key)) == Set(keys))
        #expect(plan.waitingCount == 0)
        #expect(recovered.count <= 3 * keys.count)
    }

    @Test("New keys do not bring failed ones of their region along")
    mutating func freshBesideFailed() {
        let keys = neighbours(0..<20)
        for key in keys[..<10] { #expect(plan.provide(key, now: .zero, using: &random)) }
        _ = drain(.seconds(1), stored: 0)
        #expect(plan.nextDue == .seconds(16))
        for (index, key) in keys[10...].enumerated() {
            let now = Duration.seconds(2 + index)
            #expect(plan.provide(key, now: now, using: &random))
            #expect(drain(now + .milliseconds(50), stored: 1).joined().map(\.key) == [key])
        }
        #expect(Set(drain(.seconds(16)).joined().map(\.key)) == Set(keys[..<10]))
        #expect(plan.waitingCount == 0)
    }

    @Test("A key that waits when its region is due is published once")
    mutating func waitingAtSweep() throws {
        let keys = neighbours(0..<3)
        #expect(plan.provide(keys[0], now: .zero, using: &random))
        _ = drain(.seconds(1))
        let sweep = try #require(plan.nextDue)
        #expect(plan.provide(keys[1], now: sweep - .seconds(20), using: &random))
        _ = drain(sweep - .seconds(19), stored: 0)
        #expect(plan.provide(keys[2], now: sweep - .seconds(1), using: &random))
        // One is new, one has failed and is due again, one is due regularly.
        let items = Array(drain(sweep).joined())
        #expect(items.count == 3 && Set(items.map(\.key)) == Set(keys))
        #expect(drain(sweep).isEmpty && plan.waitingCount == 0)
    }

    @Test("A key that changes while it waits is told once, as it is by then, and soon")
    mutating func changesWhileWaiting() {
        #expect(provide(0..<1))
        for _ in 0..<50 {
            plan.withdraw(key(0), now: .zero)
            #expect(provide(0..<1))
        }
        #expect(plan.waitingCount == 1)
        #expect(drain(.seconds(1), stored: 0) == [[.init(key: key(0), isWithdrawn: false)]])
        plan.withdraw(key(0), now: .seconds(2))
        #expect(plan.waitingCount == 1)
        #expect(drain(.seconds(3)) == [[.init(key: key(0), isWithdrawn: true)]])
        #expect(plan.nextDue == nil)
    }

    @Test("Withdrawals that nobody takes are given up when the records have expired, and are limited till then")
    mutating func untoldWithdrawals() {
        // The limit is 1,000 keys provided, and as many untold withdrawals.
        for round in 0..<3 {
            let numbers = 1_000 * round..<1_000 * (round + 1)
            #expect(provide(numbers))
            for number in numbers { plan.withdraw(key(number), now: .zero) }
            _ = drain(.seconds(1), stored: 0)
            #expect(plan.waitingCount == 1_000)
        }
        var told = 0
        var last = Duration.zero
        while let due = plan.nextDue, due < .seconds(100_000) {
            let items = plan.due(now: due, using: &random)
            plan.finish(items.map { .init(item: $0, replicas: [node(1)], stored: 0) }, now: due)
            told += items.count
            if !items.isEmpty { last = due }
        }
        #expect((1_000...20_000).contains(told))
        // Two hours, and two minutes for each of the clocks that may differ.
        #expect(last <= .seconds(7_200 + 240))
        #expect(plan.nextDue == nil && plan.waitingCount == 0)
    }

    @Test("Publications come early when a quarter of the nearest nodes is new; in a small network at any new one")
    mutating func view() {
        #expect(provide(0..<1))
        let replicas = (0..<20).map(node)
        _ = drain(.seconds(1), replicas: replicas, stored: 20)
        let regular = plan.nextDue
        plan.onView(now: .seconds(2), using: &random) { _ in Array(replicas.dropFirst(4)) + (100..<104).map(node) }
        #expect(plan.nextDue == regular)
        plan.onView(now: .seconds(2), using: &random) { _ in Array(replicas.dropFirst(5)) + (100..<105).map(node) }
        #expect((plan.nextDue ?? .zero) <= .seconds(32))
        _ = drain(.seconds(32), replicas: [node(1)], stored: 1)
        plan.onView(now: .seconds(33), using: &random) { _ in [] }
        #expect((plan.nextDue ?? .zero) > .seconds(100))
        plan.onView(now: .seconds(33), using: &random) { _ in [node(1), node(2)] }
        #expect((plan.nextDue ?? .zero) <= .seconds(63))
    }
}
