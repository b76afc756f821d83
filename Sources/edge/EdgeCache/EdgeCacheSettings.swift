/// What the cache of a node may use.
public struct EdgeCacheSettings: Sendable {
    /// Bytes of bodies kept in memory. More memory, fewer reads from the disk. Default 128 MiB.
    public var memoryBytes = 128 << 20
    /// Records kept in memory, about 2 KiB each. Default 32,768.
    public var memoryEntries = 32_768
    /// The largest body that is kept in memory, in bytes. Default 1 MiB.
    public var memoryBodyBytes = 1 << 20
    /// Bytes of bodies on the disk; the blob store's own quota holds as well. Default 64 GiB.
    public var diskBytes = 64 << 30
    /// For how long requests go to the origin at once for a URL whose answer could not be stored, in milliseconds.
    /// Default 10 s.
    public var hitForMissMilliseconds: Int64 = 10_000
    /// How long another node may take until its answer begins, in milliseconds; then this one asks the origin itself.
    /// Above the time that the origin may take. Default 35 s.
    public var peerMilliseconds: Int64 = 35_000
    /// How long another node may take for a purge, in milliseconds. Default 2 s.
    public var purgeMilliseconds: Int64 = 2_000
    /// Purges are compared with other nodes this often, in seconds. Default 30.
    public var purgeRoundSeconds: Int64 = 30

    /// The defaults.
    public init() {}
}
