import Foundation
import Identity
import NIOCore
import NIOPosix
import NIOTLS
import SwiftProtobuf
import Wire

@testable import Peering

/// The far end of a connection that says whatever a test wants: mutual TLS as it should be, everything above by hand.
final class RawPeer: Sendable {
    enum Event: Sendable {
        case secured
        case frame(Frame)
        case ended
    }

    let channel: any Channel
    let events: AsyncStream<Event>

    private init(_ channel: any Channel, _ events: AsyncStream<Event>) {
        self.channel = channel
        self.events = events
    }

    /// Connects to a node.
    static func connect(to port: Int, key: SigningKey) async throws -> RawPeer {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let tls = try PeerTLS(NodeCertificate(key))
        let channel = try await ClientBootstrap(group: loops)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(tls.clientHandler { _ in true })
                    try channel.pipeline.syncOperations.addHandler(
                        Recorder { _, event in
                            continuation.yield(event)
                            if case .ended = event { continuation.finish() }
                        })
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawPeer(channel, events)
    }

    /// Listens; every connection's events go to `onEvent`.
    static func listen(
        key: SigningKey, onEvent: @escaping @Sendable (any Channel, Event) -> Void
    ) async throws -> any Channel {
        let tls = try PeerTLS(NodeCertificate(key))
        return try await ServerBootstrap(group: loops)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(tls.serverHandler { _ in true })
                    try channel.pipeline.syncOperations.addHandler(Recorder(onEvent))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    /// Says hello and waits for the node's.
    func greet(_ offer: PeerPBHello = RawPeer.offer(1)) async throws -> AsyncStream<Event>.Iterator {
        var iterator = events.makeAsyncIterator()
        try await channel.writeAndFlush(RawPeer.hello(offer))
        while let event = await iterator.next() {
            switch event {
            case .frame(let frame) where frame.type == .hello: return iterator
            case .ended: return iterator
            case .frame, .secured: continue
            }
        }
        return iterator
    }

    /// Of a node that speaks one version.
    static func offer(_ version: UInt32) -> PeerPBHello { PeerPBHello.with { $0.protocolVersion = version } }

    /// A hello of the tests' network with the versions and capabilities of `offer`.
    static func hello(_ offer: PeerPBHello = RawPeer.offer(1)) throws -> ByteBuffer {
        var hello = offer
        hello.network = testNetwork
        return encode(Frame(type: .hello, flags: .required, requestID: 0, body: try ByteBuffer(message: hello)))
    }

    static func encode(_ frame: Frame) -> ByteBuffer {
        var bytes = ByteBuffer()
        let words = frame.header.words
        bytes.writeMultipleIntegers(words.0, words.1, words.2)
        bytes.writeImmutableBuffer(frame.body)
        return bytes
    }

    func send(_ type: FrameType, id: UInt32, flags: FrameHeader.Flags = .required, _ body: String = "") async throws {
        let frame = Frame(type: type, flags: flags, requestID: id, body: ByteBuffer(string: body))
        try await channel.writeAndFlush(RawPeer.encode(frame))
    }

    /// Returns true when the node closes the connection; consumes the events until then.
    static func isClosed(_ iterator: inout AsyncStream<Event>.Iterator) async -> Bool {
        while await iterator.next() != nil {}
        return true
    }

    static func nextFrame(_ iterator: inout AsyncStream<Event>.Iterator) async -> Frame? {
        while let event = await iterator.next() {
            switch event {
            case .frame(let frame): return frame
            case .ended: return nil
            case .secured: continue
            }
        }
        return nil
    }

    private final class Recorder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let onEvent: @Sendable (any Channel, Event) -> Void
        private var decoder = FrameDecoder()

        init(_ onEvent: @escaping @Sendable (any Channel, Event) -> Void) { self.onEvent = onEvent }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted? = event as? TLSUserEvent { onEvent(context.channel, .secured) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            decoder.feed(unwrapInboundIn(data))
            while let frame = try? decoder.next(allocator: context.channel.allocator) {
                onEvent(context.channel, .frame(frame))
            }
        }

        func channelInactive(context: ChannelHandlerContext) { onEvent(context.channel, .ended) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
