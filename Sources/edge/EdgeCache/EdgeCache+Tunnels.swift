public import Gateway
import HTTPCache
public import NIOCore
import Origins
import Streams

extension EdgeCache {
    public func tunnel(
        _ release: OriginRelease, _ request: OriginCall, upgrade: String, on eventLoop: any EventLoop
    ) -> EventLoopFuture<GatewayTunnel>? {
        guard let client = origins as? OriginClient else { return nil }
        let plan: OriginPlan
        do { plan = try plans.plan(for: release) } catch { return eventLoop.makeFailedFuture(error) }
        let call = CacheCall(plan, request, .bytes(ByteBuffer()), on: eventLoop)
        let opened = eventLoop.makeFutureWithTask {
            var asked = call.outgoing(call.request.fields)
            asked.body = nil
            asked.fields.add("upgrade", upgrade)
            let tunnel = try await client.connect(asked, to: try await call.plan.origin())
            return GatewayTunnel(
                headers: tunnel.fields.lines.map { ($0.name, $0.value) }, toClient: tunnel.fromOrigin,
                start: { tunnel.start($0) })
        }
        return opened.flatMapErrorThrowing { throw EdgeCache.explained($0) }
    }
}
