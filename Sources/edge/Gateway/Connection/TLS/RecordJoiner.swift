import NIOCore

/// Joins what is written between two flushes, so that it fills TLS records (RFC 8446 section 5.1).
///
/// NIOHTTP2 writes the header of each frame and its content by themselves, and NIOSSL makes at least one record of each
/// write: 22 bytes and one more encryption on both sides for the 9 bytes in front of every 16 KiB, and three records for
/// the smallest answer. The copy costs less. Holds at most ``joinedBytes``, and nothing between a flush and the next write.
final class RecordJoiner: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Handed on at once: four full records.
    static let joinedBytes = 4 << 14
    /// Writes from this size on are followed by more mostly: then all the space is taken at once.
    private static let bulkBytes = 4 << 10
    /// Space for some small answers.
    private static let smallBytes = 2 << 10

    private var waiting = ByteBuffer()
    private var promise: EventLoopPromise<Void>?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var bytes = Self.unwrapOutboundIn(data)
        while let part = bytes.readSlice(length: min(bytes.readableBytes, room)), part.readableBytes > 0 {
            let isBulk = part.readableBytes >= RecordJoiner.bulkBytes
            waiting.reserveCapacity(isBulk ? RecordJoiner.joinedBytes : RecordJoiner.smallBytes)
            waiting.writeImmutableBuffer(part)
            // The last piece waits for its promise.
            if room == 0, bytes.readableBytes > 0 { handOn(context) }
        }
        if let promise { self.promise.setOrCascade(to: promise) }
        if room == 0 { handOn(context) }
    }

    private var room: Int { RecordJoiner.joinedBytes - waiting.readableBytes }

    func flush(context: ChannelHandlerContext) {
        handOn(context)
        context.flush()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        handOn(context)
        context.close(mode: mode, promise: promise)
    }

    func handlerRemoved(context: ChannelHandlerContext) { promise.take()?.fail(ChannelError.ioOnClosedChannel) }

    private func handOn(_ context: ChannelHandlerContext) {
        guard waiting.readableBytes > 0 || promise != nil else { return }
        let bytes = waiting
        waiting = ByteBuffer()
        context.write(Self.wrapOutboundOut(bytes), promise: promise.take())
    }
}
