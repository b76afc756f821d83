import Blake3
public import Identity

/// A claimed name.
public struct NameRecord: Hashable, Sendable {
    /// A release that some visitors get in place of the live one.
    public struct Candidate: Hashable, Sendable {
        public let release: ReleaseID
        /// 1 to 99 of a hundred visitors.
        public let percent: UInt8
    }

    public let name: AppName
    public internal(set) var owner: AccountID
    /// The releases that the ledger keeps, oldest first.
    public internal(set) var releases: [ReleaseID] = []
    /// The releases that were live, each replaced by the next, up to the live one. A roll-back takes the last away.
    public internal(set) var liveHistory: [ReleaseID] = []
    /// The release that is tried out beside the live one, if one is.
    public internal(set) var candidate: Candidate?
    /// Domains that are bound to the name.
    public internal(set) var domainCount: UInt64 = 0
    /// The entry that claimed the name.
    public let claimedSequence: UInt64

    /// The release that visitors get; nil until one is promoted.
    public var live: ReleaseID? { liveHistory.last }

    /// What a roll-back without a release goes to.
    public var previous: ReleaseID? { liveHistory.dropLast().last }

    /// Makes `release` live, ends a try-out, and remembers at most `limit` releases that were live.
    mutating func promote(_ release: ReleaseID, limit: Int) {
        candidate = nil
        guard release != live else { return }
        liveHistory.append(release)
        liveHistory.removeFirst(max(0, liveHistory.count - limit))
    }

    /// Goes back to the release before the live one; false if there is none.
    mutating func rollBackOnce() -> Bool {
        guard previous != nil else { return false }
        liveHistory.removeLast()
        return true
    }

    /// Goes back to where `release` was live; false if it never was.
    mutating func rollBack(to release: ReleaseID) -> Bool {
        guard let index = liveHistory.lastIndex(of: release) else { return false }
        liveHistory.removeSubrange((index + 1)...)
        return true
    }

    /// Takes the oldest release away that is neither live, nor tried out, nor next in line for a roll-back.
    mutating func dropOldestRelease() -> ReleaseID? {
        let used = [live, previous, candidate?.release]
        guard let index = releases.firstIndex(where: { !used.contains($0) }) else { return nil }
        let dropped = releases.remove(at: index)
        var history: [ReleaseID] = []
        // Without the dropped release in between, the same one may have been live twice in a row.
        for release in liveHistory where release != dropped && release != history.last { history.append(release) }
        liveHistory = history
        return dropped
    }
}

extension NameRecord: MerkleRow {
    static var table: UInt8 { 3 }

    static func path(_ name: AppName) -> Digest {
        var encoder = RowEncoder()
        encoder.append(table)
        encoder.append(name.description)
        return LedgerHash.rowPath(encoder.bytes)
    }

    var path: Digest { NameRecord.path(name) }

    func encode(into encoder: inout RowEncoder) {
        encoder.append(name.description)
        encoder.append(owner.digest)
        for list in [releases, liveHistory] {
            encoder.append(count: list.count)
            for release in list { encoder.append(release.description) }
        }
        encoder.append(candidate != nil)
        if let candidate {
            encoder.append(candidate.release.description)
            encoder.append(candidate.percent)
        }
        encoder.append(domainCount)
        encoder.append(claimedSequence)
    }
}
