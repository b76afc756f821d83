import Glibc
import Testing

@testable import Machines

@Suite("Waiting for descriptors")
struct ReadinessTests {
    private func pipe() throws -> (reading: Descriptor, writing: Descriptor) {
        let ends = try #require(Descriptor.pipe())
        for end in [ends.reading, ends.writing] { end.makeNonBlocking() }
        return ends
    }

    private func write(_ count: Int, to descriptor: Descriptor) -> Int {
        [UInt8](repeating: 1, count: count).withUnsafeBytes { Glibc.write(descriptor.number, $0.baseAddress, $0.count) }
    }

    @Test("A wait is over when bytes come, when there is room, when the other end closes, and when time is up")
    func ends() async throws {
        let (reading, writing) = try pipe()
        await Readiness.wait(reading: [], writing: writing)
        let begin = ContinuousClock.now
        await Readiness.wait(reading: [reading], atMost: .milliseconds(30))
        #expect(ContinuousClock.now - begin >= .milliseconds(30))

        async let read: Void = Readiness.wait(reading: [reading])
        #expect(write(10, to: writing) == 10)
        await read
        #expect(reading.read(atMost: 100)?.count == 10)

        async let closed: Void = Readiness.wait(reading: [reading])
        writing.close()
        await closed
        #expect(reading.read(atMost: 100) == nil)
    }

    @Test("A writer whose reader goes hears of it while the pipe is full")
    func writerHears() async throws {
        let (reading, writing) = try pipe()
        while write(4_096, to: writing) > 0 {}
        async let ready: Void = Readiness.wait(reading: [], writing: writing)
        reading.close()
        await ready
    }

    @Test("A cancelled task waits no longer, whenever that happens")
    func cancelled() async throws {
        let (reading, _) = try pipe()
        for round in 0..<200 {
            let task = Task { await Readiness.wait(reading: [reading]) }
            for _ in 0..<round % 8 { await Task.yield() }
            task.cancel()
            await task.value
        }
    }

    @Test("What cannot be waited for does not hold anybody up")
    func files() async throws {
        let file = try #require(Descriptor.file(holding: "text"))
        await Readiness.wait(reading: [file])
        await Readiness.wait(reading: [Descriptor(-1)])
    }

    @Test("Descriptors come and go while many wait, and numbers are used again")
    func churn() async throws {
        await withTaskGroup { group in
            for _ in 0..<16 {
                group.addTask {
                    for round in 0..<300 {
                        guard let (reading, writing) = Descriptor.pipe() else {
                            Issue.record("no pipe")
                            return
                        }
                        async let ready: Void = Readiness.wait(reading: [reading], atMost: .seconds(60))
                        if round % 3 > 0 { _ = write(1, to: writing) }
                        writing.close()
                        await ready
                        #expect(reading.read(atMost: 2)?.count == (round % 3 > 0 ? 1 : nil))
                    }
                }
            }
        }
    }
}
