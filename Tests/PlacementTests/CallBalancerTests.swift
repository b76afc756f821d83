import Blake3
import Identity
import Placement
import Testing

@Suite("Which node gets a call")
struct CallBalancerTests {
    private let nodes = (0..<4).map { NodeID(Blake3.hash([UInt8($0)])) }
    private static let second: UInt64 = 1_000_000_000

    @Test("The first in the order, as long as nothing speaks against it")
    func preference() {
        let balancer = CallBalancer<NodeID>()
        #expect(balancer.choose(from: nodes, now: 0) == nodes[0])
        #expect(balancer.choose(from: nodes.reversed(), now: 0) == nodes[3])
        #expect(balancer.choose(from: [], now: 0) == nil)
    }

    @Test("Nobody has much more in flight than the mean")
    func bounded() {
        var balancer = CallBalancer<NodeID>()
        for _ in 0..<40 {
            guard let node = balancer.choose(from: nodes, now: 0) else { continue }
            balancer.began(node, now: 0)
        }
        let loads = nodes.map { balancer.inFlight(at: $0) }
        #expect(loads.reduce(0, +) == 40 && loads.allSatisfy { $0 <= 13 } && loads[0] > 0, "\(loads)")
    }

    /// Latencies of the first two nodes in seconds, their calls in flight, and the index of the one that is chosen.
    private static let choices: [(latencies: [Double], inFlight: [Int], chosen: Int)] = [
        ([0.010, 0.020], [0, 0], 0), ([0.020, 0.010], [0, 0], 1), ([0.010, 0.015], [1, 0], 1),
        ([0.010, 0.025], [1, 1], 0), ([0.5, 0.001], [0, 1], 1),
    ]

    @Test("Of the first two the one with less latency times load", arguments: choices)
    func cost(latencies: [Double], inFlight: [Int], chosen: Int) {
        var balancer = CallBalancer<NodeID>()
        for (index, node) in nodes.prefix(2).enumerated() {
            balancer.began(node, now: 0)
            balancer.ended(node, .answered(seconds: latencies[index]), now: 0)
            for _ in 0..<inFlight[index] { balancer.began(node, now: 0) }
        }
        #expect(balancer.choose(from: Array(nodes.prefix(2)), now: 0) == nodes[chosen])
    }

    @Test("A slow answer counts at once and is forgotten by and by")
    func peaks() {
        var balancer = CallBalancer<NodeID>()
        let pair = Array(nodes.prefix(2))
        for node in pair {
            balancer.began(node, now: 0)
            balancer.ended(node, .answered(seconds: 0.01), now: 0)
        }
        balancer.began(pair[0], now: 0)
        balancer.ended(pair[0], .answered(seconds: 1), now: 0)
        for time in stride(from: UInt64(0), through: 40, by: 5) {
            let chosen = balancer.choose(from: pair, now: time * Self.second)
            #expect(chosen == pair[1], "\(time) s")
            balancer.began(pair[1], now: time * Self.second)
            balancer.ended(pair[1], .answered(seconds: 0.01), now: time * Self.second)
        }
        balancer.began(pair[1], now: 60 * Self.second)
        balancer.ended(pair[1], .answered(seconds: 0.01), now: 60 * Self.second)
        #expect(balancer.choose(from: pair, now: 60 * Self.second) == pair[0])
    }

    @Test("Five failures leave a node out, for 30 s and then twice as long each time, until it answers")
    func ejection() {
        var balancer = CallBalancer<NodeID>()
        let pair = Array(nodes.prefix(2))
        // Only the first one is tried, so that its rank among two does not matter.
        func isOut(_ time: UInt64) -> Bool {
            balancer.choose(from: [pair[0], nodes[2]], now: time) != pair[0]
        }
        func fail(_ time: UInt64) {
            balancer.began(pair[0], now: time)
            balancer.ended(pair[0], .failed, now: time)
        }
        for count in 1...5 {
            #expect(balancer.choose(from: [pair[0]], now: 0) == pair[0], "\(count)")
            fail(0)
        }
        // The other one is slower than a forgotten failure, so being out is what decides.
        func slow(_ time: UInt64) {
            balancer.began(nodes[2], now: time)
            balancer.ended(nodes[2], .answered(seconds: 100), now: time)
        }
        slow(0)
        #expect(isOut(0) && isOut(30 * Self.second - 1))
        #expect(!isOut(30 * Self.second))
        fail(30 * Self.second)
        slow(30 * Self.second)
        #expect(isOut(89 * Self.second))
        #expect(!isOut(90 * Self.second))
        balancer.began(pair[0], now: 90 * Self.second)
        balancer.ended(pair[0], .answered(seconds: 0.01), now: 90 * Self.second)
        for _ in 0..<4 { fail(91 * Self.second) }
        slow(91 * Self.second)
        #expect(!isOut(91 * Self.second))
    }

    @Test("When all are left out, all are tried")
    func panic() {
        var balancer = CallBalancer<NodeID>()
        for node in nodes {
            for _ in 0..<5 {
                balancer.began(node, now: 0)
                balancer.ended(node, .failed, now: 0)
            }
        }
        #expect(balancer.choose(from: nodes, now: 1) != nil)
    }

    @Test("A refusal for lack of room, and a caller that went away, are no failures")
    func neither() {
        var balancer = CallBalancer<NodeID>()
        for _ in 0..<20 {
            balancer.began(nodes[0], now: 0)
            balancer.ended(nodes[0], .neither, now: 0)
        }
        #expect(balancer.inFlight(at: nodes[0]) == 0)
        #expect(balancer.choose(from: nodes, now: 0) == nodes[0])
        balancer.ended(nodes[1], .failed, now: 0)
        #expect(balancer.inFlight(at: nodes[1]) == 0)
    }

    @Test("One call in five may be tried again, ten at once")
    func budget() {
        var budget = RetryBudget()
        var spent = 0
        for _ in 0..<20 where budget.spend() { spent += 1 }
        #expect(spent == 10)
        for _ in 0..<100 {
            budget.began()
            if budget.spend() { spent += 1 }
        }
        #expect((29...30).contains(spent))
    }
}
