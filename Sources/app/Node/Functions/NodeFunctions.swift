import Functions
import Gateway
import Ledger
import LedgerLog
import NIOCore
import Streams

/// The node's functions as the gateway sees them.
struct NodeFunctions: GatewayFunctions {
    let pool: FunctionPool
    let releases: FunctionReleases

    func invoke(
        _ release: FunctionRelease, _ request: FunctionRequest, on eventLoop: any EventLoop
    ) -> EventLoopFuture<FunctionResponse> {
        guard let found = releases.release(release.release, of: release.name) else {
            return eventLoop.makeFailedFuture(
                GatewayError(.appUnknown, "The release \(release.release) of \(release.name) is gone", origin: .node))
        }
        let body: FunctionBody =
            switch request.body {
            case .bytes(let bytes): .bytes(bytes)
            case .stream(let stream): .stream(stream)
            }
        let call = FunctionCall(
            id: String(UInt64.random(in: 0 ... .max), radix: 16), method: request.method, url: request.url,
            headers: request.headers, body: body, cancellation: request.cancellation)
        return pool.invoke(found.version, call, code: { try await releases.code(of: found.record) }, on: eventLoop)
            .map { reply in
                let body: FunctionRequest.Body =
                    switch reply.body {
                    case .bytes(let bytes): .bytes(bytes)
                    case .stream(let stream): .stream(stream)
                    }
                return FunctionResponse(status: reply.status, headers: reply.headers, body: body)
            }
            .flatMapErrorThrowing { throw NodeFunctions.explained($0) }
    }

    static func explained(_ error: any Error) -> any Error {
        guard let error = error as? FunctionError else { return error }
        // What a function throws may say more than visitors should read.
        let message =
            error.code == .exception ? "The function failed; the node's log says why to its developer" : error.message
        return GatewayError(.init(error.code.rawValue), message, origin: NodeFunctions.origin(error))
    }

    private static func origin(_ error: FunctionError) -> GatewayError.Origin {
        switch error.origin {
        case .client: .client
        case .origin: .origin
        case .node: .node
        }
    }
}
