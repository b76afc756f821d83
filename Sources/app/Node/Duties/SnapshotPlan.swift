/// Decides when a snapshot takes the place of old entries.
struct SnapshotPlan: Equatable {
    /// Default of ``snapshotEntries``.
    static let defaultSnapshotEntries: UInt64 = 10_000
    /// Default of ``marginEntries``.
    static let defaultMarginEntries: UInt64 = 2_000

    /// Entries behind the base after which a snapshot is taken.
    var snapshotEntries = defaultSnapshotEntries
    /// Entries before the head that stay.
    var marginEntries = defaultMarginEntries

    /// Whether to write a snapshot of the certified state at `certified`.
    ///
    /// - Parameter base: Where the log begins; 0 for the genesis.
    func isDue(base: UInt64, certified: UInt64) -> Bool {
        certified > base && certified - base >= max(1, snapshotEntries)
    }

    /// Whether the entries up to `sequence` are no longer needed by readers that are a little behind.
    func mayTruncate(to sequence: UInt64, head: UInt64) -> Bool {
        head >= sequence && head - sequence >= marginEntries
    }
}
