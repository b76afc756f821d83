import Calls
import Functions
import Gateway
import MachineProxy
import NIOCore
import Streams

/// Requests for machines as calls between nodes: the same frames as for functions (`docs/design/calls.md`). A tunnel is a
/// call with an `upgrade`, or for a raw connection with the method CONNECT, whose two bodies are the two directions.
enum MachineCallCoding {
    static let connectMethod = "CONNECT"
    private static let upgradeField = "upgrade"
    private static let lengthField = "content-length"

    // MARK: Asking

    /// - Parameter toMachine: The client's bytes, for a request with an upgrade.
    static func call(_ request: MachineRequest, toMachine: ByteStream?) -> FunctionCall {
        var headers = request.headers
        if let upgrade = request.upgrade { headers.append((upgradeField, upgrade)) }
        let body: FunctionBody
        switch request.body {
        case .bytes(let bytes): body = toMachine.map { .stream($0) } ?? .bytes(bytes)
        case .stream(let stream):
            body = toMachine.map { .stream($0) } ?? .stream(stream)
            if let count = request.bodyBytes { headers.append((lengthField, String(count))) }
        }
        let interim = request.interim.map { listener -> MachineRequest.InterimListener in
            { status, fields in if MachineAnswer.isSoundInterim(status, fields) { listener(status, fields) } }
        }
        return FunctionCall(
            id: request.id, trace: request.trace, method: request.method, url: request.target, headers: headers,
            body: body, cancellation: request.cancellation, interim: interim)
    }

    /// A reply as the gateway takes it.
    ///
    /// - Parameter toMachine: As in ``call(_:toMachine:)``; finished if the answer is no tunnel.
    static func answer(_ reply: FunctionReply, toMachine: ByteStream?) -> MachineAnswer {
        if let toMachine {
            if reply.status == 101, case .stream(let stream) = reply.body {
                return .tunnel(tunnel(reply.headers, stream, toMachine))
            }
            toMachine.finish()
        }
        let length = reply.headers.first { $0.name == lengthField }.flatMap { Int($0.value) }
        var answer = OriginAnswer(
            status: reply.status, fields: reply.headers.filter { $0.name != lengthField }, contentLength: length,
            body: .none, cache: "")
        switch reply.body {
        case .stream(let stream): answer.body = .stream(stream)
        case .bytes(let bytes): if bytes.readableBytes > 0 { answer.body = .bytes(bytes) }
        }
        return .content(answer)
    }

    /// A tunnel through a call: what the client sends goes into `toMachine`.
    static func tunnel(
        _ headers: [(name: String, value: String)], _ toClient: ByteStream, _ toMachine: ByteStream
    ) -> GatewayTunnel {
        GatewayTunnel(headers: headers, toClient: toClient) { fromClient in
            Task {
                do {
                    while let part = try await fromClient.next() { try await toMachine.write(part) }
                    toMachine.finish()
                } catch {
                    fromClient.stop()
                    toMachine.fail(error)
                }
            }
        }
    }

    // MARK: Answering

    static func request(_ call: FunctionCall) -> MachineRequest {
        func first(_ name: String) -> String? { call.headers.first { $0.name == name }?.value }
        let upgrade = first(upgradeField)
        var body: FunctionRequest.Body
        var bodyBytes: Int?
        switch call.body {
        case .bytes(let bytes):
            body = .bytes(bytes)
            bodyBytes = bytes.readableBytes
        case .stream(let stream):
            // With an upgrade it is the tunnel's.
            body = upgrade == nil ? .stream(stream) : .bytes(ByteBuffer())
            bodyBytes = upgrade == nil ? first(lengthField).flatMap { Int($0) }.map { max(0, $0) } : 0
        }
        return MachineRequest(
            id: call.id, trace: call.trace ?? "", method: call.method, target: call.url,
            headers: call.headers.filter { $0.name != upgradeField && $0.name != lengthField }, bodyBytes: bodyBytes,
            body: body, upgrade: upgrade, cancellation: call.cancellation ?? Cancellation(), interim: call.interim)
    }

    static func reply(_ answer: MachineAnswer, to call: FunctionCall) -> FunctionReply {
        switch answer {
        case .tunnel(let tunnel): return reply(tunnel, to: call, status: 101)
        case .content(let answer):
            if case .stream(let stream) = call.body, call.headers.contains(where: { $0.name == upgradeField }) {
                stream.stop()
            }
            var headers = answer.fields
            if let length = answer.contentLength { headers.append((lengthField, String(length))) }
            let body: FunctionBody =
                switch answer.body {
                case .none, .blob: .empty
                case .bytes(let bytes): .bytes(bytes)
                case .stream(let stream): .stream(stream)
                }
            return FunctionReply(status: answer.status, headers: headers, body: body)
        }
    }

    /// Joins a tunnel with the two bodies of a call.
    static func reply(_ tunnel: GatewayTunnel, to call: FunctionCall, status: Int) -> FunctionReply {
        let fromClient: ByteStream
        switch call.body {
        case .stream(let stream): fromClient = stream
        case .bytes(let bytes):
            fromClient = ByteStream()
            fromClient.append(bytes)
            fromClient.finish()
        }
        tunnel.start(fromClient)
        return FunctionReply(status: status, headers: tunnel.headers, body: .stream(tunnel.toClient))
    }

    // MARK: Failures

    static func failure(_ failure: CallFailure) -> MachineProxyFailure {
        let error = failure.error
        let code: GatewayError.Code =
            switch error.code {
            case .wallLimit: .machineTimeout
            case .overloaded: .machineOverloaded
            case .bodyTooLarge: .init(error.code.rawValue)
            default: error.code.rawValue.hasPrefix("machine/") ? .init(error.code.rawValue) : .machineUnavailable
            }
        let message =
            failure.isFault
            ? error.message.replacing("runs the function", with: "has the machine") : error.message
        return MachineProxyFailure(
            GatewayError(code, message, origin: failure.isFault ? .peer : .origin), mayHaveRun: failure.mayHaveRun,
            isFault: failure.isFault, isOthersToTry: failure.isOthersToTry)
    }

    static func failure(_ failure: MachineProxyFailure) -> CallFailure {
        CallFailure(
            error: FunctionError(
                FunctionError.Code(rawValue: failure.error.code.description), failure.error.message,
                retryAfter: failure.error.retryAfterSeconds.map { .seconds(Int64($0)) }),
            mayHaveRun: failure.mayHaveRun, isFault: false, isOthersToTry: failure.isOthersToTry)
    }
}
