/// What a store's bytes are, as far as room is concerned.
struct SpaceUse: Sendable, Hashable {
    /// Whole blobs.
    var storedBytes = 0
    /// Those of them that nothing may evict.
    var protectedBytes = 0
    /// Blobs that arrive in blocks, and what is left of earlier ones.
    var partialBytes = 0
    /// Streams that are being written.
    var claimedBytes = 0

    var totalBytes: Int { saturate(saturate(storedBytes, partialBytes), claimedBytes) }
}

/// How much a store may hold, and how much must go: the water marks.
struct SpacePlan: Sendable {
    /// Nil: what the disk gives.
    let quotaBytes: Int?
    /// Of the disk, for others.
    let reserveBytes: Int
    /// Fractions of the capacity, `lowWater` at most `highWater`.
    let highWater: Double
    let lowWater: Double

    init(_ settings: BlobStore.Settings) {
        quotaBytes = settings.quotaBytes.map { max(0, $0) }
        reserveBytes = max(0, settings.reserveBytes)
        highWater = Self.fraction(settings.highWater)
        lowWater = min(highWater, Self.fraction(settings.lowWater))
    }

    /// Bytes that the store may hold; negative when the disk's reserve is broken into by more than the store holds.
    func capacity(_ use: SpaceUse, freeBytes: Int) -> Int {
        let disk = saturate(use.totalBytes, max(0, freeBytes) - reserveBytes)
        return quotaBytes.map { min($0, disk) } ?? disk
    }

    /// Bytes that must go before `byteCount` more fit; 0 when they fit.
    func shortfall(_ use: SpaceUse, freeBytes: Int, adding byteCount: Int) -> Int {
        let wanted = saturate(use.totalBytes, max(0, byteCount))
        let capacity = capacity(use, freeBytes: freeBytes)
        return wanted <= capacity ? 0 : saturate(wanted, capacity == .min ? .max : -capacity)
    }

    /// Whether enough may be evicted, so that trying is worth it.
    func mayFit(_ use: SpaceUse, freeBytes: Int, adding byteCount: Int) -> Bool {
        max(0, byteCount) <= rest(use, freeBytes: freeBytes)
    }

    /// Bytes that are left once everything that may be evicted has gone; negative when what is protected takes too many.
    func rest(_ use: SpaceUse, freeBytes: Int) -> Int {
        saturate(capacity(use, freeBytes: freeBytes), -use.protectedBytes)
    }

    /// Bytes to evict in the background: none up to the high water mark, above it down to the low one.
    func surplus(_ use: SpaceUse, freeBytes: Int) -> Int {
        let capacity = Double(max(0, capacity(use, freeBytes: freeBytes)))
        let used = Double(use.totalBytes)
        guard used > capacity * highWater else { return 0 }
        return Int(exactly: (used - capacity * lowWater).rounded(.up)) ?? use.totalBytes
    }

    private static func fraction(_ value: Double) -> Double { value.isFinite ? min(1, max(0, value)) : 1 }
}

/// The sum, or the bound that it passes.
private func saturate(_ left: Int, _ right: Int) -> Int {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? (right > 0 ? .max : .min) : sum
}
