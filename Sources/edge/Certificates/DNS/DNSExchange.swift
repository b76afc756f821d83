import NIOCore
import NIOPosix

/// One question to one server, over a socket of its own.
enum DNSExchange {
    struct Question: Sendable {
        let id: UInt16
        let name: String
        let type: DNSRecordType

        func answer(_ bytes: [UInt8]) -> DNSMessage.Answer? {
            DNSMessage.answer(bytes, id: id, name: name, type: type)
        }
    }

    static func datagram(
        _ query: [UInt8], _ question: Question, host: String, port: Int, timeout: TimeAmount,
        group: any EventLoopGroup
    ) async throws -> DNSMessage.Answer {
        let loop = group.next()
        let promise = loop.makePromise(of: DNSMessage.Answer.self)
        let channel: any Channel
        do {
            // Connected: the kernel drops what comes from elsewhere.
            channel = try await DatagramBootstrap(group: loop).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramAnswer(question, promise))
                }
            }.connect(host: host, port: port).get()
        } catch {
            promise.fail(error)
            throw error
        }
        let timer = loop.scheduleTask(in: timeout) { promise.fail(DNSExchange.timedOut(host, port)) }
        channel.closeFuture.whenComplete { _ in promise.fail(ChannelError.ioOnClosedChannel) }
        channel.writeAndFlush(ByteBuffer(bytes: query), promise: nil)
        return try await finish(promise.futureResult, timer, channel)
    }

    static func stream(
        _ query: [UInt8], _ question: Question, host: String, port: Int, timeout: TimeAmount,
        group: any EventLoopGroup
    ) async throws -> DNSMessage.Answer {
        let loop = group.next()
        let promise = loop.makePromise(of: DNSMessage.Answer.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: loop).connectTimeout(timeout).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(StreamAnswer(question, promise))
                }
            }.connect(host: host, port: port).get()
        } catch {
            promise.fail(error)
            throw error
        }
        let timer = loop.scheduleTask(in: timeout) { promise.fail(DNSExchange.timedOut(host, port)) }
        channel.closeFuture.whenComplete { _ in promise.fail(ChannelError.ioOnClosedChannel) }
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt16(query.count))
        buffer.writeBytes(query)
        channel.writeAndFlush(buffer, promise: nil)
        return try await finish(promise.futureResult, timer, channel)
    }

    private static func finish(
        _ future: EventLoopFuture<DNSMessage.Answer>, _ timer: Scheduled<Void>, _ channel: any Channel
    ) async throws -> DNSMessage.Answer {
        defer {
            timer.cancel()
            channel.close(promise: nil)
        }
        return try await future.get()
    }

    private static func timedOut(_ host: String, _ port: Int) -> CertificateError {
        CertificateError(.dnsFailed, "the resolver \(host):\(port) did not answer in time")
    }
}

private final class DatagramAnswer: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias InboundOut = Never

    private let question: DNSExchange.Question
    private let promise: EventLoopPromise<DNSMessage.Answer>

    init(_ question: DNSExchange.Question, _ promise: EventLoopPromise<DNSMessage.Answer>) {
        self.question = question
        self.promise = promise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What is no answer to the question may be somebody's guess: the real one may still come.
        let envelope = unwrapInboundIn(data)
        if let answer = question.answer(Array(envelope.data.readableBytesView)) { promise.succeed(answer) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }
}

private final class StreamAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = Never

    private let question: DNSExchange.Question
    private let promise: EventLoopPromise<DNSMessage.Answer>
    private var received = ByteBuffer()

    init(_ question: DNSExchange.Question, _ promise: EventLoopPromise<DNSMessage.Answer>) {
        self.question = question
        self.promise = promise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        received.writeBuffer(&buffer)
        guard let length = received.getInteger(at: received.readerIndex, as: UInt16.self) else { return }
        guard received.readableBytes >= 2 + Int(length) else { return }
        let bytes = received.getBytes(at: received.readerIndex + 2, length: Int(length)) ?? []
        if let answer = question.answer(bytes) {
            promise.succeed(answer)
        } else {
            promise.fail(CertificateError(.dnsFailed, "the resolver's answer over TCP cannot be read"))
        }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }
}
