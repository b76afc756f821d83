import Calls
import Functions
import Gateway
import Identity
import Manifests
import NIOCore
import Streams

/// Calls of clients, who are no nodes: what of them reaches a function.
///
/// A client is a visitor that comes over the peer protocol. It gets the release that visitors get, its function is given
/// what the gateway would give it, and it is told no more of a failure than visitors are. It runs here or not at all: what
/// other nodes want for it, nobody would pay.
struct ClientCalls: Sendable {
    /// The longest body of a request, as at the gateway.
    let maxBodyBytes: Int
    /// What a name stands for, for a visitor.
    let app: @Sendable (_ name: String, _ visitor: String) -> GatewayApp?
    /// Why this node runs no calls of an app; nil if it does.
    let refusal: @Sendable (_ name: String) -> FunctionError?
    /// Runs a call in this node's own workers.
    let runHere: @Sendable (FunctionVersion, FunctionCall) async throws(CallFailure) -> FunctionReply

    /// What a client's call is for the function.
    ///
    /// - Parameter upload: The body, if it did not come whole.
    /// - Throws: ``CallFailure`` for an app that has no function here, and for what is no request; nothing ran then.
    func call(
        _ begin: CallFrames.Begin, _ upload: ByteStream?, by peer: NodeID, _ deadline: NIODeadline,
        cancellation: Cancellation
    ) throws(CallFailure) -> (FunctionVersion, FunctionCall) {
        let target = begin.request.url
        let path = target.firstIndex(of: "?").map { String(target[..<$0]) } ?? target
        let release = try release(of: begin.tenant, path, visitor: peer.description)
        if let error = refusal(release.name) { throw .refused(error) }
        let request: FunctionRequest
        do throws(GatewayError) {
            request = try FunctionRequest(
                of: release, method: begin.request.method, target: target, fields: begin.request.headers,
                body: upload.map { .stream($0) } ?? .bytes(begin.body), cancellation: cancellation)
        } catch {
            throw .refused(FunctionError(.init(rawValue: error.code.description), error.message))
        }
        return (
            FunctionVersion(tenant: release.tenant, release: release.release),
            FunctionCall(request, deadline: deadline)
        )
    }

    private func release(of name: String, _ path: String, visitor: String) throws(CallFailure) -> FunctionRelease {
        switch app(name, visitor) {
        case nil:
            throw ClientCalls.refusal(.appUnknown, "No app has the name \(name)")
        case .unavailable(let reason):
            throw ClientCalls.refusal(.appUnavailable, "The app \(name) cannot be called at this node yet: \(reason)")
        case .function(let release)
        where release.routes.isEmpty || release.routes.contains(where: { $0.matches(path) }):
            return release
        case .composite(let composite):
            if case .function(let release) = composite.part(path) { return release }
        case .function, .site, .origin, .machine: break
        }
        throw ClientCalls.refusal(.notFound, "The app \(name) has no function at \(path)")
    }

    private static func refusal(_ code: GatewayError.Code, _ message: String) -> CallFailure {
        .refused(FunctionError(.init(rawValue: code.description), message))
    }

    /// Runs a call; what a function throws stays in its log.
    func run(_ version: FunctionVersion, _ call: FunctionCall) async throws(CallFailure) -> FunctionReply {
        do throws(CallFailure) { return try await runHere(version, call) } catch {
            let shown = FunctionError(
                error.error.code, NodeFunctions.message(of: error.error), retryAfter: error.error.retryAfter)
            throw CallFailure(
                error: shown, mayHaveRun: error.mayHaveRun, isFault: error.isFault, isOthersToTry: error.isOthersToTry)
        }
    }
}
