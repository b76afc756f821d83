import Streams
import Synchronization
import Testing

@Suite struct CancellationTests {
    @Test func itComesOnce() {
        let count = Mutex(0)
        let cancellation = Cancellation()
        cancellation.onCancel { count.withLock { $0 += 1 } }
        #expect(count.withLock { $0 } == 0)
        cancellation.cancel()
        cancellation.cancel()
        #expect(count.withLock { $0 } == 1)
    }

    @Test func whoAsksLateIsToldAtOnce() {
        let count = Mutex(0)
        let cancellation = Cancellation()
        cancellation.cancel()
        cancellation.onCancel { count.withLock { $0 += 1 } }
        #expect(count.withLock { $0 } == 1)
    }
}
