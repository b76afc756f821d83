import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Streams

/// One connection to an origin: sends an upgrade, reads the head of its answer, then passes bytes.
///
/// `@unchecked Sendable`: all state is used on the channel's event loop only.
final class TunnelConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    /// Longest head of an answer.
    static let maxHeadBytes = 64 << 10
    /// Bytes that wait for the client before the origin is read no further.
    private static let window = 256 << 10

    private let host: String
    private let head: EventLoopPromise<(status: Int, fields: OriginFields)>
    private let channel: any Channel
    private var received = ByteBuffer()
    private var isOpen = false
    private(set) var stream: ByteStream!

    init(channel: any Channel, host: String) {
        self.channel = channel
        self.host = host
        head = channel.eventLoop.makePromise()
        stream = ByteStream(
            window: Self.window,
            onTake: { _ in channel.eventLoop.execute { channel.read() } },
            onStop: { channel.close(promise: nil) })
    }

    /// Sends the request and waits for the answer's head.
    func upgrade(_ request: String) async throws -> (status: Int, fields: OriginFields) {
        try await channel.writeAndFlush(ByteBuffer(string: request))
        channel.read()
        return try await head.futureResult.get()
    }

    func close() { channel.close(promise: nil) }

    /// Passes a client's bytes on.
    func send(_ fromClient: ByteStream) {
        Task { [channel] in
            do {
                while let part = try await fromClient.next() { try await channel.writeAndFlush(part) }
                try await channel.close(mode: .output)
            } catch {
                fromClient.stop()
                channel.close(promise: nil)
            }
        }
    }

    // MARK: Channel

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if isOpen { return stream.append(bytes) }
        received.writeBuffer(&bytes)
        let view = received.readableBytesView
        guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else {
            if received.readableBytes > Self.maxHeadBytes { fail(.badResponse, "\(host)'s answer has too long a head") }
            return
        }
        let text = String(decoding: view[..<end.lowerBound], as: UTF8.self)
        received.moveReaderIndex(to: end.upperBound)
        guard let parsed = Self.parse(text) else { return fail(.badResponse, "\(host)'s answer is no HTTP/1.1") }
        isOpen = true
        head.succeed(parsed)
        stream.append(received)
        received = ByteBuffer()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !isOpen || stream.bufferedBytes < Self.window { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { stream.finish() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        head.fail(OriginError(.unreachable, "\(host) closed the connection instead of upgrading it"))
        stream.finish()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // Also when the connection never came about.
        head.fail(OriginError(.unreachable, "the connection to \(host) is closed"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let known = TransportFailure.from(error, host: host)
        head.fail(known)
        stream.fail(known)
        context.close(promise: nil)
    }

    private func fail(_ code: OriginError.Code, _ message: String) {
        head.fail(OriginError(code, "\(message); fix the origin"))
        channel.close(promise: nil)
    }

    /// The status and fields of a head; nil if a line is not as RFC 9112 sections 4 and 5 want it.
    static func parse(_ text: String) -> (status: Int, fields: OriginFields)? {
        let lines = text.components(separatedBy: "\r\n")
        let first = lines[0].split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard first.count >= 2, first[0] == "HTTP/1.1", first[1].utf8.count == 3, let status = Int(first[1]) else {
            return nil
        }
        var fields: OriginFields = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), ForwardedFields.isToken(String(line[..<colon])) else {
                return nil
            }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            guard value.utf8.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7f }) else { return nil }
            fields.add(String(line[..<colon]), value)
        }
        return (status, fields)
    }
}
