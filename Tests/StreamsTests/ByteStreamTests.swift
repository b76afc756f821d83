import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Streams

@Suite(.timeLimit(.minutes(1))) struct ByteStreamTests {
    private struct Broken: Error {}

    private func text(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    @Test func partsComeInOrderAndThenTheEnd() async throws {
        let stream = ByteStream()
        stream.append(text("a"))
        stream.append(ByteBuffer())
        stream.append(text("b"))
        stream.finish()
        stream.append(text("late"))
        #expect(stream.bufferedBytes == 2)
        #expect(try await stream.next() == text("a"))
        #expect(try await stream.next() == text("b"))
        #expect(try await stream.next() == nil)
        #expect(try await stream.next() == nil)
    }

    @Test func whatIsThereComesBeforeTheError() async throws {
        let stream = ByteStream()
        stream.append(text("a"))
        stream.fail(Broken())
        #expect(try await stream.next() == text("a"))
        await #expect(throws: Broken.self) { try await stream.next() }
    }

    @Test func aConsumerThatWaitsIsServedOnItsLoop() throws {
        let loop = EmbeddedEventLoop()
        let taken = Mutex<[Int]>([])
        let stream = ByteStream(onTake: { count in taken.withLock { $0.append(count) } })
        let first = stream.next(on: loop)
        stream.append(text("abc"))
        #expect(try first.wait() == text("abc"))
        let second = stream.next(on: loop)
        stream.finish()
        #expect(try second.wait() == nil)
        #expect(taken.withLock { $0 } == [3])
        #expect(stream.bufferedBytes == 0)
    }

    @Test func aProducerWaitsForRoom() async throws {
        let stream = ByteStream(window: 4)
        let steps = Mutex(0)
        let producer = Task {
            for _ in 0..<3 {
                try await stream.write(text("abcd"))
                steps.withLock { $0 += 1 }
            }
            stream.finish()
        }
        while stream.bufferedBytes < 4 { try await Task.sleep(for: .milliseconds(1)) }
        try await Task.sleep(for: .milliseconds(20))
        #expect(steps.withLock { $0 } == 0)
        #expect(try await stream.collect(limit: 12) == text("abcdabcdabcd"))
        try await producer.value
        #expect(steps.withLock { $0 } == 3)
    }

    @Test func stoppingEndsBothSidesOnce() async throws {
        let stops = Mutex(0)
        let stream = ByteStream(window: 1, onStop: { stops.withLock { $0 += 1 } })
        let producer = Task { try await stream.write(text("abcd")) }
        while stream.bufferedBytes < 4 { try await Task.sleep(for: .milliseconds(1)) }
        stream.stop()
        stream.stop()
        await #expect(throws: ByteStream.Stopped.self) { try await producer.value }
        await #expect(throws: ByteStream.Stopped.self) { try await stream.next() }
        #expect(stops.withLock { $0 } == 1)
        #expect(stream.bufferedBytes == 0)
    }

    @Test func theEndIsNoStop() {
        let stops = Mutex(0)
        let stream = ByteStream(onStop: { stops.withLock { $0 += 1 } })
        stream.finish()
        stream.stop()
        #expect(stops.withLock { $0 } == 0)
    }

    @Test func aStreamThatNobodyHoldsHasStopped() {
        let stops = Mutex(0)
        var stream: ByteStream? = ByteStream(onStop: { stops.withLock { $0 += 1 } })
        stream?.append(text("a"))
        stream = nil
        #expect(stops.withLock { $0 } == 1)
    }

    @Test func cancellationEndsTheWait() async throws {
        let stream = ByteStream(window: 1)
        let consumer = Task { try await stream.next() }
        try await Task.sleep(for: .milliseconds(10))
        consumer.cancel()
        await #expect(throws: ByteStream.Stopped.self) { try await consumer.value }

        let other = ByteStream(window: 1)
        let producer = Task { try await other.write(text("abc")) }
        while other.bufferedBytes < 3 { try await Task.sleep(for: .milliseconds(1)) }
        producer.cancel()
        await #expect(throws: CancellationError.self) { try await producer.value }
        #expect(other.bufferedBytes == 3)
    }

    @Test func smallPartsAreGathered() async throws {
        let stream = ByteStream()
        let bytes = (0..<50_000).map { UInt8(truncatingIfNeeded: $0) }
        for byte in bytes { stream.append(ByteBuffer(bytes: [byte])) }
        #expect(stream.partCount == ByteStream.maxSmallParts)
        #expect(stream.bufferedBytes == bytes.count)
        stream.finish()
        #expect(try await stream.next() == ByteBuffer(bytes: [0]))
        #expect(try await Array(buffer: stream.collect(limit: bytes.count)) == Array(bytes.dropFirst()))
    }

    @Test func aStreamThatIsNeverEmptyDoesNotGrow() async throws {
        let stream = ByteStream()
        stream.append(text("a"))
        for _ in 0..<10_000 {
            stream.append(text("b"))
            _ = try await stream.next()
        }
        #expect(stream.partCount <= 2 * ByteStream.maxSmallParts)
        #expect(stream.bufferedBytes == 1)
    }

    @Test func tooMuchIsNotCollected() async {
        let stops = Mutex(0)
        let stream = ByteStream(onStop: { stops.withLock { $0 += 1 } })
        stream.append(text("abc"))
        await #expect(throws: ByteStream.TooLarge.self) { try await stream.collect(limit: 2) }
        #expect(stops.withLock { $0 } == 1)
    }

    @Test func whatIsReadyIsTakenWithoutWaiting() async throws {
        let taken = Mutex(0)
        let stream = ByteStream(onTake: { count in taken.withLock { $0 += count } })
        var (bytes, isLast) = stream.takeReady()
        #expect(bytes == nil && !isLast)
        stream.append(ByteBuffer(string: "ab"))
        stream.append(ByteBuffer(string: "c"))
        (bytes, isLast) = stream.takeReady()
        #expect(bytes == ByteBuffer(string: "ab") && !isLast && !stream.isFinished)
        stream.finish()
        (bytes, isLast) = stream.takeReady()
        #expect(bytes == ByteBuffer(string: "c") && isLast && stream.isFinished)
        #expect(taken.withLock { $0 } == 3)
        #expect(try await stream.next() == nil)
        // A body that broke off does not end well, whatever was taken of it.
        let broken = ByteStream()
        broken.append(ByteBuffer(string: "x"))
        broken.fail(ByteStream.Stopped())
        (bytes, isLast) = broken.takeReady()
        #expect(bytes == ByteBuffer(string: "x") && !isLast && !broken.isFinished)
    }

    @Test func oneConsumerAtATime() throws {
        let loop = EmbeddedEventLoop()
        let stream = ByteStream()
        let first = stream.next(on: loop)
        #expect(throws: ByteStream.Stopped.self) { try stream.next(on: loop).wait() }
        stream.append(text("a"))
        #expect(try first.wait() == text("a"))
    }

    @Test(arguments: [false, true]) func allWhoAskedHearOnceThatItIsOver(_ isStopped: Bool) {
        let heard = Mutex<[Int]>([])
        let stream = ByteStream()
        stream.whenOver { heard.withLock { $0.append(1) } }
        stream.whenOver { heard.withLock { $0.append(2) } }
        #expect(heard.withLock { $0 } == [])
        if isStopped { stream.stop() } else { stream.finish() }
        #expect(heard.withLock { $0 } == [1, 2])
        stream.whenOver { heard.withLock { $0.append(3) } }
        stream.stop()
        stream.finish()
        #expect(heard.withLock { $0 } == [1, 2, 3])
    }
}
