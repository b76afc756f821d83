import NIOCore

/// Clients that know that HTTP/2 is spoken here (RFC 9113 section 3.3).
extension HTTP1Connection {
    private static let http2Preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Whether `bytes`, with what came before, begin an HTTP/2 connection or may still do; they are taken then.
    func takesPreface(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) -> Bool {
        // One comparison for all others.
        guard preface != nil || bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == 0x50,
            parser.bufferedBytes == 0, phase == .idle
        else { return false }
        var all = preface ?? ByteBuffer()
        all.writeImmutableBuffer(bytes)
        guard
            all.readableBytesView.prefix(Self.http2Preface.count).elementsEqual(
                Self.http2Preface.prefix(all.readableBytes))
        else {
            guard let held = preface else { return false }
            preface = nil
            parser.append(held)
            return false
        }
        guard all.readableBytes >= Self.http2Preface.count else {
            preface = all
            return true
        }
        preface = nil
        leave()
        do {
            try HTTP2Connection.add(
                to: context.channel, dispatcher, shared, metrics, isSecure: client.isSecure)
            context.fireChannelRead(Self.wrapInboundOut(all))
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
        return true
    }
}
