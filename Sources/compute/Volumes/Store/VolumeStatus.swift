/// A volume of this node.
public struct VolumeStatus: Sendable, Hashable {
    /// A snapshot that was made here, or that the volume was restored from.
    public struct Snapshot: Sendable, Hashable, Codable {
        /// The blob with its list of chunks, as a CID.
        public var blob: String
        /// Milliseconds since 1970-01-01T00:00:00Z.
        public var createdMilliseconds: Int64
        /// Of the files together.
        public var contentBytes: Int
        /// Files, folders and links.
        public var entryCount: Int
        /// Of the chunks that no blob had before.
        public var newBytes: Int
    }

    /// Which one.
    public let id: VolumeID
    /// What it may hold, in bytes.
    public let byteCount: Int
    /// What it holds, in bytes on the disk.
    public let usedBytes: Int
    /// Whether the disk itself stops a machine that writes more (``VolumeBacking/disk``).
    public let isBounded: Bool
    /// Whether a machine has it.
    public let isInUse: Bool
    /// The oldest first.
    public let snapshots: [Snapshot]
}
