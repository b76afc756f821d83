/// What answers a host name.
public protocol GatewayRoutes: Sendable {
    /// The app that lives at `<name>.localhost`; nil when nobody has claimed the name.
    ///
    /// Called on the event loop for every request: must be quick and must never block.
    ///
    /// - Parameter name: 1 to 63 lower-case letters, digits and inner hyphens.
    func app(named name: String) -> GatewayApp?

    /// Whether the names are known at all. While false, an unknown name answers 503 instead of 404, since the node may
    /// simply not have heard of it yet. Must be quick and must never block.
    var isReady: Bool { get }
}
