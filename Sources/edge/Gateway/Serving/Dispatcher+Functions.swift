import Manifests
import NIOCore
import Streams

/// Functions.
extension Dispatcher {
    func function(
        _ release: FunctionRelease, _ request: GatewayRequest, _ loop: any EventLoop, _ context: LoopContext
    ) -> Answer {
        let head = request.head
        let trace = TraceContext(parent: head.fields.first("traceparent"), random: &context.random)
        let call = FunctionRequest(
            id: trace.span, trace: trace.header, method: head.method.rawValue, url: url(request, release),
            headers: FunctionFields.request(
                head, bodyBytes: request.bodyByteCount, client: request.client, trace: trace),
            body: request.upload.map { .stream($0) } ?? .bytes(request.body),
            upgrade: request.upgrade, cancellation: request.cancellation)
        let answered = loop.makePromise(of: Reply.self)
        functions.invoke(release, call, on: loop) { outcome in
            do { answered.succeed(try self.reply(try outcome.get(), request)) } catch {
                answered.succeed(self.failure(error, head, .function, id: trace.span))
            }
        }
        return .later(answered.futureResult)
    }

    /// Who answers a path of an app that has files beside its function.
    func functionOrFile(_ release: FunctionRelease, _ head: HTTPRequestHead) -> Destination {
        guard release.assets != nil || !release.routes.isEmpty else { return .function(release) }
        if release.routes.contains(where: { $0.matches(head.path) }) { return .function(release) }
        guard let assets = release.assets else {
            let message = "The app \"\(release.name)\" (release \(release.release)) has no route for this path"
            return .failure(GatewayError(.notFound, message, origin: .client))
        }
        guard release.routes.isEmpty else { return .site(assets) }
        // A method or a path that no file has is the function's.
        guard head.method == .get || head.method == .head, let path = try? RequestPath.decode(head.path) else {
            return .function(release)
        }
        // The page that says that there is nothing is for apps whose routes leave paths to the files.
        switch SiteLookup.find(path, query: head.query, in: assets.manifest) {
        case .missing, .file(_, status: 404): return .function(release)
        case .file, .redirect: return .site(assets)
        }
    }

    /// Who answers a path of an app that has several parts.
    func part(of release: CompositeRelease, _ head: HTTPRequestHead) -> Destination {
        switch release.part(head.path) {
        case .site(let site): return .site(site)
        case .function(let function): return .function(function)
        case .origin(let origin): return .origin(origin)
        case .machine(let machine): return .machine(machine)
        case nil:
            let message = "The app \"\(release.name)\" (release \(release.release)) has no route for this path"
            return .failure(GatewayError(.notFound, message, origin: .client))
        }
    }

    private func url(_ request: GatewayRequest, _ release: FunctionRelease) -> String {
        let head = request.head
        let isDefaultPort = head.authority?.port == (request.client.isSecure ? 443 : 80)
        var url = request.client.scheme
        url += "://"
        if let authority = head.authority {
            url += isDefaultPort ? authority.host : authority.description
        } else {
            url += release.name
            url += ".localhost"
        }
        url += Dispatcher.path(head.path, without: release.strippedPrefix) ?? head.path
        if let query = head.query {
            url += "?"
            url += query
        }
        return url
    }

    private func reply(_ response: FunctionResponse, _ request: GatewayRequest) throws(GatewayError) -> Reply {
        if let tunnel = response.tunnel { return try reply(tunnel, request, .function) }
        let head = request.head
        guard (200...599).contains(response.status) else {
            throw GatewayError(
                .functionBadResponse, "The function answered with the status \(response.status); it must be 200 to 599",
                origin: .origin)
        }
        var fields = try FunctionFields.response(response.headers, maxBytes: settings.maxFunctionFieldBytes)
        // Another node may have named it, and must not end the line.
        if let receipt = response.receipt, receipt.utf8.allSatisfy(HTTPCharacters.isToken) {
            fields.append(("skerry-receipt", receipt))
        }
        let hasContent = !HTTPStatus.hasNoContent(response.status) && response.status != HTTPStatus.resetContent
        switch response.body {
        case .stream(let stream):
            guard hasContent, head.method != .head else {
                stream.stop()
                return Reply(status: response.status, fields: fields, kind: .function)
            }
            return Reply(status: response.status, fields: fields, body: .flow(stream), kind: .function)
        case .bytes(let bytes):
            guard !HTTPStatus.hasNoContent(response.status) else {
                return Reply(status: response.status, fields: fields, kind: .function)
            }
            let body = hasContent ? bytes : ByteBuffer()
            return Reply(
                status: response.status, fields: fields, contentLength: body.readableBytes,
                body: head.method == .head ? .none : .bytes(body), kind: .function)
        }
    }
}
