import Gateway
import HTTPCache
import NIOCore
import Origins
import Streams

/// One request to the cache, by a visitor or by another node.
struct CacheCall: Sendable {
    let plan: OriginPlan
    let policy: CachePolicy
    let request: CacheRequest
    /// As the visitor sent it.
    let path: String
    /// Nil if the URL has no key, or the method none.
    let key: CacheKey?
    let quick: CacheTable.QuickKey?
    let body: OriginRequest.Body?
    let visitor: OriginRequest.Visitor?
    let loop: any EventLoop
    /// Whether another node asks: then this one asks no further node.
    let isFromPeer: Bool
    /// Hears of the origin's interim answers; nil where nobody waits for them.
    let onInterim: OriginRequest.InterimListener?

    var isRead: Bool { request.method == "GET" || request.method == "HEAD" }

    init(_ plan: OriginPlan, _ call: OriginCall, _ body: FunctionRequest.Body, on loop: any EventLoop) {
        let head = call.head
        let authority = head.authority?.description ?? plan.name
        let scheme = call.isSecure ? "https" : "http"
        // Nodes have ports of their own, and all of them answer for the app: a port tells no answers apart.
        let request = CacheRequest(
            method: head.method.rawValue, scheme: scheme, authority: head.authority?.host ?? plan.name, path: head.path,
            query: head.query, fields: CacheFields(call.forwarded))
        var quick: CacheTable.QuickKey?
        if head.method == .get, head.fields.isPlain, let host = head.authority?.description {
            quick = CacheTable.QuickKey(
                app: plan.app, release: plan.release, isSecure: call.isSecure, authority: host, path: head.path,
                query: head.query)
        }
        var content: OriginRequest.Body?
        switch body {
        case .bytes(let bytes):
            if bytes.readableBytes > 0 {
                let stream = ByteStream()
                stream.append(bytes)
                stream.finish()
                content = OriginRequest.Body(stream, length: Int64(bytes.readableBytes))
            }
        case .stream(let stream):
            let length: Int64? = if case .length(let count) = head.body { Int64(count) } else { nil }
            content = OriginRequest.Body(stream, length: length)
        }
        var onInterim: OriginRequest.InterimListener?
        if let interim = call.interim { onInterim = { status, fields in interim(status, fields.pairs) } }
        self.init(
            plan, request, quick: quick, body: content,
            visitor: .init(address: call.client, scheme: scheme, host: authority), on: loop, isFromPeer: false,
            onInterim: onInterim)
    }

    init(
        _ plan: OriginPlan, _ request: CacheRequest, quick: CacheTable.QuickKey? = nil, body: OriginRequest.Body? = nil,
        visitor: OriginRequest.Visitor?, on loop: any EventLoop, isFromPeer: Bool,
        onInterim: OriginRequest.InterimListener? = nil
    ) {
        self.plan = plan
        self.request = request
        self.quick = quick
        self.body = body
        self.loop = loop
        self.isFromPeer = isFromPeer
        self.onInterim = onInterim
        path = request.path
        var policy = plan.policy(request.path)
        // What is missing is asked for in whole parts, see ``aligned(_:)``.
        policy.completesPartial = true
        policy.unkeyedFields = CacheCall.unkeyedFields
        self.policy = policy
        key = try? policy.key(for: request)
        // What is kept is for all who name the host, with whatever port and dot behind it: so the origin must not see those.
        var visitor = visitor
        if request.method == "GET" || request.method == "HEAD", let key { visitor?.host = key.authority }
        self.visitor = visitor
    }

    /// What the origin hears of one visitor, and of others something else.
    private static let unkeyedFields: Set<String> = ["forwarded", "x-forwarded-for"]

    /// What the origin, or the node that asks it, is asked.
    func outgoing(_ fields: CacheFields) -> OriginRequest {
        OriginRequest(
            method: request.method, path: plan.originPath(key?.path ?? request.path), query: request.query,
            fields: OriginFields(fields.pairs), body: body, visitor: visitor,
            onInterim: onInterim)
    }
}
