import FunctionServices
import Functions
import Gateway
import MachineProxy
import NIOCore
import Outbound
import Streams

/// Requests of functions, by a binding.
extension MachineCalls {
    /// Fields that concern a connection, or that this side states itself.
    private static let dropped: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "content-length", "host", "expect",
    ]

    /// Has a machine answer a function.
    ///
    /// - Throws: `HostCallError` with the code of what went wrong.
    func answer(
        _ release: MachineRelease, _ request: ServiceRequest, on eventLoop: any EventLoop
    ) async throws -> ServiceResponse {
        let cancellation = Cancellation()
        let call = try MachineCalls.request(request, cancellation)
        do {
            let answer = try await withTaskCancellationHandler {
                try await respond(release, call, on: eventLoop).get()
            } onCancel: {
                cancellation.cancel()
            }
            guard case .content(let content) = answer else {
                answer.abandon()
                throw HostCallError("service/unsupported", "A machine changed the protocol, which was not asked for")
            }
            let body: FunctionBody =
                switch content.body {
                case .none, .blob: .empty
                case .bytes(let bytes): .bytes(bytes)
                case .stream(let stream): .stream(stream)
                }
            return ServiceResponse(status: content.status, headers: content.fields, body: body)
        } catch let error as GatewayError {
            throw HostCallError(error.code.description, "\(request.binding) failed: \(error.message)")
        }
    }

    private static func request(
        _ request: ServiceRequest, _ cancellation: Cancellation
    ) throws -> MachineRequest {
        let url: HTTPURL
        do { url = try HTTPURL(request.url) } catch { throw HostCallError("service/request", error.description) }
        var headers = request.headers.filter { !dropped.contains($0.name) }
        headers.append(("host", url.hostAndPort))
        if let trace = request.trace, !headers.contains(where: { $0.name == "traceparent" }) {
            headers.append(("traceparent", trace))
        }
        let body: FunctionRequest.Body
        var bodyBytes: Int?
        switch request.body {
        case .bytes(let bytes):
            body = .bytes(bytes)
            bodyBytes = bytes.readableBytes
        case .stream(let stream): body = .stream(stream)
        }
        return MachineRequest(
            id: request.requestID, trace: request.trace ?? "", method: request.method, target: url.target,
            headers: headers, bodyBytes: bodyBytes, body: body, cancellation: cancellation)
    }
}
