/// Whether there is hardly any room left for what is to be kept, once all copies that nobody keeps have made way. A core.
struct RoomLevel: Sendable {
    /// However large the disk: who has more room than this is not full.
    static let maxMarginBytes = 1 << 30

    private(set) var isFull = false

    /// Full below a twentieth of the capacity, and not any more above a tenth, so that it does not come and go.
    ///
    /// - Parameters:
    ///   - freeBytes: What kept blobs could still take; negative where they take more than they may.
    ///   - capacityBytes: What the store may hold.
    mutating func note(freeBytes: Int, capacityBytes: Int) {
        let margin = min(max(0, capacityBytes) / 20, RoomLevel.maxMarginBytes)
        isFull = freeBytes <= 0 || freeBytes < margin || isFull && freeBytes < 2 * margin
    }
}
