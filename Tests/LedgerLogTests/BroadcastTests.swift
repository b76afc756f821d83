import Dispatch
import LedgerLog
import Testing

@Suite(.timeLimit(.minutes(1))) struct BroadcastTests {
    /// Whoever cancels a task holds that task's lock while the end of its stream is noted, and whoever sends wakes the task, for
    /// which it needs that lock. On threads of their own, so that what stands still are those and not the test.
    @Test func aReaderThatIsCancelledWhileItIsToldHoldsUpNobody() async {
        let broadcast = Broadcast<Int>()
        let (sending, cancelling) = (DispatchQueue(label: "sending"), DispatchQueue(label: "cancelling"))
        for round in 0..<2_000 {
            let stream = broadcast.stream()
            let reader = Task { for await _ in stream {} }
            await Task.yield()
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let group = DispatchGroup()
                sending.async(group: group) { for _ in 0..<4 { broadcast.send(round) } }
                cancelling.async(group: group) { reader.cancel() }
                group.notify(queue: sending) { continuation.resume() }
            }
            await reader.value
        }
    }

    @Test func streamsHearEverythingInOneOrder() async {
        let broadcast = Broadcast<Int>(kept: 1_000, first: 0)
        let streams = (0..<4).map { _ in broadcast.stream() }
        await withTaskGroup(of: Void.self) { group in
            for sender in 1...4 {
                group.addTask { for number in 0..<100 { broadcast.send(sender * 1_000 + number) } }
            }
        }
        broadcast.close()
        var heard: [[Int]] = []
        for stream in streams {
            var elements: [Int] = []
            for await element in stream { elements.append(element) }
            heard.append(elements)
        }
        #expect(heard[0].count == 401 && heard.allSatisfy { $0 == heard[0] })
        var late = 0
        for await _ in broadcast.stream() { late += 1 }
        #expect(late == 0)
    }
}
