import Identity
import Manifests
import NIOCore

/// Sites and blobs.
extension Dispatcher {
    func site(
        _ release: SiteRelease, _ request: GatewayRequest, _ loop: any EventLoop, _ context: LoopContext
    ) -> Answer {
        let head = request.head
        if let refusal = refuseMethod(head, .site) { return .ready(refusal) }
        let path: RequestPath.Decoded
        do { path = try RequestPath.decode(head.path) } catch { return .ready(failure(error, head, .site)) }
        switch SiteLookup.find(path, query: head.query, in: release.manifest) {
        case .file(let file, let status):
            let (prepared, variant) = prepare(file, path.text, status, release.manifest.rules, head, context)
            let (blob, byteCount) = (variant?.blob ?? file.blob, variant?.byteCount ?? file.byteCount)
            let answer: Answer
            if status == 200 {
                let selection = ContentSelection(
                    head, etag: prepared.etag, byteCount: byteCount, maxRanges: settings.maxRanges)
                let content = Content(prepared: prepared, byteCount: byteCount, kind: .site)
                answer = fill(plan(content, selection, head), blob, byteCount, head, loop)
            } else {
                let fields = prepared.standIn + [("skerry-error", GatewayError.Code.notFound.description)]
                let reply = Reply(status: status, fields: fields, contentLength: byteCount, kind: .site)
                answer = fill(Plan(reply: reply, parts: [.range(0..<byteCount)]), blob, byteCount, head, loop)
            }
            // Whoever has to wait for the content can get what it needs meanwhile.
            if case .later = answer, !prepared.hints.isEmpty { request.hint?(prepared.hints) }
            return answer
        case .redirect(let status, let location):
            let fields = [("location", location), ("cache-control", PreparedFields.siteCaching)]
            return .ready(Reply(status: status, fields: fields, contentLength: 0, kind: .site))
        case .missing:
            let message = "The site \"\(release.name)\" (release \(release.release)) has nothing at this path"
            return .ready(failure(GatewayError(.notFound, message, origin: .client), head, .site))
        }
    }

    /// The fields of a file for this request, and the variant that the client takes.
    private func prepare(
        _ file: SiteManifest.File, _ path: String, _ status: Int, _ rules: SiteRules, _ head: HTTPRequestHead,
        _ context: LoopContext
    ) -> (PreparedFields, SiteManifest.Variant?) {
        var variant: SiteManifest.Variant?
        if !file.variants.isEmpty, head.fields.known.contains(.acceptEncoding) {
            variant = head.fields.acceptedEncodings.choose(file.variants)
        }
        var key = PreparedFields.Key(blob: variant?.blob ?? file.blob, contentType: file.contentType)
        key.encoding = variant?.encoding
        key.varies = !file.variants.isEmpty
        key.isImmutable = file.isImmutable
        if let headers = rules.headers {
            key.headers = headers
            key.matching = headers.matching(SitePath(path))
        }
        return (context.prepared(key), variant)
    }

    func blob(
        _ id: BlobID, _ request: GatewayRequest, _ loop: any EventLoop, _ context: LoopContext
    ) -> Answer {
        let head = request.head
        if let refusal = refuseMethod(head, .blob) { return .ready(refusal) }
        let prepared = context.prepared(.init(blob: id, contentType: nil))
        if let bytes = blobs.hot(id) {
            return .ready(buffered(blobPlan(prepared, bytes.readableBytes, head), bytes, head))
        }
        // Content that is its own name cannot change: a client that has it needs nothing from anybody.
        if let value = head.fields.known.contains(.condition) ? head.fields.combined("if-none-match") : nil,
            case .list = EntityTags(value), EntityTags(value).containsWeakly(prepared.etag),
            head.fields.first("if-match") == nil
        {
            return .ready(Reply(status: 304, fields: prepared.validators, kind: .blob))
        }
        let opened = blobs.open(id, on: loop).hop(to: loop)
        return .later(
            opened.map { blob in
                self.streamed(self.blobPlan(prepared, blob.byteCount, head), blob, head)
            }.flatMapErrorThrowing { self.failure($0, head, .blob) })
    }

    private func blobPlan(_ prepared: PreparedFields, _ byteCount: Int, _ head: HTTPRequestHead) -> Plan {
        let selection = ContentSelection(
            head, etag: prepared.etag, byteCount: byteCount, maxRanges: settings.maxRanges)
        return plan(Content(prepared: prepared, byteCount: byteCount, kind: .blob), selection, head)
    }
}

extension Dispatcher {
    /// Content whose length is known.
    struct Content {
        let prepared: PreparedFields
        let byteCount: Int
        let kind: RequestKind
    }

    /// A reply without its body, and the parts of the content that will be its body.
    struct Plan {
        var reply: Reply
        var parts: [BodyCursor.Part]
    }

    func plan(_ content: Content, _ selection: ContentSelection, _ head: HTTPRequestHead) -> Plan {
        let prepared = content.prepared
        let size = content.byteCount
        switch selection {
        case .whole:
            let reply = Reply(status: 200, prepared: prepared, contentLength: size, kind: content.kind)
            return Plan(reply: reply, parts: [.range(0..<size)])
        case .partial(let ranges) where ranges.count == 1:
            let fields = [("content-range", MultipartRanges.contentRange(ranges[0], size))]
            let reply = Reply(
                status: 206, fields: fields, prepared: prepared, contentLength: ranges[0].count, kind: content.kind)
            return Plan(reply: reply, parts: [.range(ranges[0])])
        case .partial(let ranges):
            // Random, so that no content can hold it on purpose.
            let boundary = "skerry-\(UInt64.random(in: 0 ... .max))"
            let parts = MultipartRanges.parts(
                ranges, byteCount: size, contentType: prepared.contentType, boundary: boundary)
            var fields = prepared.fields.filter { $0.name != "content-type" }
            fields.append(("content-type", "multipart/byteranges; boundary=\(boundary)"))
            let length = MultipartRanges.byteCount(parts)
            return Plan(
                reply: Reply(status: 206, fields: fields, contentLength: length, kind: content.kind), parts: parts)
        case .notModified:
            return Plan(reply: Reply(status: 304, fields: prepared.validators, kind: content.kind), parts: [])
        case .preconditionFailed:
            let error = GatewayError(
                .preconditionFailed, "The content here is \(prepared.etag), which If-Match does not name",
                origin: .client)
            return Plan(reply: failure(error, head, content.kind), parts: [])
        case .unsatisfiable:
            let error = GatewayError(
                .rangeNotSatisfiable, "The content has \(size) bytes; no asked-for range lies inside", origin: .client)
            var reply = failure(error, head, content.kind)
            reply.fields.append(("content-range", "bytes */\(size)"))
            return Plan(reply: reply, parts: [])
        }
    }

    /// Gets a plan's body, without asking for more than it needs.
    ///
    /// - Parameter byteCount: What the manifest says; content of another length is not served.
    func fill(
        _ plan: Plan, _ id: BlobID, _ byteCount: Int, _ head: HTTPRequestHead, _ loop: any EventLoop
    ) -> Answer {
        if plan.parts.isEmpty || head.method == .head || byteCount == 0 { return .ready(plan.reply) }
        if let bytes = blobs.hot(id) {
            guard bytes.readableBytes == byteCount else { return .ready(failure(mismatch(id), head, plan.reply.kind)) }
            return .ready(buffered(plan, bytes, head))
        }
        let opened = blobs.open(id, on: loop).hop(to: loop)
        return .later(
            opened.map { blob in
                guard blob.byteCount == byteCount else {
                    blob.close()
                    return self.failure(self.mismatch(id), head, plan.reply.kind)
                }
                return self.streamed(plan, blob, head)
            }.flatMapErrorThrowing { self.failure($0, head, plan.reply.kind) })
    }

    private func mismatch(_ id: BlobID) -> GatewayError {
        GatewayError(
            .blobMismatch, "The blob \(id) does not have the length that the manifest gives; deploy the site again",
            origin: .origin)
    }

    /// A plan's body out of a blob in memory; the usual case, one part, copies nothing.
    private func buffered(_ plan: Plan, _ bytes: ByteBuffer, _ head: HTTPRequestHead) -> Reply {
        var reply = plan.reply
        guard head.method != .head, !plan.parts.isEmpty else { return reply }
        if plan.parts.count == 1, case .range(let range) = plan.parts[0] {
            reply.body = .bytes(slice(bytes, range))
            return reply
        }
        var body = ByteBuffer()
        body.reserveCapacity(reply.contentLength ?? 0)
        for part in plan.parts {
            switch part {
            case .bytes(let text): body.writeImmutableBuffer(text)
            case .range(let range): body.writeImmutableBuffer(slice(bytes, range))
            }
        }
        reply.body = .bytes(body)
        return reply
    }

    private func slice(_ bytes: ByteBuffer, _ range: Range<Int>) -> ByteBuffer {
        bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }

    /// A plan's body out of an open blob, which is closed at once when nothing of it will be read.
    private func streamed(_ plan: Plan, _ blob: any GatewayBlob, _ head: HTTPRequestHead) -> Reply {
        var reply = plan.reply
        var needsBytes = false
        if head.method != .head {
            for case .range(let range) in plan.parts where !range.isEmpty {
                needsBytes = true
                blob.demand(range)
            }
        }
        if needsBytes { reply.body = .stream(blob, plan.parts) } else { blob.close() }
        return reply
    }
}
