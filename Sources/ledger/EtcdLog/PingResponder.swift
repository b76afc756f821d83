import NIOCore

/// Answers the pings of an etcd member before the HTTP/2 library sees them.
///
/// The Go library that etcd uses measures each request's path with a ping. swift-nio-http2 takes more than 200 control
/// frames within 30 s for an attack and closes the connection, and gRPC offers no way to raise that limit: without this
/// handler a log that appends a hundred times a second would lose its connection every two seconds.
///
/// It only looks at frame headers (RFC 9113, section 4.1); everything but pings passes as it came, errors included.
final class PingResponder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let headerBytes = 9
    private static let pingType: UInt8 = 6
    private static let pingBytes = 8
    private static let acknowledged: UInt8 = 1

    /// The begin of a frame that is not complete enough to be judged: less than a header, or a part of a ping.
    private var held = ByteBuffer()
    /// Bytes of the present frame that pass without a look.
    private var passing = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var input = unwrapInboundIn(data)
        if held.readableBytes > 0 {
            held.writeBuffer(&input)
            swap(&held, &input)
            held = ByteBuffer()
        }
        var output = context.channel.allocator.buffer(capacity: input.readableBytes)
        var hasAnswered = false
        while input.readableBytes > 0 {
            if passing > 0 {
                let count = min(passing, input.readableBytes)
                passing -= count
                if var part = input.readSlice(length: count) { output.writeBuffer(&part) }
                continue
            }
            guard let (byteCount, type, flags) = PingResponder.header(input) else { break }
            guard type == PingResponder.pingType, byteCount == PingResponder.pingBytes,
                flags & PingResponder.acknowledged == 0
            else {
                passing = PingResponder.headerBytes + byteCount
                continue
            }
            guard var ping = input.readSlice(length: PingResponder.headerBytes + byteCount) else { break }
            ping.setInteger(flags | PingResponder.acknowledged, at: ping.readerIndex + 4)
            context.write(wrapOutboundOut(ping), promise: nil)
            hasAnswered = true
        }
        if input.readableBytes > 0 { held = input }
        if hasAnswered { context.flush() }
        if output.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(output)) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // What is left is no whole frame: the library says so.
        if held.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(held)) }
        held = ByteBuffer()
        context.fireChannelInactive()
    }

    private static func header(_ bytes: ByteBuffer) -> (byteCount: Int, type: UInt8, flags: UInt8)? {
        let start = bytes.readerIndex
        guard bytes.readableBytes >= headerBytes,
            let high = bytes.getInteger(at: start, as: UInt8.self),
            let low = bytes.getInteger(at: start + 1, as: UInt16.self),
            let type = bytes.getInteger(at: start + 3, as: UInt8.self),
            let flags = bytes.getInteger(at: start + 4, as: UInt8.self)
        else { return nil }
        return (Int(high) << 16 | Int(low), type, flags)
    }
}
