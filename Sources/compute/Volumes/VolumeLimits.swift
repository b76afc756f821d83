/// The limits of volumes. Each has a test.
public enum VolumeLimits {
    /// Files, folders and links of a volume that a snapshot takes.
    public static let maxEntries = 1_000_000
    /// A path in a volume, in bytes: what Linux takes (`PATH_MAX`, 4,096), less room for where the volume is.
    public static let maxPathBytes = 3_072
    /// A symbolic link's target, in bytes: `PATH_MAX` without the zero byte.
    public static let maxTargetBytes = 4_095
    /// Folders in folders.
    public static let maxDepth = 128
    /// Chunks of a snapshot: some 256 GiB in chunks of the usual size.
    public static let maxChunks = 1_000_000
    /// Snapshots of a volume that a node remembers; the oldest is forgotten.
    public static let maxSnapshots = 32
}
