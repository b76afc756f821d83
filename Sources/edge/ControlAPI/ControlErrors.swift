import ControlModel
import HTTPTypes
import Hummingbird
import Logging

/// Turns every failure into a ``ControlFailure`` in JSON. What happened inside the node is logged, not told.
struct ControlErrors: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: ControlContext, next: (Request, ControlContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let failure = explained(error, request)
            var response = try JSONBody(failure, status: .init(code: failure.status))
                .response(from: request, context: context)
            // The rest of the body is not read, so the connection cannot be used again: see `LingeringClose`.
            response.headers[.connection] = "close"
            if let error = error as? HTTPError { response.headers.append(contentsOf: error.headers) }
            return request.method == .head ? response.createHeadResponse() : response
        }
    }

    private func explained(_ error: any Error, _ request: Request) -> ControlFailure {
        if let failure = error as? ControlFailure { return failure }
        if let error = error as? HTTPError {
            let message = error.status == .notFound ? "There is no \(request.method) \(request.uri.path)" : error.body
            return ControlFailure(
                status: error.status.code, code: "control/\(error.status.code)",
                message: message ?? error.status.reasonPhrase)
        }
        logger.error("a control request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
        return ControlFailure(
            status: 500, code: "node/internal", message: "The request failed inside the node; its log says more")
    }
}
