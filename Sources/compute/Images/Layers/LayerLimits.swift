/// What a layer may unpack to. A layer above a limit is refused as a whole, and nothing of it stays.
public struct LayerLimits: Sendable, Hashable {
    /// Bytes of the tar. Default 16 GiB.
    public var maxTarBytes = 16 << 30
    /// Files, folders and links. Default 500,000.
    public var maxEntries = 500_000
    /// How many bytes one byte of the transferred layer may unpack to. Default 250; programs and texts come to 2 to 10.
    public var maxRatio = 250
    /// So many bytes of tar are looked at before the ratio counts, in bytes. Default 64 MiB.
    public var ratioFloorBytes = 64 << 20
    /// All paths together, since they are kept in memory while a layer is unpacked, in bytes. Default 64 MiB.
    public var maxTotalPathBytes = 64 << 20

    /// A path or a link's target, in bytes: what Linux takes in one call, without the zero byte.
    public static let maxPathBytes = 4_095
    /// A part of a path, in bytes: what Linux' file systems take.
    public static let maxNameBytes = 255
    /// Folders in folders: each is an open file while a tree is removed.
    public static let maxDepth = 256
    /// All extended headers of an entry, in bytes.
    public static let maxHeaderBytes = 1 << 20
    /// Content that an entry may claim to have, in bytes: more than any layer, and so little that sums of it are numbers.
    static let maxContentBytes: Int64 = 1 << 50
    /// Memory that a zstd stream may ask for its window, as a power of two: 32 MiB.
    static let maxWindowLog: CInt = 25

    /// The defaults.
    public init() {}
}
