import ControlModel
import Hummingbird

/// Refuses requests that name a host which is not this node: the sign of a web page that reaches loopback through DNS
/// (DNS rebinding).
struct HostGuard: RouterMiddleware {
    private let hosts: Set<String>

    init(hosts: [String]) {
        self.hosts = Set(hosts.map { $0.lowercased() } + ["localhost", "127.0.0.1", "::1", "[::1]"])
    }

    func handle(
        _ request: Request, context: ControlContext, next: (Request, ControlContext) async throws -> Response
    ) async throws -> Response {
        let authority = request.head.authority ?? ""
        guard hosts.contains(HostGuard.host(authority).lowercased()) else {
            throw ControlFailure(
                status: 421, code: "control/wrong-host",
                message: "This API does not answer for \"\(authority.prefix(80))\"; use its address")
        }
        return try await next(request, context)
    }

    private static func host(_ authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return String(authority.prefix { $0 != ":" })
    }
}
