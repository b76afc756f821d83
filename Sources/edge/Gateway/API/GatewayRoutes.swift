/// What answers a host name.
public protocol GatewayRoutes: Sendable {
    /// The app that lives at `<name>.localhost`; nil when nobody has claimed the name.
    ///
    /// Called on the event loop for every request: must be quick and must never block.
    ///
    /// - Parameters:
    ///   - name: 1 to 63 lower-case letters, digits and inner hyphens.
    ///   - visitor: The client's address as text, without a port: who gets which release of a name that has two.
    func app(named name: String, for visitor: String) -> GatewayApp?

    /// The name of the app that a custom domain belongs to; nil for hosts that are nobody's, such as the node's own.
    ///
    /// Called on the event loop for requests that name no host below `localhost`: must be quick and must never block.
    ///
    /// - Parameter host: In lower case, without a port; perhaps with a dot at its end.
    func appName(forDomain host: String) -> String?

    /// Whether the names are known at all. While false, an unknown name answers 503 instead of 404, since the node may
    /// simply not have heard of it yet. Must be quick and must never block.
    var isReady: Bool { get }
}

extension GatewayRoutes {
    /// No custom domains.
    public func appName(forDomain host: String) -> String? { nil }
}
