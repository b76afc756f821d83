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
    /// The writer of this store's own changes; every store of an app needs another one. Default 0.
    public var writer: Int64 = 0
    /// How long it is remembered that a key was removed. Default 7 days: a copy that was away for longer has to be copied
    /// whole.
    public var removalMemory: Duration = .seconds(7 * 86_400)
    /// Removed keys of one app that are remembered. Default 100,000; beyond, the oldest are forgotten.
    public var maxRemovedPerApp = 100_000
    /// Milliseconds since 1970 UTC. Default: the system's clock.
    public var wallMilliseconds: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }

    /// The defaults.
    public init() {}
}
