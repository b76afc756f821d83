import NIOCore
import NIOEmbedded
import Streams
import Synchronization
import Testing
import WorkerProtocol

@testable import Functions

/// Bodies in parts between the node and a worker, without a worker.
@Suite(.timeLimit(.minutes(1))) struct WorkerBodiesTests {
    /// The frames that were sent.
    private final class Sent: Sendable {
        let frames = Mutex<[Frame]>([])

        func bodies() -> WorkerBodies { WorkerBodies { frame in self.frames.withLock { $0.append(frame) } } }

        var byteCount: Int {
            frames.withLock { frames in
                frames.reduce(0) { if case .data(_, let bytes) = $1 { $0 + bytes.count } else { $0 } }
            }
        }

        func contains(_ frame: Frame) -> Bool { frames.withLock { $0.contains(frame) } }

        func wait(_ condition: () -> Bool) async throws {
            while !condition() { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    private func stream(_ byteCount: Int) -> ByteStream {
        let stream = ByteStream()
        stream.append(ByteBuffer(repeating: 1, count: byteCount))
        stream.finish()
        return stream
    }

    @Test func aWorkerThatDoesNotReadIsGivenUp() throws {
        let ends = Mutex<[WireError?]>([])
        let channel = EmbeddedChannel(
            handler: WorkerChannelHandler(received: { _ in }, closed: { damage in ends.withLock { $0.append(damage) } })
        )
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/none")).wait()
        channel.pipeline.fireChannelWritabilityChanged()
        #expect(channel.isActive)
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        channel.embeddedEventLoop.run()
        #expect(!channel.isActive && ends.withLock { $0 }.map(\.?.code) == [.unread])
    }

    @Test func nothingIsSentBeyondTheWindow() async throws {
        let (sent, total) = (Sent(), 3 * WireLimits.bodyWindow)
        let bodies = sent.bodies()
        bodies.transmit(2, stream(total))
        try await sent.wait { sent.byteCount == WireLimits.bodyWindow }
        try await Task.sleep(for: .milliseconds(30))
        #expect(sent.byteCount == WireLimits.bodyWindow)
        bodies.credit(2, UInt32(WireLimits.maxPartBytes))
        try await sent.wait { sent.byteCount == WireLimits.bodyWindow + WireLimits.maxPartBytes }
        bodies.credit(2, .max)
        try await sent.wait { sent.contains(.end(id: 2)) }
        #expect(sent.byteCount == total)
        #expect(sent.frames.withLock { $0.last } == .end(id: 2))
    }

    @Test func aStopEndsTheTransmission() async throws {
        let sent = Sent()
        let stops = Mutex(0)
        let bodies = sent.bodies()
        let source = ByteStream(onStop: { stops.withLock { $0 += 1 } })
        source.append(ByteBuffer(repeating: 1, count: 2 * WireLimits.bodyWindow))
        bodies.transmit(2, source)
        try await sent.wait { sent.byteCount == WireLimits.bodyWindow }
        bodies.stopped(2)
        try await sent.wait { stops.withLock { $0 } == 1 }
        bodies.credit(2, .max)
        try await Task.sleep(for: .milliseconds(20))
        #expect(sent.byteCount == WireLimits.bodyWindow)
        #expect(!sent.contains(.end(id: 2)))
    }

    @Test func aCallWhoseAnswerIsOnItsWayKeepsItsName() async throws {
        let sent = Sent()
        let stops = Mutex(0)
        let bodies = sent.bodies()
        let source = ByteStream(onStop: { stops.withLock { $0 += 1 } })
        source.append(ByteBuffer(repeating: 1, count: 2 * WireLimits.bodyWindow))
        #expect(bodies.begin(3) { bodies.transmit(3, source) })
        try await sent.wait { sent.byteCount == WireLimits.bodyWindow }
        for _ in 0..<30 {
            #expect(!bodies.begin(3) {})
            try await Task.sleep(for: .milliseconds(1))
        }
        bodies.close(FunctionError(.crashed, "the worker is gone"))
        try await sent.wait { stops.withLock { $0 } == 1 }
    }

    @Test func answersOnTheirWayAreOpenCalls() async throws {
        let bodies = Sent().bodies()
        let ids = (0..<UInt64(WorkerBodies.maxCalls)).map { 2 * $0 + 1 }
        let begun = Mutex(0)
        for id in ids {
            let isOpen = bodies.begin(id) {
                bodies.transmit(id, ByteStream())
                begun.withLock { $0 += 1 }
            }
            #expect(isOpen)
        }
        while begun.withLock({ $0 }) < ids.count { try await Task.sleep(for: .milliseconds(1)) }
        for _ in 0..<30 {
            #expect(!bodies.begin(9_999) {})
            try await Task.sleep(for: .milliseconds(1))
        }
        bodies.stopped(ids[0])
        #expect(bodies.begin(9_999) {})
        bodies.close(FunctionError(.crashed, "the worker is gone"))
    }

    @Test func aSourceThatBreaksOffIsTold() async throws {
        let sent = Sent()
        let bodies = sent.bodies()
        let source = ByteStream()
        source.fail(HostCallError("fetch/failed", "the server went away"))
        bodies.transmit(3, source)
        try await sent.wait { sent.contains(.broken(id: 3, message: "the server went away")) }
    }

    @Test func whatIsTakenIsGranted() async throws {
        let sent = Sent()
        let bodies = sent.bodies()
        let stream = bodies.receive(2)
        #expect(bodies.received(2, [1, 2, 3]))
        #expect(!sent.contains(.credit(id: 2, bytes: 3)))
        #expect(try await stream.next() == ByteBuffer(bytes: [1, 2, 3]))
        #expect(sent.contains(.credit(id: 2, bytes: 3)))
        bodies.ended(2)
        #expect(try await stream.next() == nil)
        #expect(bodies.received(2, [4]), "what comes after the end concerns nobody")
    }

    @Test func whoSendsMoreThanGrantedIsFoundOut() {
        let bodies = Sent().bodies()
        let stream = bodies.receive(2)
        let part = [UInt8](repeating: 0, count: WireLimits.bodyWindow)
        #expect(bodies.received(2, part))
        #expect(!bodies.received(2, [0]))
        #expect(stream.bufferedBytes == WireLimits.bodyWindow)
    }

    @Test func aConsumerThatLetsGoStopsTheWorker() {
        let sent = Sent()
        let told = Mutex(false)
        let bodies = sent.bodies()
        var stream: ByteStream? = bodies.receive(3)
        #expect(stream != nil)
        stream = nil
        #expect(sent.contains(.stop(id: 3)))
        // Whoever tells the worker otherwise does so alone.
        stream = bodies.receive(2) { told.withLock { $0 = true } }
        #expect(stream != nil)
        stream = nil
        #expect(!sent.contains(.stop(id: 2)))
        #expect(told.withLock { $0 })
    }

    @Test func theEndOfTheWorkerEndsEverything() async throws {
        let sent = Sent()
        let bodies = sent.bodies()
        let incoming = bodies.receive(2)
        let stops = Mutex(0)
        let source = ByteStream(onStop: { stops.withLock { $0 += 1 } })
        bodies.transmit(4, source)
        let cancelled = Mutex(false)
        #expect(
            bodies.begin(3) {
                try? await Task.sleep(for: .seconds(600))
                cancelled.withLock { $0 = Task.isCancelled }
            })
        bodies.close(FunctionError(.crashed, "gone"))
        await #expect(throws: FunctionError.self) { try await incoming.next() }
        try await sent.wait { stops.withLock { $0 } == 1 && cancelled.withLock { $0 } }
        #expect(!bodies.begin(5) {})
        let late = bodies.receive(6)
        await #expect(throws: FunctionError.self) { try await late.next() }
    }

    @Test func openCallsAreLimited() async throws {
        let sent = Sent()
        let bodies = sent.bodies()
        for id in 0..<WorkerBodies.maxCalls {
            #expect(bodies.begin(UInt64(2 * id + 1)) { try? await Task.sleep(for: .seconds(600)) })
        }
        #expect(!bodies.begin(9_999) {})
        bodies.stopped(1)
        #expect(bodies.begin(9_999) {})
        bodies.close(FunctionError(.crashed, "gone"))
    }
}
