import NIOCore
import WorkerProtocol

/// Cuts a worker's bytes into frames and hands them to the pool, in batches of one read.
final class WorkerChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let received: @Sendable ([Frame]) -> Void
    private let closed: @Sendable (WireError?) -> Void
    private var reader = FrameReader()
    private var frames: [Frame] = []
    private var damage: WireError?

    init(
        received: @escaping @Sendable ([Frame]) -> Void, closed: @escaping @Sendable (WireError?) -> Void
    ) {
        self.received = received
        self.closed = closed
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard damage == nil else { return }
        unwrapInboundIn(data).withUnsafeReadableBytes { reader.append($0) }
        do {
            while let frame = try reader.next() { frames.append(frame) }
        } catch {
            damage = error
            context.close(promise: nil)
        }
    }

    /// What a worker does not read waits in this process: one that asks on and on, and reads nothing, is given up.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard !context.channel.isWritable, damage == nil else { return }
        damage = WireError(.unread, "more than \(WireLimits.maxUnreadBytes) bytes wait to be read")
        context.close(promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        deliver()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deliver()
        closed(damage)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func deliver() {
        guard !frames.isEmpty else { return }
        let batch = frames
        frames.removeAll(keepingCapacity: true)
        received(batch)
    }
}
