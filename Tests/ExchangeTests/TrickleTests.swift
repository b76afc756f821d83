import BlobStore
import Exchange
import Foundation
import Identity
import NIOCore
import NIOPosix
import Synchronization
import Testing

@Suite("A provider behind a line that trickles", .serialized, .timeLimit(.minutes(1)))
struct TrickleTests {
    @Test("One byte a second from one provider: the other delivers the blob, whole")
    func another() async throws {
        try await withNodes { ledger, nodes in
            let bytes = randomBytes(24 * blockBytes + 5)
            for _ in 0..<2 { nodes.append(try await ExchangeNode(ledger)) }
            let id = try await nodes[0].store.put(bytes)
            #expect(try await nodes[1].store.put(bytes) == id)
            let proxy = try await TricklingProxy.start(to: nodes[0].port, freeBytes: 3 * blockBytes)
            ledger.register(nodes[0].key, port: proxy.port)
            nodes.append(try await ExchangeNode(ledger))
            try await nodes[2].exchange.fetchWhole(id)
            #expect(try await nodes[2].holdsDurably(id, bytes))
            try await proxy.stop()
        }
    }

    @Test("One byte a second from the only provider: the fetch ends with an error, and keeps what is verified")
    func alone() async throws {
        try await withNodes { ledger, nodes in
            let bytes = randomBytes(24 * blockBytes)
            nodes.append(try await ExchangeNode(ledger))
            let id = try await nodes[0].store.put(bytes)
            let proxy = try await TricklingProxy.start(to: nodes[0].port, freeBytes: 6 * blockBytes)
            ledger.register(nodes[0].key, port: proxy.port)
            var settings = ExchangeSettings.quick
            settings.blockTimeout = .milliseconds(400)
            nodes.append(try await ExchangeNode(ledger, settings: settings))
            #expect(await code { try await nodes[1].exchange.fetchWhole(id) } == "blob/unavailable")
            #expect(try nodes[1].store.contains(id) == false)
            try await proxy.stop()
            // The line is good again: the rest comes, and nothing that was verified is lost.
            ledger.register(nodes[0].key, port: nodes[0].port)
            #expect(try await eventually { (try? nodes[1].store.partial(id)?.isOpen) != true })
            try await nodes[1].exchange.fetchWhole(id)
            #expect(try await nodes[1].holdsDurably(id, bytes))
        }
    }
}

/// Passes connections on to a port of this machine. The first bytes that come back, of all connections together, go at
/// full speed, and the rest byte by byte.
private final class TricklingProxy: Sendable {
    fileprivate static let interval = TimeAmount.seconds(1)
    private let listener: any Channel
    let port: Int

    private init(_ listener: any Channel, port: Int) {
        self.listener = listener
        self.port = port
    }

    static func start(to port: Int, freeBytes: Int) async throws -> TricklingProxy {
        let free = Allowance(freeBytes)
        let listener = try await ServerBootstrap(group: loops)
            .childChannelInitializer { client in
                ClientBootstrap(group: client.eventLoop).connect(host: "127.0.0.1", port: port).flatMapThrowing {
                    try $0.pipeline.syncOperations.addHandler(Pipe(to: client, free))
                    try client.pipeline.syncOperations.addHandler(Pipe(to: $0, Allowance(.max)))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return TricklingProxy(listener, port: listener.localAddress?.port ?? 0)
    }

    func stop() async throws { try await listener.close() }

    private final class Allowance: Sendable {
        private let left: Mutex<Int>

        init(_ byteCount: Int) { left = Mutex(byteCount) }

        func take(_ wanted: Int) -> Int {
            left.withLock { left in
                let taken = min(left, wanted)
                left -= taken
                return taken
            }
        }
    }

    private final class Pipe: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let other: any Channel
        private let free: Allowance
        private var waiting = ByteBuffer()
        private var isTrickling = false

        init(to other: any Channel, _ free: Allowance) {
            self.other = other
            self.free = free
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            if let head = bytes.readSlice(length: free.take(bytes.readableBytes)), head.readableBytes > 0 {
                other.writeAndFlush(head, promise: nil)
            }
            waiting.writeBuffer(&bytes)
            if waiting.readableBytes > 0 { trickle(on: context.eventLoop) }
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

        private func trickle(on eventLoop: any EventLoop) {
            if isTrickling { return }
            isTrickling = true
            eventLoop.assumeIsolated().scheduleTask(in: TricklingProxy.interval) {
                self.isTrickling = false
                guard self.other.isActive, let byte = self.waiting.readSlice(length: 1) else { return }
                self.other.writeAndFlush(byte, promise: nil)
                if self.waiting.readableBytes > 0 { self.trickle(on: eventLoop) }
            }
        }
    }
}
