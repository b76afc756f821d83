import Foundation

/// Limits of the key-value store.
public struct KVSettings: Sendable {
    /// Bytes of one app in all its namespaces: keys, values, metadata, and 64 bytes an entry. Default 1 GiB.
    public var maxBytesPerApp = 1 << 30
    /// Entries of one app. Default 1,000,000.
    public var maxEntriesPerApp = 1_000_000
    /// Namespaces of one app. Default 100.
    public var maxNamespacesPerApp = 100
    /// Changes that share a transaction. Default 512.
    public var maxGroup = 512
    /// Changes of one app that wait for a transaction. Default 1,024; the next one is refused.
    public var maxWaitingPerApp = 1_024
    /// Expired entries that one transaction removes. Default 512.
    public var sweepBatch = 512
    /// Time between two sweeps of what has expired. Default 30 s.
    public var sweepInterval: Duration = .seconds(30)
    /// Milliseconds since 1970 UTC. Default: the system's clock.
    public var wallMilliseconds: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }

    /// The defaults.
    public init() {}
}
