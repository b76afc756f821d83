/// The limits of volumes. Each has a test.
public enum VolumeLimits {
    /// Files, folders and links of a volume that a snapshot takes.
    public static let maxEntries = 1_000_000
    /// A path in a volume, in bytes (`PATH_MAX` of Linux).
    public static let maxPathBytes = 4_096
    /// Folders in folders.
    public static let maxDepth = 128
    /// Chunks of a snapshot: some 256 GiB in chunks of the usual size.
    public static let maxChunks = 1_000_000
    /// Snapshots of a volume that a node remembers; the oldest is forgotten.
    public static let maxSnapshots = 32
}
