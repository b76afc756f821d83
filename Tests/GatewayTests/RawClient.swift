import NIOCore
import NIOPosix
import Synchronization

/// A response as it came over the wire.
struct RawResponse {
    let status: Int
    /// Names in lower case.
    let fields: [(name: String, value: String)]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}

struct TimedOut: Error, CustomStringConvertible {
    let description: String
}

/// A client that sends exactly the bytes that a test wants to send.
final class RawClient: Sendable {
    private struct Received {
        var bytes: [UInt8] = []
        var isClosed = false
    }

    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let received: Mutex<Received>

        init() { received = Mutex(Received()) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Self.unwrapInboundIn(data)
            received.withLock { $0.bytes += Array(bytes.readableBytesView) }
        }

        func channelInactive(context: ChannelHandlerContext) { received.withLock { $0.isClosed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    let channel: any Channel
    private let collector: Collector

    /// - Parameter staysOpen: Whether to keep this side open when the gateway closes its own.
    init(_ address: SocketAddress, autoRead: Bool, staysOpen: Bool = false) async throws {
        let collector = Collector()
        self.collector = collector
        channel = try await ClientBootstrap(group: TestGateway.group)
            .channelOption(.autoRead, value: autoRead)
            .channelOption(.allowRemoteHalfClosure, value: staysOpen)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(collector) }
            }
            .connect(to: address).get()
    }

    func send(_ text: String) { send(Array(text.utf8)) }
    func send(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
    func close() { channel.close(promise: nil) }
    func halfClose() { channel.close(mode: .output, promise: nil) }

    var byteCount: Int { collector.received.withLock { $0.bytes.count } }
    var isClosed: Bool { collector.received.withLock { $0.isClosed } }
    var bytes: [UInt8] { collector.received.withLock { $0.bytes } }

    func wait(_ what: String, seconds: Double = 10, until condition: () -> Bool) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        while !condition() {
            guard clock.now < deadline else {
                let seen = String(decoding: bytes.prefix(400), as: UTF8.self)
                throw TimedOut(description: "\(what); received \(byteCount) bytes: \(seen)")
            }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    func closed() async throws { try await wait("close") { isClosed } }

    /// Takes the next response off what was received; final ones only.
    func response(isHead: Bool = false, skipsInterim: Bool = true) async throws -> RawResponse {
        var result: RawResponse?
        try await wait("a response") {
            result = collector.received.withLock { Self.take(&$0, isHead: isHead, skipsInterim: skipsInterim) }
            return result != nil
        }
        guard let result else { throw TimedOut(description: "no response") }
        return result
    }

    private static func take(_ received: inout Received, isHead: Bool, skipsInterim: Bool) -> RawResponse? {
        guard let end = received.bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: received.bytes[..<end.lowerBound], as: UTF8.self)
            .split(separator: "\r\n").map(String.init)
        guard let first = lines.first, let status = Int(first.split(separator: " ")[1]) else { return nil }
        if status == 100, skipsInterim {
            received.bytes.removeFirst(end.upperBound)
            return take(&received, isHead: isHead, skipsInterim: skipsInterim)
        }
        let fields = lines.dropFirst().map { line -> (name: String, value: String) in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (parts[0].lowercased(), String(parts[1].drop { $0 == " " }))
        }
        let hasBody = !isHead && status != 204 && status != 304 && status >= 200
        let length = hasBody ? fields.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0 : 0
        guard received.bytes.count >= end.upperBound + length else { return nil }
        let body = Array(received.bytes[end.upperBound..<(end.upperBound + length)])
        received.bytes.removeFirst(end.upperBound + length)
        return RawResponse(status: status, fields: fields, body: body)
    }
}
