import ControlModel
import HTTPTypes
import Hummingbird

/// Refuses requests that name a host which is not this node: the sign of a web page that reaches loopback through DNS
/// (DNS rebinding). An address is no name that DNS could lead here. And refuses what a node sends to an origin for a
/// visitor: an app may have an origin on loopback, but none may show the API to the world.
struct HostGuard: RouterMiddleware {
    private let hosts: Set<String>

    init(hosts: [String]) {
        self.hosts = Set(hosts.map { $0.lowercased() } + ["localhost", "127.0.0.1", "::1", "[::1]"])
    }

    func handle(
        _ request: Request, context: ControlContext, next: (Request, ControlContext) async throws -> Response
    ) async throws -> Response {
        let authority = request.head.authority ?? ""
        let host = HostGuard.host(authority).lowercased()
        guard hosts.contains(host) || HostGuard.isAddress(host) else {
            throw ControlFailure(
                status: 421, code: "control/wrong-host",
                message: "This API does not answer for \"\(authority.prefix(80))\"; use its address")
        }
        guard request.headers[.cdnLoop] == nil else {
            throw ControlFailure(
                status: 403, code: "control/for-visitors",
                message: "This API does not answer visitors; an app cannot have it as its origin")
        }
        return try await next(request, context)
    }

    private static func isAddress(_ host: String) -> Bool {
        if host.hasPrefix("[") { return host.hasSuffix("]") }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func host(_ authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return String(authority.prefix { $0 != ":" })
    }
}

extension HTTPField.Name {
    /// Set on whatever a content delivery network asks of an origin (RFC 8586).
    fileprivate static let cdnLoop = HTTPField.Name("CDN-Loop")!
}
