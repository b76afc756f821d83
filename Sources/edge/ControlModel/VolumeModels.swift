/// What an app's owner asks about a volume of a slot; part of a ``MachineOrder`` to the slot's node.
public enum VolumeAction: Codable, Sendable, Equatable {
    /// What volumes the slot has there.
    case list
    /// Makes an empty volume of so many bytes, if there is none.
    case create(String, byteCount: Int)
    /// Writes its content into the blob store. Without `isLive` the machine is stopped meanwhile.
    case snapshot(String, isLive: Bool)
    /// Replaces its content by that of a snapshot, by the blob's id. The machine is stopped meanwhile.
    case restore(String, snapshot: String, byteCount: Int)
    /// Removes it and lets go of its snapshots. The machine must be stopped.
    case delete(String)
}

/// A volume of a slot.
public struct VolumeInfo: Codable, Sendable, Equatable {
    /// A snapshot that its node made, or restored it from.
    public struct Snapshot: Codable, Sendable, Equatable {
        /// The blob's id.
        public var id: String
        /// Milliseconds since 1970-01-01T00:00:00Z.
        public var createdMilliseconds: Int64
        /// Of the files together.
        public var contentBytes: Int
        /// Files, folders and links.
        public var entryCount: Int
        /// Bytes that no snapshot before had.
        public var newBytes: Int

        public init(id: String, createdMilliseconds: Int64, contentBytes: Int, entryCount: Int, newBytes: Int) {
            self.id = id
            self.createdMilliseconds = createdMilliseconds
            self.contentBytes = contentBytes
            self.entryCount = entryCount
            self.newBytes = newBytes
        }
    }

    public var app: String
    public var slot: UInt32
    public var name: String
    /// The node that has it.
    public var node: String
    /// What it may hold, in bytes.
    public var byteCount: Int
    /// What it holds, in bytes on the disk.
    public var usedBytes: Int
    /// Whether the disk itself stops a machine that writes more.
    public var isBounded: Bool
    /// Whether a machine has it.
    public var isInUse: Bool
    /// The oldest first.
    public var snapshots: [Snapshot]

    public init(
        app: String, slot: UInt32, name: String, node: String, byteCount: Int, usedBytes: Int, isBounded: Bool,
        isInUse: Bool, snapshots: [Snapshot]
    ) {
        self.app = app
        self.slot = slot
        self.name = name
        self.node = node
        self.byteCount = byteCount
        self.usedBytes = usedBytes
        self.isBounded = isBounded
        self.isInUse = isInUse
        self.snapshots = snapshots
    }
}
