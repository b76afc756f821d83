import Identity
import Logging
import NIOCore

/// Finds out who answers a request and asks them. Knows nothing of connections, so that every protocol can use it.
/// A class: it is captured for each answer that comes later, and threads that share its parts would count references to all of
/// them each time.
final class Dispatcher: Sendable {
    let settings: Gateway.Settings
    let routes: any GatewayRoutes
    let blobs: any GatewayBlobs
    let functions: any GatewayFunctions
    let origins: any GatewayOrigins
    let machines: any GatewayMachines
    let pages: any GatewayPages
    let logger: Logger
    /// Where cleartext requests are sent for TLS; zero until the socket is open.
    let securePort = SharedPort()

    static let staticMethods = "GET, HEAD, OPTIONS"
    private static let blobsPrefix = "/blobs/"
    private static let robotsField = "x-robots-tag"

    init(
        settings: Gateway.Settings, routes: any GatewayRoutes, blobs: any GatewayBlobs,
        functions: any GatewayFunctions, origins: any GatewayOrigins, machines: any GatewayMachines,
        pages: any GatewayPages, logger: Logger
    ) {
        self.settings = settings
        self.routes = routes
        self.blobs = blobs
        self.functions = functions
        self.origins = origins
        self.machines = machines
        self.pages = pages
        self.logger = logger
    }

    func route(_ head: HTTPRequestHead, from client: ClientAddress) -> Destination {
        if let tls = settings.tls, let reply = early(head, client, tls) { return .reply(reply) }
        if head.path == "*" { return .server }
        guard let host = head.authority?.host else { return own(head, client) }
        switch HostName(host) {
        case .app(let name): return app(name, head, client)
        case .blob(let id):
            return head.path == "/"
                ? .blob(id)
                : .failure(GatewayError(.notFound, "A blob's own host has one path, /", origin: .client))
        case .unknown(let label):
            let message = "\"\(label)\" cannot be an app's name: names are 1 to 63 letters, digits and inner hyphens"
            return .failure(GatewayError(.appUnknown, message, origin: .client))
        case .node:
            if let name = routes.appName(forDomain: host) { return app(name, head, client) }
            return own(head, client)
        }
    }

    /// What lives under the node's own names and addresses.
    private func own(_ head: HTTPRequestHead, _ client: ClientAddress) -> Destination {
        guard let name = settings.defaultApp else { return nodePage(head.path) }
        // A page that rebinds its name to this machine would read the app as its own (OWASP, "DNS rebinding").
        guard HostName.isAddress(head.authority?.host ?? "localhost") else {
            let message = "This server answers to its address, localhost and names below that; open one of these"
            return .failure(GatewayError(.notFound, message, origin: .client))
        }
        return app(name, head, client)
    }

    private func app(_ name: String, _ head: HTTPRequestHead, _ client: ClientAddress) -> Destination {
        switch routes.app(named: name, for: client.ip) {
        case .site(let release): return .site(release)
        case .function(let release): return functionOrFile(release, head)
        case .origin(let release): return .origin(release)
        case .machine(let release): return .machine(release)
        case .composite(let release): return part(of: release, head)
        case .unavailable(let reason):
            return .failure(
                GatewayError(.appUnavailable, "The app \"\(name)\" cannot be served yet: \(reason)", origin: .node))
        case nil:
            guard routes.isReady else {
                return .failure(
                    GatewayError(.notReady, "This node is starting and does not know all names yet", origin: .node))
            }
            let message = "No app is called \"\(name)\"; check the spelling, or deploy one under this name"
            return .failure(GatewayError(.appUnknown, message, origin: .client))
        }
    }

    private func nodePage(_ path: String) -> Destination {
        switch path {
        case "/": return .page(.welcome)
        case "/healthz": return .page(.alive)
        case "/readyz": return .page(.ready)
        case "/metrics": return .page(.metrics)
        default: break
        }
        guard path.hasPrefix(Dispatcher.blobsPrefix) else {
            return .failure(
                GatewayError(
                    .notFound, "This node has no such page; apps live at http://<name>.localhost", origin: .client))
        }
        guard let id = BlobID(String(path.dropFirst(Dispatcher.blobsPrefix.count))) else {
            return .failure(
                GatewayError(
                    .notFound, "What follows /blobs/ is neither a CIDv1 nor 64 hexadecimal digits", origin: .client))
        }
        return .blob(id)
    }

    func answer(
        _ destination: Destination, _ request: GatewayRequest, on loop: any EventLoop, _ context: LoopContext
    ) -> Answer {
        if !request.head.method.isGeneral, !destination.knowsMethods {
            let message = "Nothing here has the method \(request.head.method.rawValue)"
            return .ready(failure(GatewayError(.unknownMethod, message, origin: .client), request.head, .invalid))
        }
        // What may go no further ends here.
        if destination.knowsMethods, request.head.forwardsLeft == 0 {
            return .ready(Reply(status: 204, kind: destination.kind))
        }
        let isPreview: Bool
        let answer: Answer
        switch destination {
        case .site(let release):
            isPreview = release.isPreview
            answer = site(release, request, loop, context)
        case .function(let release):
            isPreview = release.isPreview
            answer = function(release, request, loop, context)
        case .origin(let release):
            isPreview = release.isPreview
            answer = origin(release, request, loop)
        case .machine(let release):
            isPreview = release.isPreview
            answer = machine(release, request, loop, context)
        case .blob(let id): return blob(id, request, loop, context)
        case .page(let page): return .ready(self.page(page, request))
        case .server: return .ready(options(.page))
        case .reply(let reply): return .ready(reply)
        case .failure(let error): return .ready(failure(error, request.head, .invalid))
        }
        let told = withErrorPage(answer, destination, request.head, loop)
        return isPreview ? preview(told) : told
    }

    /// Keeps a release under its own host out of search engines, whatever a function says.
    private func preview(_ answer: Answer) -> Answer {
        switch answer {
        case .ready(let reply): .ready(Dispatcher.leftOutOfSearch(reply))
        case .later(let future): .later(future.map { Dispatcher.leftOutOfSearch($0) })
        }
    }

    private static func leftOutOfSearch(_ reply: Reply) -> Reply {
        var reply = reply
        reply.fields.removeAll { $0.name == robotsField }
        reply.fields.append((robotsField, "noindex"))
        return reply
    }

    func options(_ kind: RequestKind) -> Reply {
        Reply(status: 204, fields: [("allow", Dispatcher.staticMethods)], kind: kind)
    }

    /// Answers methods that content does not have; nil for GET and HEAD.
    func refuseMethod(_ head: HTTPRequestHead, _ kind: RequestKind) -> Reply? {
        switch head.method {
        case .get, .head: return nil
        case .options: return options(kind)
        default:
            let message = "\(head.method.rawValue) has no meaning here; allowed are \(Dispatcher.staticMethods)"
            return failure(GatewayError(.methodNotAllowed, message, origin: .client), head, kind)
        }
    }

    /// - Parameters:
    ///   - head: Nil when the request itself could not be read.
    ///   - name: How logs name the request; nil for none yet.
    func failure(
        _ error: GatewayError, _ head: HTTPRequestHead?, _ kind: RequestKind, id name: String? = nil
    ) -> Reply {
        let html = ErrorPage.prefersHTML(head?.fields.combined("accept"))
        let isServerError = error.status >= 500
        let id = isServerError ? name ?? TraceContext(parent: nil).span : nil
        let body = ByteBuffer(string: ErrorPage.body(error, html: html, id: id))
        var fields: [(name: String, value: String)] = [
            ("content-type", html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("skerry-error", error.code.description),
        ]
        if let id { fields.append(("skerry-request", id)) }
        if let seconds = error.retryAfterSeconds { fields.append(("retry-after", String(seconds))) }
        if error.code == .methodNotAllowed { fields.append(("allow", Dispatcher.staticMethods)) }
        return Reply(
            status: error.status, fields: fields, contentLength: body.readableBytes, body: .bytes(body), kind: kind,
            error: error, id: id)
    }

    /// An error of a protocol's implementer; what clients are not shown is logged.
    func failure(
        _ error: any Error, _ head: HTTPRequestHead?, _ kind: RequestKind, id name: String? = nil
    ) -> Reply {
        let reply = failure(GatewayError.wrapping(error), head, kind, id: name)
        if !(error is GatewayError) {
            logger.error("A request failed", metadata: ["error": "\(error)", "request": "\(reply.id ?? "-")"])
        }
        return reply
    }

    /// In the place of an answer of whose content nothing was sent.
    func failure(instead reply: Reply, _ error: any Error, _ head: HTTPRequestHead?) -> Reply {
        guard case .flow = reply.body, !(error is GatewayError) else { return failure(error, head, reply.kind) }
        logger.warning(
            "An answer broke off before its content", metadata: ["path": "\(head?.path ?? "-")", "error": "\(error)"])
        let told = GatewayError(
            .init("\(reply.kind)/bad-response"), "The answer of the \(reply.kind) broke off before its content",
            origin: .origin)
        return failure(told, head, reply.kind)
    }
}
