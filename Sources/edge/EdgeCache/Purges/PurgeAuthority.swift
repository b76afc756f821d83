/// Says which orders to purge count.
public protocol PurgeAuthority: Sendable {
    /// Reads an order and checks its signature against the app's present owner.
    ///
    /// - Parameter bytes: Anything, from any peer.
    /// - Throws: If it is no order, or is not signed by the owner.
    func check(_ bytes: [UInt8]) throws -> CachePurge
}
