package import Blake3
package import Identity

/// The records that a node keeps for others, bounded by provider, by key and in total.
///
/// Where something must go, those go first who hold most: within a key the operator with most records there, in total
/// the operator with most records of a sample. Nobody can thus displace others by sheer number of records, and within
/// one operator's share the choice is a keyed hash, which a provider cannot aim at.
package struct RecordStore: Sendable {
    private struct Held: Sendable {
        let record: ProviderRecord
        let deadline: Duration
        let operatorID: AccountID
    }

    private struct Shelf: Sendable {
        var held: [Held]
        /// Where the key is in `order`.
        var place: Int
    }

    /// Keys that are looked at to find a record of an operator that holds much.
    private static let sampleCount = 32

    private let settings: DiscoverySettings
    private let rankKey: Digest
    private var shelves: [BlobID: Shelf] = [:]
    /// All keys; expiry goes around it step by step, and samples are drawn from it.
    private var order: [BlobID] = []
    private var cursor = 0
    private var byProvider: [NodeID: Int] = [:]
    private var byOperator: [AccountID: Int] = [:]
    private var rotation = 0

    /// The number of records.
    package private(set) var count = 0
    /// The sum of the records' bytes.
    package private(set) var byteCount = 0
    /// The number of keys that have records.
    package var keyCount: Int { order.count }

    /// - Parameter rankKey: Secret and random.
    package init(settings: DiscoverySettings, rankKey: Digest) {
        self.settings = settings
        self.rankKey = rankKey
    }

    // MARK: Reading

    /// Up to `limit` live records of `key`; which ones, where there are more, changes from call to call.
    package mutating func records(of key: BlobID, limit: Int, now: Duration) -> [ProviderRecord] {
        guard limit > 0, let shelf = shelves[key] else { return [] }
        let live = shelf.held.filter { $0.deadline > now }.map(\.record)
        guard live.count > limit else { return live }
        rotation &+= limit
        let start = Int(UInt(bitPattern: rotation) % UInt(live.count))
        return Array((live[start...] + live[..<start]).prefix(limit))
    }

    /// Whether a record would not even be looked at because a newer one of its provider is here.
    package func isStale(_ record: ProviderRecord) -> Bool {
        guard let known = held(record.key, record.provider)?.record else { return false }
        return record.sequence < known.sequence || (record.sequence == known.sequence && record != known)
    }

    private func held(_ key: BlobID, _ provider: NodeID) -> Held? {
        shelves[key]?.held.first { $0.record.provider == provider }
    }

    // MARK: Writing

    /// Keeps a verified record for `life`, in place of an earlier one of its provider for the key. A withdrawal is kept
    /// only where it takes a record's place.
    ///
    /// - Throws: `.stale`, `.providerFull`, `.keyFull` or `.full`.
    package mutating func insert(
        _ record: ProviderRecord, operatorID: AccountID, life: Duration, now: Duration
    ) throws(DiscoveryError) {
        guard !isStale(record) else {
            throw DiscoveryError(.stale, "A newer record of this provider for the key is here; raise the sequence")
        }
        let isReplacement = held(record.key, record.provider) != nil
        guard isReplacement || !record.isWithdrawn else { return }
        // What is replaced leaves first, so that a longer record has to find room like any other.
        remove(record.key, record.provider)
        guard byProvider[record.provider, default: 0] < settings.maxRecordsPerProvider else {
            throw DiscoveryError(
                .providerFull, "A node keeps at most \(settings.maxRecordsPerProvider) records of one provider")
        }
        let new = Held(record: record, deadline: now + life, operatorID: operatorID)
        try makeRoom(for: new)
        add(new)
    }

    private mutating func add(_ new: Held) {
        let key = new.record.key
        if shelves[key] == nil {
            shelves[key] = Shelf(held: [], place: order.count)
            order.append(key)
        }
        shelves[key]?.held.append(new)
        byProvider[new.record.provider, default: 0] += 1
        byOperator[new.operatorID, default: 0] += 1
        count += 1
        byteCount += new.record.byteCount
    }

    // MARK: Making room

    private mutating func makeRoom(for new: Held) throws(DiscoveryError) {
        if let shelf = shelves[new.record.key], shelf.held.count >= settings.maxRecordsPerKey {
            guard let victim = victim(on: shelf, for: new) else {
                throw DiscoveryError(
                    .keyFull, "A node keeps at most \(settings.maxRecordsPerKey) records of one key")
            }
            remove(new.record.key, victim)
        }
        while count >= settings.maxRecords || byteCount + new.record.byteCount > settings.maxRecordTotalBytes {
            guard let (key, provider) = victim(for: new.operatorID) else {
                throw DiscoveryError(.full, "This node keeps no more records of this operator; publish elsewhere")
            }
            remove(key, provider)
        }
    }

    /// Who leaves a full key: of the operator with most records on it, the newcomer's counted, the one that ranks last;
    /// nil if that is the newcomer.
    private func victim(on shelf: Shelf, for new: Held) -> NodeID? {
        var counts: [AccountID: Int] = [:]
        let all = shelf.held + [new]
        for held in all { counts[held.operatorID, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        let last = all.filter { counts[$0.operatorID] == most }.max { rank($0.record) < rank($1.record) }
        guard let last, last.record.provider != new.record.provider else { return nil }
        return last.record.provider
    }

    private func rank(_ record: ProviderRecord) -> Digest {
        (record.key.digest.bytes + record.provider.digest.bytes).withUnsafeBytes {
            Blake3.keyedHash(key: rankKey, $0)
        }
    }

    /// Who leaves a full store: in a sample, a record of the operator with most records here; nil if no operator of the
    /// sample has more than the newcomer's.
    private mutating func victim(for newcomer: AccountID) -> (BlobID, NodeID)? {
        var found: (BlobID, NodeID)?
        var most = byOperator[newcomer, default: 0]
        guard !order.isEmpty else { return nil }
        for _ in 0..<RecordStore.sampleCount {
            // A fixed stride that is coprime to most sizes visits keys all over the order.
            rotation &+= 0x9E37_79B1
            let key = order[Int(UInt(bitPattern: rotation) % UInt(order.count))]
            for held in shelves[key]?.held ?? [] {
                let size = byOperator[held.operatorID, default: 0]
                if size > most {
                    most = size
                    found = (key, held.record.provider)
                }
            }
        }
        return found
    }

    private mutating func remove(_ key: BlobID, _ provider: NodeID) {
        guard let index = shelves[key]?.held.firstIndex(where: { $0.record.provider == provider }),
            let old = shelves[key]?.held.remove(at: index)
        else { return }
        count -= 1
        byteCount -= old.record.byteCount
        RecordStore.decrement(&byProvider, provider)
        RecordStore.decrement(&byOperator, old.operatorID)
        guard let shelf = shelves[key], shelf.held.isEmpty else { return }
        shelves[key] = nil
        let moved = order.removeLast()
        if moved != key {
            order[shelf.place] = moved
            shelves[moved]?.place = shelf.place
        }
    }

    private static func decrement<Key: Hashable>(_ counts: inout [Key: Int], _ key: Key) {
        let rest = (counts[key] ?? 1) - 1
        counts[key] = rest > 0 ? rest : nil
    }

    // MARK: Expiry

    /// Removes what has expired among the next `keys` keys; all are seen once in `keyCount / keys` calls. Expired
    /// records are never returned, removed or not.
    package mutating func expire(now: Duration, keys: Int) {
        for _ in 0..<min(keys, order.count) {
            if cursor >= order.count { cursor = 0 }
            guard cursor < order.count else { return }
            let key = order[cursor]
            for held in shelves[key]?.held ?? [] where held.deadline <= now { remove(key, held.record.provider) }
            // A key that went away was replaced by another, which is looked at next.
            if cursor < order.count, order[cursor] == key { cursor += 1 }
        }
    }
}
