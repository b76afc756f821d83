public import Identity

extension BlobStore {
    /// Blobs in one call that pins or sets references; a site of so many files is one call.
    public static let maxTies = 200_000

    /// Protects blobs from eviction and collection, also before they are stored; durable on return.
    ///
    /// What the blobs refer to (`setReferences`) is protected with them. Pins of one owner do not add up: pinning
    /// twice is pinning once. A pin that returns in time is respected by a removal that has begun.
    ///
    /// - Throws: `BlobStoreError`: `.tooLarge` for more than `maxTies` blobs, `.diskFull`, `.indexFailed`, `.closed`.
    public func pin(_ ids: [BlobID], by owner: PinOwner) async throws {
        try requireTies(ids)
        _ = try await change(.pin(ids, owner))
    }

    /// Takes pins of an owner away; durable on return. Throws as `pin`.
    ///
    /// - Returns: The number of blobs that the owner had pinned.
    @discardableResult
    public func unpin(_ ids: [BlobID], by owner: PinOwner) async throws -> Int {
        try requireTies(ids)
        return try await change(.unpin(ids, owner))
    }

    /// Takes all pins of an owner away; durable on return. Throws as `pin`.
    ///
    /// - Returns: The number of blobs that the owner had pinned.
    @discardableResult
    public func unpinAll(by owner: PinOwner) async throws -> Int { try await change(.unpinAll(owner)) }

    /// Makes these the only pins of an owner, in one step; durable on return. Throws as `pin`.
    public func replacePins(of owner: PinOwner, with ids: [BlobID]) async throws {
        try requireTies(ids)
        _ = try await change(.replacePins(owner, ids))
    }

    /// Who pinned a blob, in order.
    public func pins(of id: BlobID) throws -> [PinOwner] {
        try requireOpen()
        return try index.pins(of: id)
    }

    /// Owners that have pins, in order, behind `after`.
    public func pinOwners(after: PinOwner? = nil, limit: Int = .max) throws -> [PinOwner] {
        try requireOpen()
        return try index.pinOwners(after: after, limit: limit)
    }

    /// Blobs that an owner pinned, in the order of their digests, behind `after`; they need not be stored.
    public func pinned(by owner: PinOwner, after: BlobID? = nil, limit: Int) throws -> [BlobID] {
        try requireOpen()
        return try index.pinned(by: owner, after: after, limit: limit)
    }

    /// Notes what a manifest refers to, in place of what was noted before; durable on return. Throws as `pin`.
    ///
    /// While the manifest is pinned its children are protected; the children's own references are not followed. The
    /// references go with the manifest's row, but stay when its bytes are found damaged. Call it when the manifest is
    /// stored or pinned: a collection forgets the references of one that is neither.
    public func setReferences(of parent: BlobID, to children: [BlobID]) async throws {
        try requireTies(children)
        _ = try await change(.setReferences(parent, children))
    }

    /// What a manifest refers to, in the order of the digests.
    public func references(of parent: BlobID) throws -> [BlobID] {
        try requireOpen()
        return try index.references(of: parent)
    }

    /// Protected blobs that are not stored: lost, or not here yet.
    ///
    /// Looks at `limit` (at least 1) of the blobs that are pinned or referred to, in the order of their digests behind
    /// `after`, and returns the last of them in `last`: begin there the next time. Nil says that there are no more. About
    /// 3 µs a blob.
    public func missingProtected(after: BlobID? = nil, limit: Int) throws -> (missing: [BlobID], last: BlobID?) {
        try requireOpen()
        return try index.missingProtected(after: after, limit: limit)
    }

    /// Whether a pin, its own or of a manifest that refers to it, protects a blob, stored or not.
    public func isProtected(_ id: BlobID) throws -> Bool {
        try requireOpen()
        return try index.isProtected(id)
    }

    /// Whether a manifest that refers to a blob is pinned.
    public func hasPinnedParents(_ id: BlobID) throws -> Bool {
        try requireOpen()
        return try index.hasPinnedParents(id)
    }

    /// Keeps a blob from eviction and collection until the hold goes away.
    public func hold(_ id: BlobID) -> BlobHold { BlobHold(id, in: holds) }

    /// Stored blobs, and protected ones that are not here, with what protects them, in the order of their digests. One
    /// query; some 10 µs a row.
    ///
    /// - Parameters:
    ///   - after: Begins behind this one; nil begins with the first.
    ///   - limit: At most so many.
    ///   - isPinned: Only blobs with pins of their own, or only those without; nil for all.
    public func listing(after: BlobID? = nil, limit: Int, isPinned: Bool? = nil) throws -> [BlobListing] {
        try requireOpen()
        return try index.listing(after: after, limit: limit, isPinned: isPinned)
    }

    /// Makes a change durable; the number of things that it changed.
    func change(_ change: BlobIndex.Change) async throws -> Int {
        try requireOpen()
        let effect = try await withCheckedThrowingContinuation {
            (waiter: CheckedContinuation<BlobIndex.Effect, any Error>) in
            writer.enqueue(change) { waiter.resume(with: $0.mapError { $0 }) }
            writer.schedule()
        }
        if case .other(let count) = effect { return count }
        return 1
    }

    private func requireTies(_ ids: [BlobID]) throws {
        guard ids.count <= Self.maxTies else {
            throw BlobStoreError(
                .tooLarge, "\(ids.count) blobs in one call are above the limit of \(Self.maxTies); use several calls")
        }
    }
}
