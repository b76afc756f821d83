import Identity
import Testing

@testable import Exchange

@Suite("Taking turns")
struct ServingQueueTests {
    private let nodes = FetchPlanTests.nodes

    @Test("Within the limits everything is served at once")
    func idle() {
        var queue = ServingQueue<Int>(maxTotal: 3, maxPerPeer: 2)
        let admitted = [queue.admit(nodes[0], 1), queue.admit(nodes[0], 2), queue.admit(nodes[1], 3)]
        #expect(admitted == [true, true, true])
        #expect(queue.inService == 3)
        #expect(queue.waitingCount == 0)
    }

    @Test("At the limit of a peer it waits; at the limit of all, whoever has nothing still gets one")
    func limits() {
        var queue = ServingQueue<Int>(maxTotal: 3, maxPerPeer: 2)
        var admitted = (0..<3).map { queue.admit(nodes[0], $0) }
        #expect(admitted == [true, true, false])
        admitted = [queue.admit(nodes[1], 10), queue.admit(nodes[1], 11), queue.admit(nodes[2], 20)]
        #expect(admitted == [true, false, true])
        #expect(queue.inService == 4)
        var next = queue.next()
        #expect(next == nil)
        queue.release(nodes[0], byteCount: blockBytes)
        next = queue.next()
        #expect(next == nil)
        queue.release(nodes[0], byteCount: blockBytes)
        // The first one has nothing in service now and so gets its one; all places are taken again.
        let last = [queue.next(), queue.next()]
        #expect(last.contains(2))
        #expect(queue.inService <= 4)
    }

    @Test("One that asks for much and one that asks for little get the same")
    func fairness() {
        var queue = ServingQueue<Int>(maxTotal: 2, maxPerPeer: 2)
        for number in 0..<100 { _ = queue.admit(nodes[0], number) }
        for number in 0..<20 { _ = queue.admit(nodes[1], 1_000 + number) }
        var served: [NodeID: Int] = [:]
        // Two of the first and one of the second are in service.
        var inService = [nodes[0], nodes[0], nodes[1]]
        while let node = inService.first, served[nodes[1], default: 0] < 20 {
            inService.removeFirst()
            served[node, default: 0] += 1
            queue.release(node, byteCount: blockBytes)
            while let ticket = queue.next() { inService.append(nodes[ticket >= 1_000 ? 1 : 0]) }
        }
        #expect(abs((served[nodes[0]] ?? 0) - 20) <= 3)
    }

    @Test("Who never takes its blocks off the wire does not hold up another one")
    func stuck() {
        var queue = ServingQueue<Int>(maxTotal: 256, maxPerPeer: 64)
        for number in 0..<128 { _ = queue.admit(nodes[0], number) }
        var isInService = queue.admit(nodes[1], 1_000)
        #expect(isInService)
        for number in 1_001..<1_032 { _ = queue.admit(nodes[1], number) }
        #expect(queue.inService == 65)
        var served: [Int] = []
        while isInService {
            queue.release(nodes[1], byteCount: blockBytes)
            isInService = false
            while let ticket = queue.next() {
                served.append(ticket)
                isInService = true
            }
            // The one that it may always have; then those of its turn.
            #expect(queue.inService <= 64 + 64)
        }
        #expect(served == Array(1_001..<1_032))
        #expect(queue.waitingCount == 64)
    }

    @Test("Turns are by bytes: small answers get more of them")
    func bytes() {
        var queue = ServingQueue<Int>(maxTotal: 4, maxPerPeer: 4)
        var inService: [NodeID] = []
        for number in 0..<900 {
            if queue.admit(nodes[0], number) { inService.append(nodes[0]) }
            if queue.admit(nodes[1], 1_000 + number) { inService.append(nodes[1]) }
        }
        var bytes: [NodeID: Int] = [:]
        for _ in 0..<900 {
            let node = inService.removeFirst()
            let count = node == nodes[0] ? blockBytes : blockBytes / 8
            bytes[node, default: 0] += count
            queue.release(node, byteCount: count)
            while let ticket = queue.next() { inService.append(nodes[ticket >= 1_000 ? 1 : 0]) }
        }
        let ratio = Double(bytes[nodes[0]] ?? 0) / Double(bytes[nodes[1]] ?? 1)
        #expect((0.4...2.5).contains(ratio), "\(bytes)")
    }

    @Test("Nothing is lost or served twice, and places never exceed the limits", arguments: 0..<50 as Range<UInt64>)
    func randomHistory(seed: UInt64) {
        var generator = SeededGenerator(seed)
        let maxTotal = Int.random(in: 1...8, using: &generator)
        let maxPerPeer = Int.random(in: 1...4, using: &generator)
        var queue = ServingQueue<Int>(maxTotal: maxTotal, maxPerPeer: maxPerPeer)
        var inService: [(node: NodeID, ticket: Int)] = []
        var owner: [Int: NodeID] = [:]
        var served: Set<Int> = []
        for ticket in 0..<500 {
            let node = nodes[Int.random(in: 0..<4, using: &generator)]
            owner[ticket] = node
            if queue.admit(node, ticket) { inService.append((node, ticket)) }
            while Bool.random(using: &generator), let index = inService.indices.randomElement(using: &generator) {
                let done = inService.remove(at: index)
                #expect(served.insert(done.ticket).inserted, "seed \(seed)")
                queue.release(done.node, byteCount: .random(in: 0...blockBytes, using: &generator))
                while let next = queue.next() { inService.append((owner[next] ?? nodes[5], next)) }
            }
            #expect(inService.count == queue.inService, "seed \(seed)")
            #expect(inService.count <= maxTotal + 4, "seed \(seed)")
            for node in nodes { #expect(inService.count { $0.node == node } <= maxPerPeer, "seed \(seed)") }
        }
        while let done = inService.popLast() {
            served.insert(done.ticket)
            queue.release(done.node, byteCount: blockBytes)
            while let next = queue.next() { inService.append((owner[next] ?? nodes[5], next)) }
        }
        #expect(served.count == 500, "seed \(seed)")
        #expect(queue.inService == 0)
    }
}
