import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import Outbound
import Streams

/// Sends one request to one URL over pooled connections to checked addresses. Knows nothing of origins' kinds.
final class HTTPTransport: Sendable {
    /// One message.
    struct Message: Sendable {
        /// Who shares the connection.
        var owner: String
        var method: String
        var url: HTTPURL
        /// Ready to be sent; without `host` and framing.
        var fields: OriginFields
        var host: String?
        var body: OriginRequest.Body?
        var connectTimeout: TimeAmount
        var firstByteTimeout: TimeAmount
        var idleTimeout: TimeAmount
        var onInterim: OriginRequest.InterimListener?

        var isRepeatable: Bool { body == nil && ["GET", "HEAD", "OPTIONS"].contains(method) }
    }

    /// Addresses of one name that are tried, one after the other, if connecting fails.
    static let maxAddresses = 3
    /// Kept connections that may turn out to be closed before one request is given up.
    static let maxClosedConnections = 8
    /// How often a request is sent again that may have reached a server that closed the connection: a kept one, as a rule.
    static let maxRepeats = 1

    private let clients: PinnedClients
    private let addresses: OriginAddresses
    private let interim: InterimListeners
    private let eventLoops: any EventLoopGroup
    private let logger: Logger

    /// - Parameter interim: What the clients' connections tell of interim answers.
    init(
        clients: PinnedClients, addresses: OriginAddresses, interim: InterimListeners, eventLoops: any EventLoopGroup,
        logger: Logger
    ) {
        self.clients = clients
        self.addresses = addresses
        self.interim = interim
        self.eventLoops = eventLoops
        self.logger = logger
    }

    func close() async { await clients.close() }

    /// Where a connection to a URL may go, the preferred address first.
    func judgedAddresses(of url: HTTPURL) async throws -> [IPAddress] { try await addresses.find(url) }

    /// The answer; its body is strict: it ends only when all that was declared has come.
    ///
    /// - Parameter ended: As for ``Origin/fetch(_:ended:)``.
    func send(_ message: Message, ended: @escaping @Sendable (OriginError?) -> Void) async throws -> OriginResponse {
        guard ClientURL.agrees(with: message.url) else {
            throw OriginError(.badRequest, "the request's URL is ambiguous; encode its path and query")
        }
        let upload = message.body.map { Upload($0) }
        let (response, target) = try await ask(message, upload)
        do {
            return try answer(message, response, target, ended)
        } catch {
            clients.giveBack(target)
            throw error
        }
    }

    private func ask(_ message: Message, _ upload: Upload?) async throws -> (HTTPClientResponse, PinnedClients.Target) {
        var lastFailure: (any Error)?
        for address in try await addresses.find(message.url).prefix(Self.maxAddresses) {
            try Task.checkCancellation()
            let target = PinnedClients.Target(
                owner: message.owner, host: message.url.host, address: address, connectTimeout: message.connectTimeout)
            guard let client = clients.take(target) else { throw OriginError(.cancelled, "this node is closing") }
            do {
                return (try await ask(message, upload, client), target)
            } catch {
                clients.giveBack(target)
                lastFailure = error
                guard TransportFailure.isConnectFailure(error), upload?.hasBegun != true else { break }
            }
        }
        throw TransportFailure.from(lastFailure ?? CancellationError(), host: message.url.hostAndPort)
    }

    /// Servers close kept connections just when the next request leaves, all of them when they have been idle together.
    private func ask(_ message: Message, _ upload: Upload?, _ client: HTTPClient) async throws -> HTTPClientResponse {
        var repeats = 0
        var closed = 0
        while true {
            do {
                return try await execute(message, upload, client)
            } catch let error as HTTPClientError where error == .remoteConnectionClosed && message.isRepeatable {
                // The server may have seen the request.
                repeats += 1
                guard repeats <= Self.maxRepeats else { throw error }
            } catch let error where TransportFailure.isClosedConnection(error) && message.isRepeatable {
                closed += 1
                guard closed <= Self.maxClosedConnections else { throw error }
            }
        }
    }

    /// Waits for the head; the time counts from the last part of the body that was sent.
    private func execute(_ message: Message, _ upload: Upload?, _ client: HTTPClient) async throws -> HTTPClientResponse
    {
        var request = clientRequest(message, upload)
        let number = message.onInterim.map { interim.add($0) }
        defer { if let number { interim.remove(number) } }
        if let number { request.headers.add(name: InterimListeners.fieldName, value: number) }
        let logger = logger
        let cancellation = Cancellation()
        let limit = message.connectTimeout + message.firstByteTimeout
        let alarm = IdleAlarm(loop: eventLoops.next(), limit: limit, onExpiry: { cancellation.cancel() })
        defer { alarm.stop() }
        upload?.onProgress { alarm.touch() }
        let task = Task { [request] in try await client.execute(request, deadline: .distantFuture, logger: logger) }
        cancellation.onCancel { task.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch {
            guard alarm.hasExpired else { throw error }
            throw OriginError(
                .timeout, "\(message.url.hostAndPort) did not begin its answer in time; it is slow or overloaded")
        }
    }

    private func clientRequest(_ message: Message, _ upload: Upload?) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: message.url.description)
        request.method = HTTPMethod(rawValue: message.method)
        request.headers = HTTPHeaders(message.fields.pairs.map { ($0.name, $0.value) })
        request.headers.replaceOrAdd(name: "host", value: message.host ?? message.url.hostAndPort)
        if let upload { request.body = .stream(upload, length: upload.length.map { .known($0) } ?? .unknown) }
        return request
    }

    private func answer(
        _ message: Message, _ response: HTTPClientResponse, _ target: PinnedClients.Target,
        _ ended: @escaping @Sendable (OriginError?) -> Void
    ) throws -> OriginResponse {
        let host = message.url.hostAndPort
        let status = Int(response.status.code)
        guard (200...599).contains(status) else {
            throw OriginError(.badResponse, "\(host) answered with the status \(status), which is none; fix the origin")
        }
        let all = OriginFields(response.headers.map { ($0.name, $0.value) })
        let isOld = response.version.major < 1 || response.version.major == 1 && response.version.minor < 1
        let framing = try ResponseFraming(method: message.method, status: status, fields: all, isOld: isOld)
        let length = try ResponseFraming.declaredLength(all)
        let fields = try ForwardedFields.incoming(all)
        let loop = eventLoops.next()
        let clients = clients
        let body = Pump.start(
            ended: { error in
                clients.giveBack(target)
                ended(error)
            },
            { stream in
                try await Self.copy(response.body, to: stream, framing, host, loop, message.idleTimeout)
            })
        return OriginResponse(status: status, fields: fields, body: body, length: length)
    }

    private static func copy(
        _ body: HTTPClientResponse.Body, to stream: ByteStream, _ framing: ResponseFraming, _ host: String,
        _ loop: any EventLoop, _ idleTimeout: TimeAmount
    ) async throws {
        let cancellation = Cancellation()
        let alarm = IdleAlarm(loop: loop, limit: idleTimeout, onExpiry: { cancellation.cancel() })
        defer { alarm.stop() }
        let task = Task {
            var count: Int64 = 0
            var parts = body.makeAsyncIterator()
            while let part = try await parts.next() {
                count += Int64(part.readableBytes)
                alarm.pause()
                try await stream.write(part)
                alarm.resume()
            }
            return count
        }
        cancellation.onCancel { task.cancel() }
        do {
            let count = try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
            guard case .exactly(let declared) = framing, declared != count else { return }
            throw OriginError(
                .badResponse, "\(host) declared \(declared) bytes and sent \(count); fix the origin")
        } catch {
            if alarm.hasExpired {
                throw OriginError(.timeout, "\(host) stopped in the middle of its answer; it is slow or overloaded")
            }
            throw TransportFailure.ofBody(error, host: host)
        }
    }
}

extension TransportFailure {
    /// As ``from(_:host:)`` for an answer that had begun: what is cut off is a bad answer.
    static func ofBody(_ error: any Error, host: String) -> any Error {
        if error is ByteStream.Stopped || error is CancellationError { return error }
        let known = from(error, host: host)
        guard known.code == .unreachable else { return known }
        return OriginError(.badResponse, "\(host) ended its answer before all of it had come; look at the origin's log")
    }
}
