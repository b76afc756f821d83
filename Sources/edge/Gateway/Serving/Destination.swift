import Identity

/// Who answers a request; known from its head alone.
enum Destination: Sendable {
    case site(SiteRelease)
    case function(FunctionRelease)
    case blob(BlobID)
    case page(NodePage)
    /// OPTIONS for the server as a whole.
    case server
    case failure(GatewayError)

    /// Whether the request's body is collected; otherwise it is thrown away.
    var takesBody: Bool {
        if case .function = self { return true }
        return false
    }

    var kind: RequestKind {
        switch self {
        case .site: .site
        case .function: .function
        case .blob: .blob
        case .page, .server: .page
        case .failure: .invalid
        }
    }
}

/// The node's own pages.
enum NodePage: Sendable {
    case welcome, alive, ready, metrics
}
