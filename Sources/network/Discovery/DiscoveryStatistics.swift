/// What a node has kept, published and looked up. Counts are since the start, sizes are of now.
public struct DiscoveryStatistics: Hashable, Sendable {
    /// Records kept for other nodes.
    public var records = 0
    /// Their bytes on the wire.
    public var recordBytes = 0
    /// Keys with such records.
    public var keys = 0
    /// Keys that this node provides.
    public var provided = 0
    /// Lookups that ended, also those that were given up.
    public var lookups = 0
    /// Those of them that found a provider.
    public var lookupsFound = 0
    /// Nodes that lookups asked.
    public var asked = 0
    /// The longest chains of nodes, each named by the one before, summed over the lookups; 1 is one round trip.
    public var hops = 0
    /// Records that other nodes took from this one.
    public var published = 0
    /// Refused records and requests of others by ``DiscoveryError/Code``.
    public var refused: [String: Int] = [:]

    /// A node that has done nothing yet.
    public init() {}
}
