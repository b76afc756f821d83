import Identity

/// The manifests whose blobs are all on this node's disk, as far as it knows.
struct CompleteReleases: Sendable {
    private var blobs: [BlobID: Set<BlobID>] = [:]

    var count: Int { blobs.count }

    func contains(_ manifest: BlobID) -> Bool { blobs[manifest] != nil }

    /// Notes that the manifest and everything that it names is here.
    mutating func insert(_ manifest: BlobID, _ blobs: [BlobID]) { self.blobs[manifest] = Set(blobs + [manifest]) }

    /// Forgets all other manifests.
    mutating func keepOnly(_ manifests: Set<BlobID>) { blobs = blobs.filter { manifests.contains($0.key) } }

    /// A blob is no longer here; the manifests that are not complete without it, and no longer count as such.
    mutating func lost(_ blob: BlobID) -> [BlobID] {
        let affected = blobs.filter { $0.value.contains(blob) }.map(\.key).sorted()
        for manifest in affected { blobs[manifest] = nil }
        return affected
    }
}
