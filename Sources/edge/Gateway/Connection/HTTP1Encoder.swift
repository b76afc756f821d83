import NIOCore

/// Writes the head of an HTTP/1.1 response.
enum HTTP1Encoder {
    /// Room for the lines that nearly every answer has.
    static let usualHeadBytes = 768

    /// What the connection will do after the answer.
    enum Persistence {
        /// The version's default: nothing needs to be said.
        case implied
        /// An HTTP/1.0 client asked for it.
        case keepAlive
        case close
    }

    /// - Parameters:
    ///   - common: Ready-made lines that stand in every answer.
    ///   - micros: What the answer took so far; nil when the client is not told.
    ///   - isChunked: Whether the body comes in chunks, because its length is not known.
    static func writeHead(
        _ reply: Reply, _ persistence: Persistence, common: ByteBuffer, micros: Int?, isChunked: Bool = false,
        to buffer: inout ByteBuffer
    ) {
        switch reply.status {
        case 200: buffer.writeStaticString("HTTP/1.1 200 OK\r\n")
        case 304: buffer.writeStaticString("HTTP/1.1 304 Not Modified\r\n")
        default: buffer.writeString("HTTP/1.1 \(reply.status) \(HTTPStatus.phrase(reply.status))\r\n")
        }
        buffer.writeImmutableBuffer(common)
        if let prepared = reply.prepared { buffer.writeImmutableBuffer(prepared.lines) }
        for (name, value) in reply.fields { write(name, value, to: &buffer) }
        if let length = reply.contentLength {
            buffer.writeStaticString("content-length: ")
            buffer.writeString(String(length))
            buffer.writeStaticString("\r\n")
        }
        if isChunked { buffer.writeStaticString("transfer-encoding: chunked\r\n") }
        if let micros {
            buffer.writeStaticString("server-timing: ")
            ServerTiming.write(micros, reply.timing, to: &buffer)
            buffer.writeStaticString("\r\n")
        }
        switch persistence {
        case .implied: break
        case .keepAlive: buffer.writeStaticString("connection: keep-alive\r\n")
        case .close: buffer.writeStaticString("connection: close\r\n")
        }
        buffer.writeStaticString("\r\n")
    }

    /// The head of a 101, behind which another protocol begins (RFC 9110 section 15.2.2).
    static func writeSwitch(_ reply: Reply, common: ByteBuffer, to buffer: inout ByteBuffer) {
        buffer.writeStaticString("HTTP/1.1 101 Switching Protocols\r\n")
        buffer.writeImmutableBuffer(common)
        for (name, value) in reply.fields { write(name, value, to: &buffer) }
        buffer.writeStaticString("connection: upgrade\r\n\r\n")
    }

    /// A chunk's first line (RFC 9112 section 7.1).
    static func writeChunkHead(_ byteCount: Int, to buffer: inout ByteBuffer) {
        buffer.writeString(String(byteCount, radix: 16))
        buffer.writeStaticString("\r\n")
    }

    static func write(_ name: String, _ value: String, to buffer: inout ByteBuffer) {
        buffer.writeString(name)
        buffer.writeStaticString(": ")
        buffer.writeString(value)
        buffer.writeStaticString("\r\n")
    }
}
