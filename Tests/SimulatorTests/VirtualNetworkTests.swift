import Testing

@testable import Simulator

@Suite struct VirtualNetworkTests {
    typealias Network = VirtualNetwork<Int, Int>

    private func network(
        nodes: Int = 20, seed: UInt64 = 1, _ change: (inout NetworkOptions) -> Void = { _ in }
    ) throws -> Network {
        var options = NetworkOptions(seed: seed, nodes: nodes)
        change(&options)
        return try Network(options)
    }

    /// Every event of `duration`, as text.
    private func history(_ network: Network, _ duration: Duration) -> [String] {
        var lines: [String] = []
        while let event = network.next(before: duration) { lines.append("\(network.now) \(event)") }
        return lines
    }

    @Test func carriesMessagesInTheTimeOfTheirWay() throws {
        let network = try network()
        network.send(7, from: 0, to: 1, byteCount: 100)
        guard case .delivered(7, from: 0, to: 1) = network.next(before: .seconds(5)) else {
            Issue.record("nothing arrived")
            return
        }
        let way = network.latency.milliseconds(from: 0, to: 1)
        #expect(network.seconds * 1_000 >= way - 0.001 && network.seconds * 1_000 < way * 1.5 + 5)
        #expect(network.wallMilliseconds == Network.wallEpochMilliseconds + Int64(network.seconds * 1_000))
        let wire = NodeTraffic.wireBytes(100)
        #expect(network.traffic[0] == NodeTraffic(messagesOut: 1, bytesOut: wire))
        #expect(network.traffic[1] == NodeTraffic(messagesIn: 1, bytesIn: wire))
        #expect(network.next(before: .seconds(5)) == nil && network.now == .seconds(5))
    }

    @Test func handsTimersBackInOrderAndTheirOwnersOnly() throws {
        let network = try network()
        network.schedule(1, after: .seconds(2), at: 3)
        network.schedule(2, after: .seconds(1), at: Network.observer)
        network.schedule(3, after: .seconds(2), at: 4)
        network.schedule(4, at: .seconds(-1), for: 5)
        network.schedule(5, after: .seconds(1), at: 6)
        network.crash(6)
        #expect(
            history(network, .seconds(3)) == [
                "0.0 seconds timer(4, node: 5)", "1.0 seconds timer(2, node: -1)", "2.0 seconds timer(1, node: 3)",
                "2.0 seconds timer(3, node: 4)",
            ])
    }

    @Test func noTimerIsEarly() throws {
        let network = try network()
        let deadline = Duration(secondsComponent: 1, attosecondsComponent: 1)
        network.schedule(1, at: deadline, for: 0)
        #expect(network.next(before: .seconds(2)) != nil)
        #expect(network.now >= deadline && network.now - deadline < .nanoseconds(1))
        network.schedule(2, after: .seconds(Int64.max), at: 0)
        #expect(network.next(before: .seconds(1_000_000)) == nil)
    }

    @Test func losesAndDoublesTheShareItWasTold() throws {
        let network = try network(nodes: 10) {
            $0.loss = 0.1
            $0.duplication = 0.05
        }
        for number in 0..<20_000 { network.send(number, from: number % 9, to: 9, byteCount: 10) }
        let arrived = history(network, .seconds(60)).count
        #expect(abs(Double(arrived) - 20_000 * 0.9 * 1.05) < 200)
        #expect(abs(Double(network.droppedMessages) - 2_000) < 150)
        #expect(network.traffic[9].messagesIn == arrived)
    }

    @Test func cutsAnIslandOffForItsTime() throws {
        let network = try network(nodes: 4) {
            $0.partitions = [.init(island: [0, 1], fromSeconds: 10, untilSeconds: 20)]
        }
        for second in 0..<30 { network.schedule(second, after: .seconds(second), at: Network.observer) }
        var arrived: [Int: Int] = [:]
        while let event = network.next(before: .seconds(40)) {
            switch event {
            case .timer(let second, _):
                network.send(second, from: 0, to: 1, byteCount: 1)
                network.send(second, from: 2, to: 0, byteCount: 1)
                #expect(network.isReachable(0, from: 2) == !(10..<20).contains(second))
            case .delivered(let second, _, _): arrived[second, default: 0] += 1
            default: Issue.record("unexpected \(event)")
            }
        }
        #expect((0..<30).allSatisfy { arrived[$0] == ((10..<20).contains($0) ? 1 : 2) })
    }

    @Test func blocksPairsInOneDirection() throws {
        let network = try network(nodes: 60) { $0.oneWayBlocks = 0.2 }
        var open = 0
        var oneWay = 0
        for first in 0..<60 {
            for second in 0..<60 where second != first {
                let (there, back) = (network.isReachable(second, from: first), network.isReachable(first, from: second))
                open += there ? 1 : 0
                oneWay += there != back ? 1 : 0
            }
        }
        #expect(abs(Double(open) / (60 * 59) - 0.8) < 0.03)
        #expect(oneWay > 800)
    }

    @Test func queuesBytesInFrontOfALine() throws {
        let network = try network(nodes: 3) { $0.bandwidth = .init(medianUp: 1e6, medianDown: 1e9, sigma: 0) }
        for number in 0..<10 { network.send(number, from: 0, to: 1, byteCount: 100_000) }
        var arrivals: [Double] = []
        while network.next(before: .seconds(60)) != nil { arrivals.append(network.seconds) }
        #expect(arrivals.count == 10)
        let seconds = Double(NodeTraffic.wireBytes(100_000)) / 1e6
        let took = (arrivals.last ?? 0) - (arrivals.first ?? 0)
        #expect(abs(took - 9 * seconds) < 0.1 * seconds)
        network.setLineRates(of: 0, up: 2e6, down: 5)
        #expect(network.lineRates(of: 0)?.up == 2e6 && network.lineRates(of: 1)?.up == 1e6)
    }

    @Test func slowNodesWorkAfterTheirPauses() throws {
        let network = try network(nodes: 2) {
            $0.slowNodes = 1
            $0.slowPauseSeconds = 5
            $0.slowPeriodSeconds = 10
        }
        for tick in 0..<400 { network.schedule(tick, after: .milliseconds(tick * 100), at: 0) }
        var late = 0
        var inOrder = true
        var last = -1
        while let event = network.next(before: .seconds(60)) {
            guard case .timer(let tick, _) = event else { continue }
            if network.seconds > Double(tick) * 0.1 + 0.001 { late += 1 }
            inOrder = inOrder && tick > last
            last = tick
        }
        #expect(last == 399 && inOrder)
        #expect(abs(late - 200) < 5)
    }

    @Test func churnKeepsItsRateAndTellsTheSimulation() throws {
        let network = try network(nodes: 1_000) {
            $0.churnPerHour = 0.2
            $0.crashes = 0.5
            $0.meanDowntimeSeconds = 600
        }
        var stops = (crash: 0, inOrder: 0)
        var returns = (fresh: 0, same: 0)
        while let event = network.next(before: .seconds(3_600)) {
            switch event {
            case .stopped(let node, let inOrder):
                if inOrder { stops.inOrder += 1 } else { stops.crash += 1 }
                #expect(network.isRunning(node) == inOrder)
                network.send(1, from: node, to: (node + 1) % 1_000, byteCount: 1)
            case .returned(let node, let fresh):
                if fresh { returns.fresh += 1 } else { returns.same += 1 }
                #expect(network.isRunning(node))
            default: break
            }
        }
        let all = stops.crash + stops.inOrder
        #expect((180...260).contains(all) && (80...130).contains(stops.crash))
        #expect(returns.same > 2 * returns.fresh && returns.fresh > 20)
        #expect(network.runningCount == 1_000 - all + returns.fresh + returns.same)
        #expect(network.traffic.map(\.messagesOut).reduce(0, +) == stops.inOrder)
    }

    @Test func choosesTheShareOfMaliciousNodes() throws {
        let network = try network(nodes: 500) { $0.malicious = 0.2 }
        #expect((0..<500).count { network.isMalicious($0) } == 100)
    }

    @Test func equalOptionsGiveEqualEvents() throws {
        func run(_ seed: UInt64) throws -> [String] {
            let network = try network(nodes: 50, seed: seed) {
                $0.loss = 0.05
                $0.duplication = 0.05
                $0.churnPerHour = 0.9
                $0.slowNodes = 0.1
                $0.asymmetry = 0.4
            }
            var random = network.random(for: "targets")
            for node in 0..<50 { network.schedule(0, after: .milliseconds(random.index(below: 900)), at: node) }
            var lines: [String] = []
            while let event = network.next(before: .seconds(120)) {
                lines.append("\(network.now) \(event)")
                guard case .timer(_, let node) = event else { continue }
                network.send(0, from: node, to: random.index(below: 50), byteCount: 20)
                network.schedule(0, after: .seconds(1), at: node)
            }
            return lines
        }
        let first = try run(9)
        #expect(first.count > 5_000)
        #expect(try run(9) == first)
        #expect(try run(10) != first)
    }

    @Test func oneOptionLeavesTheDrawsOfOthersAlone() throws {
        let plain = try network(nodes: 300)
        let doubled = try network(nodes: 300) { $0.duplication = 0.5 }
        func firstArrivals(_ network: Network) -> Set<Int> {
            for number in 0..<300 { network.send(number, from: 0, to: number, byteCount: 1) }
            var arrived: Set<Int> = []
            while case .delivered(let number, _, _) = network.next(before: .seconds(10)) { arrived.insert(number) }
            return arrived
        }
        #expect(firstArrivals(plain) == firstArrivals(doubled))
        #expect((0..<300).allSatisfy { plain.roundTrip(0, $0) == doubled.roundTrip(0, $0) })
    }
}
