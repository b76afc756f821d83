/// An image of machines that a node keeps.
public struct ImageInfo: Codable, Sendable, Equatable {
    /// A layer of it.
    public struct Layer: Codable, Sendable, Equatable {
        /// The digest by which registries know it: `sha256:…`.
        public var digest: String
        /// The digest of the tar in it.
        public var diffID: String
        /// The blob with it.
        public var blob: String
        public var mediaType: String
        public var byteCount: Int
        /// How many images of this node have it.
        public var images: Int

        public init(
            digest: String, diffID: String, blob: String, mediaType: String, byteCount: Int, images: Int
        ) {
            self.digest = digest
            self.diffID = diffID
            self.blob = blob
            self.mediaType = mediaType
            self.byteCount = byteCount
            self.images = images
        }
    }

    /// The digest of its manifest: `sha256:…`.
    public var id: String
    /// The blob id of its record: what a machine's manifest names.
    public var blob: String
    /// What it was called where it was added, such as a registry's reference.
    public var names: [String]
    /// Such as `linux/amd64`.
    public var platform: String
    /// Bytes of all layers as they are transferred.
    public var byteCount: Int
    /// When it was added here; milliseconds since 1970 UTC.
    public var addedMilliseconds: Int64
    /// Whether something besides its being added keeps it: a release of a machine, or a pin.
    public var isNeeded: Bool
    /// Lowest first.
    public var layers: [Layer]
    public var entrypoint: [String]
    public var command: [String]
    public var environment: [String]
    public var workingDirectory: String
    public var user: String
    /// Such as `8080/tcp`.
    public var ports: [String]
    public var volumes: [String]
    public var stopSignal: String?
    public var labels: [String: String]

    public init(
        id: String, blob: String, names: [String], platform: String, byteCount: Int, addedMilliseconds: Int64,
        isNeeded: Bool, layers: [Layer], entrypoint: [String], command: [String], environment: [String],
        workingDirectory: String, user: String, ports: [String], volumes: [String], stopSignal: String?,
        labels: [String: String]
    ) {
        self.id = id
        self.blob = blob
        self.names = names
        self.platform = platform
        self.byteCount = byteCount
        self.addedMilliseconds = addedMilliseconds
        self.isNeeded = isNeeded
        self.layers = layers
        self.entrypoint = entrypoint
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.ports = ports
        self.volumes = volumes
        self.stopSignal = stopSignal
        self.labels = labels
    }
}

/// The answer to `GET /api/v1/images`.
public struct ImageList: Codable, Sendable, Equatable {
    /// Images that a node keeps at most.
    public static let maxCount = 1_000

    public var images: [ImageInfo]

    public init(images: [ImageInfo]) { self.images = images }
}

/// The body of `POST /api/v1/images`.
public struct ImageRequest: Codable, Sendable, Equatable {
    /// Longest name, in bytes.
    public static let maxNameBytes = 110

    /// The blob id of the image's record.
    public var blob: String
    /// What people call it; empty for nothing.
    public var name: String

    public init(blob: String, name: String) {
        self.blob = blob
        self.name = name
    }
}

/// The body of `POST /api/v1/images/prune`.
public struct ImagePruneRequest: Codable, Sendable, Equatable {
    /// Only say what would go.
    public var isDryRun: Bool

    public init(isDryRun: Bool) { self.isDryRun = isDryRun }
}

/// What a prune let go of, or would.
public struct ImagePruneReport: Codable, Sendable, Equatable {
    /// Images that nothing keeps any more.
    public var removed: [ImageInfo]
    /// Bytes of layers that only those have; the node's next collection takes them from the disk.
    public var freedBytes: Int
    /// Images that stay, because something needs them.
    public var kept: Int

    public init(removed: [ImageInfo], freedBytes: Int, kept: Int) {
        self.removed = removed
        self.freedBytes = freedBytes
        self.kept = kept
    }
}
