import Gateway
import Manifests
import NIOCore
import Streams

/// Says of an origin's content that it is not here: a development server has no cache, and asks nobody.
struct DevOrigins: GatewayOrigins {
    private static let status = 501

    func cached(_ release: OriginRelease, _ request: OriginCall) -> OriginAnswer? { nil }

    func respond(
        _ release: OriginRelease, _ request: OriginCall, body: FunctionRequest.Body, on eventLoop: any EventLoop
    ) -> EventLoopFuture<OriginAnswer> {
        if case .stream(let stream) = body { stream.stop() }
        let text = ByteBuffer(
            string: "\(request.path) comes from \(release.manifest.source), which `skerry dev` does not ask; "
                + "deploy the app to see it\n")
        let fields = [("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store")]
        return eventLoop.makeSucceededFuture(
            OriginAnswer(
                status: DevOrigins.status, fields: fields, contentLength: text.readableBytes, body: .bytes(text),
                cache: "none"))
    }
}
