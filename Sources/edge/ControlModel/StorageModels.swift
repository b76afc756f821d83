/// One row of `GET /api/v1/blobs`.
public struct BlobRow: Codable, Sendable, Equatable {
    /// The CIDv1.
    public var id: String
    /// It is to be kept here and is not: it was lost, or has not come yet. The node asks its peers for it.
    public var isMissing: Bool?
    /// Nil for one that is missing.
    public var byteCount: Int?
    /// Who pinned it, such as `account:<id>` or `app:<name>`.
    public var pinnedBy: [String]
    /// Stored manifests that name it.
    public var referenceCount: Int
    /// Milliseconds since 1970 UTC; nil for one that is missing.
    public var storedMilliseconds: Int64?
    /// When it was last read here, about a minute exact; milliseconds since 1970 UTC. Nil for one that is missing.
    public var usedMilliseconds: Int64?

    public init(
        id: String, isMissing: Bool, byteCount: Int?, pinnedBy: [String], referenceCount: Int,
        storedMilliseconds: Int64?, usedMilliseconds: Int64?
    ) {
        self.id = id
        self.isMissing = isMissing
        self.byteCount = byteCount
        self.pinnedBy = pinnedBy
        self.referenceCount = referenceCount
        self.storedMilliseconds = storedMilliseconds
        self.usedMilliseconds = usedMilliseconds
    }
}

/// The answer to `GET /api/v1/blobs?after=…&limit=…&filter=…`, in order of the digests.
public struct BlobPage: Codable, Sendable, Equatable {
    /// Rows in one answer at most.
    public static let maxCount = 1_000

    public var blobs: [BlobRow]
    /// Ask for the next page with `after` set to this; nil when this was the last.
    public var next: String?

    public init(blobs: [BlobRow], next: String?) {
        self.blobs = blobs
        self.next = next
    }
}

/// The body of `POST /api/v1/pins`; `POST /api/v1/pins/remove` takes a ``BlobList``.
public struct PinRequest: Codable, Sendable, Equatable {
    /// CIDs or 64-digit hexadecimal forms; at most ``BlobList/maxCount``.
    public var blobs: [String]
    /// Each blob is a manifest: what it names is fetched and kept with it.
    public var asFolders: Bool

    public init(blobs: [String], asFolders: Bool) {
        self.blobs = blobs
        self.asFolders = asFolders
    }
}

/// What a pin request did.
public struct PinReport: Codable, Sendable, Equatable {
    /// Whose pins were changed.
    public var owner: String
    /// Blobs that are pinned now, or are no longer.
    public var changed: Int

    public init(owner: String, changed: Int) {
        self.owner = owner
        self.changed = changed
    }
}

/// The body of `POST /api/v1/collections`.
public struct CollectionRequest: Codable, Sendable, Equatable {
    /// Only what nobody has used for so long goes; seconds.
    public var minimumAgeSeconds: Int
    /// Only say what would go.
    public var isDryRun: Bool

    public init(minimumAgeSeconds: Int, isDryRun: Bool) {
        self.minimumAgeSeconds = minimumAgeSeconds
        self.isDryRun = isDryRun
    }
}

/// What a collection removed, or would remove.
public struct CollectionInfo: Codable, Sendable, Equatable {
    /// Blobs that nothing protects and nobody used.
    public var blobs: Int
    /// Bytes of those.
    public var bytes: Int
    /// Unfinished fetches that nobody continued.
    public var partials: Int
    /// Files that the index does not know.
    public var strayFiles: Int
    /// Blobs that stay.
    public var keptBlobs: Int
    public var keptBytes: Int
    /// Of those, what nothing protects but the time since it was used; nil from nodes that do not count it.
    public var youngBlobs: Int?
    public var youngBytes: Int?

    public init(
        blobs: Int, bytes: Int, partials: Int, strayFiles: Int, keptBlobs: Int, keptBytes: Int,
        youngBlobs: Int? = nil, youngBytes: Int? = nil
    ) {
        self.blobs = blobs
        self.bytes = bytes
        self.partials = partials
        self.strayFiles = strayFiles
        self.keptBlobs = keptBlobs
        self.keptBytes = keptBytes
        self.youngBlobs = youngBlobs
        self.youngBytes = youngBytes
    }
}

/// The body of `POST /api/v1/verifications`: one step through the store, or the named blobs.
public struct VerificationRequest: Codable, Sendable, Equatable {
    /// Blobs in one request at most.
    public static let maxCount = 1_000

    /// These blobs; empty for the next ones behind ``after``.
    public var blobs: [String]
    /// The last blob of the step before.
    public var after: String?
    /// Whether damaged blobs are fetched again from peers.
    public var repair: Bool

    public init(blobs: [String] = [], after: String? = nil, repair: Bool = true) {
        self.blobs = blobs
        self.after = after
        self.repair = repair
    }
}

/// What one step of a verification found.
public struct VerificationInfo: Codable, Sendable, Equatable {
    /// A blob whose bytes are not what was stored, which were set aside, or one that is to be kept and is not here.
    public struct Damage: Codable, Sendable, Equatable {
        public var id: String
        public var reason: String
        /// Whether the blob was fetched again and is whole now.
        public var isRepaired: Bool

        public init(id: String, reason: String, isRepaired: Bool) {
            self.id = id
            self.reason = reason
            self.isRepaired = isRepaired
        }
    }

    public var blobs: Int
    public var bytes: Int
    public var damaged: [Damage]
    /// The `after` of the next step; nil when the end was reached.
    public var next: String?

    public init(blobs: Int, bytes: Int, damaged: [Damage], next: String?) {
        self.blobs = blobs
        self.bytes = bytes
        self.damaged = damaged
        self.next = next
    }
}

/// A fetch under way or just ended: `GET /api/v1/blobs/<id>/fetch`.
public struct FetchInfo: Codable, Sendable, Equatable {
    /// A node that sends blocks.
    public struct Provider: Codable, Sendable, Equatable {
        /// 64 hexadecimal digits.
        public var node: String
        /// Verified bytes that came from it.
        public var bytes: Int
        public var bytesPerSecond: Double
        /// `active`, `banned` (it sent bytes that were not the blob) or `lost`.
        public var state: String

        public init(node: String, bytes: Int, bytesPerSecond: Double, state: String) {
            self.node = node
            self.bytes = bytes
            self.bytesPerSecond = bytesPerSecond
            self.state = state
        }
    }

    public var byteCount: Int
    /// Verified bytes that are here.
    public var heldBytes: Int
    public var providers: [Provider]

    public init(byteCount: Int, heldBytes: Int, providers: [Provider]) {
        self.byteCount = byteCount
        self.heldBytes = heldBytes
        self.providers = providers
    }
}
