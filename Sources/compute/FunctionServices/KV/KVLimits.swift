/// Sizes that every namespace has.
enum KVLimits {
    /// Longest key, in bytes of UTF-8; the shortest has one.
    static let maxKeyBytes = 512
    /// Longest value: 1 MiB.
    static let maxValueBytes = 1 << 20
    /// Longest metadata, in bytes of JSON.
    static let maxMetadataBytes = 1_024
    /// Longest name of a namespace, in bytes of UTF-8.
    static let maxNamespaceBytes = 64
    /// Shortest life of an entry: 60 s.
    static let minTTLSeconds = 60
    /// Latest expiration: the year 9999.
    static let maxExpiration = 253_402_300_799
    /// Most names that one list gives.
    static let maxListed = 1_000
    /// Stores whose changes one app may hold: each node that ever made one as a home of it counts, and each disk.
    static let maxWriters = 256
    /// How far the clock of another store's change may be ahead, in microseconds: 5 minutes.
    static let maxLeadMicroseconds: Int64 = 300_000_000
    /// How far copied entries may go beyond an app's quota: homes that were apart each had all of it.
    static let copiedQuotas = 2
    /// What a row costs beside its key, value and metadata.
    static let entryOverheadBytes = 64
}
