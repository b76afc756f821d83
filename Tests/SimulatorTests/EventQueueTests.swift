import Testing

@testable import Simulator

@Suite struct EventQueueTests {
    @Test func comesOutInOrderOfTimeAndThenOfArrival() {
        var random = SimulationRandom(seed: 1, purpose: "queue")
        var queue = EventQueue<Int>()
        var expected: [(time: Int64, number: Int)] = []
        for number in 0..<2_000 {
            let time = Int64(random.index(below: 50))
            queue.push(number, at: time)
            expected.append((time, number))
        }
        expected.sort { $0.time < $1.time || ($0.time == $1.time && $0.number < $1.number) }
        for (time, number) in expected {
            #expect(queue.nextTime == time)
            let next = queue.pop()
            #expect(next?.time == time && next?.payload == number)
        }
        #expect(queue.pop() == nil && queue.nextTime == nil)
    }

    @Test func staysInOrderWhilePushesAndPopsMix() throws {
        var random = SimulationRandom(seed: 2, purpose: "queue")
        var queue = EventQueue<Int64>()
        var now: Int64 = 0
        for _ in 0..<5_000 {
            if queue.count == 0 || random.chance(0.55) {
                let time = now + Int64(random.index(below: 1_000))
                queue.push(time, at: time)
            } else {
                let popped = queue.pop()
                let next = try #require(popped)
                #expect(next.time == next.payload && next.time >= now)
                now = next.time
            }
        }
    }

    @Test func letsGoOfWhatItHandedOut() {
        final class Witness {}
        var queue = EventQueue<Witness>()
        weak var witness: Witness?
        do {
            let held = Witness()
            witness = held
            queue.push(held, at: 1)
        }
        #expect(witness != nil)
        _ = queue.pop()
        #expect(witness == nil)
    }
}
