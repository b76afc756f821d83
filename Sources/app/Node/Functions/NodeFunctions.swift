import Functions
import Gateway
import Ledger
import LedgerLog
import NIOCore
import Streams

/// The node's functions as the gateway sees them.
struct NodeFunctions: GatewayFunctions {
    let calls: FunctionCalls

    func invoke(
        _ release: FunctionRelease, _ request: FunctionRequest, on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<FunctionResponse, any Error>) -> Void
    ) {
        let call = FunctionCall(request)
        // What the ledger says of it matters only when a worker is loaded.
        let version = FunctionVersion(tenant: release.tenant, release: release.release)
        calls.invoke(version, call, on: eventLoop) { outcome in
            switch outcome {
            case .success(let reply): completion(.success(NodeFunctions.response(reply)))
            case .failure(let error): completion(.failure(NodeFunctions.explained(error)))
            }
        }
    }

    private static func response(_ reply: FunctionReply) -> FunctionResponse {
        let body: FunctionRequest.Body =
            switch reply.body {
            case .bytes(let bytes): .bytes(bytes)
            case .stream(let stream): .stream(stream)
            }
        let receipt = reply.headers.last { $0.name == ReceiptBook.header }?.value
        return FunctionResponse(status: reply.status, headers: reply.headers, body: body, receipt: receipt)
    }

    static func explained(_ error: any Error) -> any Error {
        guard let error = error as? FunctionError else { return error }
        return GatewayError(
            .init(error.code.rawValue), NodeFunctions.message(of: error), origin: NodeFunctions.origin(error))
    }

    /// What visitors are told: what a function throws may say more than they should read.
    static func message(of error: FunctionError) -> String {
        switch error.code {
        case .exception: "The function failed; the node's log says why to its developer"
        case .secretMissing: "The function lacks a secret; its log says which to its developer"
        default: error.message
        }
    }

    private static func origin(_ error: FunctionError) -> GatewayError.Origin {
        switch error.origin {
        case .client: .client
        case .origin: .origin
        case .node: .node
        }
    }
}

extension FunctionCall {
    /// A visitor's request.
    convenience init(_ request: FunctionRequest, deadline: NIODeadline? = nil) {
        let body: FunctionBody =
            switch request.body {
            case .bytes(let bytes): .bytes(bytes)
            case .stream(let stream): .stream(stream)
            }
        self.init(
            id: request.id, trace: request.trace, method: request.method, url: request.url, headers: request.headers,
            body: body, deadline: deadline, cancellation: request.cancellation)
    }
}
