import Manifests
import NIOCore
import Streams

/// Content of origins.
extension Dispatcher {
    /// The protocol that origins are asked to change to: of any other nobody here knows what it would carry past the
    /// release's paths and fields.
    private static let webSocket = "websocket"

    func origin(_ release: OriginRelease, _ request: GatewayRequest, _ loop: any EventLoop) -> Answer {
        let head = request.head
        var call = OriginCall(
            head: head, path: Dispatcher.path(head.path, without: release.strippedPrefix), client: request.client.ip,
            isSecure: request.client.isSecure, cancellation: request.cancellation)
        if head.method == .get, let upgrade = request.upgrade, upgrade.lowercased() == Dispatcher.webSocket,
            let opened = origins.tunnel(release, call, upgrade: upgrade, on: loop)
        {
            return .later(
                opened.hop(to: loop).flatMapThrowing { try self.reply($0, request, .origin) }
                    .flatMapErrorThrowing { self.failure($0, head, .origin) })
        }
        let isRead = head.method == .get || head.method == .head
        if isRead, head.body == .none, let answer = origins.cached(release, call) {
            return .ready(reply(answer, head, .origin))
        }
        if let interim = request.interim { call.interim = { interim.send($0, $1) } }
        let body = request.upload.map { FunctionRequest.Body.stream($0) } ?? .bytes(request.body)
        let answered = origins.respond(release, call, body: body, on: loop).hop(to: loop)
        return .later(
            answered.map { self.reply($0, head, .origin) }.flatMapErrorThrowing { error in
                var reply = self.failure(error, head, .origin)
                reply.fields.append(("cache-status", Dispatcher.failedStatus(error)))
                return reply
            })
    }

    /// The path behind a prefix, in normal form; nil for one that does not have it.
    static func path(_ path: String, without prefix: String) -> String? {
        guard !prefix.isEmpty else { return nil }
        let path = RoutePattern.normalised(path)
        guard path.hasPrefix(prefix) else { return nil }
        let rest = path.dropFirst(prefix.count)
        return rest.isEmpty ? "/" : rest.hasPrefix("/") ? String(rest) : nil
    }

    func reply(_ answer: OriginAnswer, _ head: HTTPRequestHead, _ kind: RequestKind) -> Reply {
        var reply = Reply(
            status: answer.status, fields: answer.fields, prepared: answer.prepared,
            contentLength: answer.contentLength, kind: kind)
        // An answer has one date: the origin's, if it has any (RFC 9110 section 6.6.1).
        if reply.prepared == nil, reply.fields.contains(where: { $0.name == "date" }) {
            reply.prepared = PreparedFields(reply.fields)
            reply.fields = []
        }
        reply.timing = ReplyTiming(cache: answer.cache.isEmpty ? nil : answer.cache, originMicros: answer.originMicros)
        guard head.method != .head, !HTTPStatus.hasNoContent(answer.status) else {
            answer.abandon()
            // Of a 304 it would be the length of what the client has, which origins often say to be 0 (RFC 9110 section 8.6).
            if HTTPStatus.hasNoContent(answer.status) { reply.contentLength = nil }
            return reply
        }
        switch answer.body {
        // What is here whole has the length that it has, whatever another node said: a client that is told a wrong one
        // takes the rest for the next answer, or that for the rest.
        case .none: reply.contentLength = 0
        case .bytes(let bytes):
            reply.contentLength = bytes.readableBytes
            reply.body = .bytes(bytes)
        case .blob(let blob, let ranges):
            for range in ranges { blob.demand(range) }
            reply.body = .stream(blob, ranges.map { .range($0) })
            if ranges.count > 1 { combine(&reply, blob, ranges) }
        case .stream(let stream): reply.body = .flow(stream)
        }
        return reply
    }

    /// Makes one body of several parts (RFC 9110 section 14.6).
    private func combine(_ reply: inout Reply, _ blob: any GatewayBlob, _ ranges: [Range<Int>]) {
        // Random, so that no content can hold it on purpose.
        let boundary = "skerry-\(UInt64.random(in: 0 ... .max))"
        var fields = reply.fields + (reply.prepared?.pairs ?? [])
        let type = fields.first { $0.name == "content-type" }?.value
        let parts = MultipartRanges.parts(
            ranges, byteCount: blob.byteCount, contentType: type ?? "application/octet-stream", boundary: boundary)
        fields.removeAll { $0.name == "content-type" }
        fields.append(("content-type", "multipart/byteranges; boundary=\(boundary)"))
        reply.fields = []
        reply.prepared = PreparedFields(fields)
        reply.contentLength = MultipartRanges.byteCount(parts)
        reply.body = .stream(blob, parts)
    }

    /// Said of an answer that the gateway made itself (RFC 9211).
    private static func failedStatus(_ error: any Error) -> String {
        let code = (error as? GatewayError)?.code ?? .internalError
        return "Skerry;\(code == .onlyIfCached ? "" : " fwd=miss;") detail=\"\(code)\""
    }
}
