import Blake3
package import Identity

/// Which keys to publish when. What is due together is handed out in keyspace order, so that neighbouring keys, which
/// have the same replicas, travel in the same requests.
///
/// The keyspace is cut into regions. Each is published anew in an interval of its own drawing: the load is spread over
/// the interval, and a burst of new keys is not a burst for ever.
package struct PublishPlan: Sendable {
    /// Something to publish.
    package struct Item: Hashable, Sendable {
        package let key: BlobID
        /// Publish that the blob is no longer here.
        package let isWithdrawn: Bool
    }

    /// How publishing an item went.
    package struct Outcome: Sendable {
        package let item: Item
        /// The nodes that should keep the record, and how many of them took it.
        package let replicas: [NodeID]
        package let stored: Int

        package init(item: Item, replicas: [NodeID], stored: Int) {
            self.item = item
            self.replicas = replicas
            self.stored = stored
        }
    }

    private struct Region: Sendable {
        /// The first byte of the region's keys.
        let index: Int
        var keys: [BlobID] = []
        /// What was added or withdrawn since it was last published, and when to publish that.
        var fresh: [BlobID] = []
        var freshDue: Duration?
        /// What too few nodes took, in the order of the tries, and when to try it again. Apart from `fresh`, since new
        /// keys would else bring each failed one along.
        var failed: [(key: BlobID, due: Duration)] = []
        /// The keys of `fresh` and `failed`: each waits in one place at most, and no sweep takes it.
        var waiting: Set<BlobID> = []
        var failures = 0
        /// When to publish all keys, and how far that has come.
        var sweepDue: Duration
        var cursor = 0
        /// A key, and the nodes that its record went to.
        var sample: BlobID?
        var sampleReplicas: [NodeID] = []
    }

    /// The share by which an interval may be longer or shorter.
    private static let jitter = 0.1
    /// Doublings of the pause after failures.
    private static let maxBackoffShift = 6

    private let settings: DiscoverySettings
    /// The regions that have keys or withdrawals, in order.
    private var regions: [Region] = []
    private var places: [BlobID: Int] = [:]
    /// Withdrawals that are not published yet, and until when there may be records that they outdate.
    private var withdrawals: [BlobID: Duration] = [:]

    package init(settings: DiscoverySettings) { self.settings = settings }

    /// The number of keys that are provided.
    package var count: Int { places.count }

    /// The number of keys that wait to be published outside of the regular round.
    var waitingCount: Int { regions.reduce(0) { $0 + $1.waiting.count } }

    package func contains(_ key: BlobID) -> Bool { places[key] != nil }

    /// The keys that are provided behind `after`, up to and with `last`, in any order; nil for the begin and the end.
    package func keys(after: BlobID?, through last: BlobID?) -> [BlobID] {
        let end = last.map { number(of: $0) } ?? Int(UInt8.max)
        return regions[firstRegion(from: after.map { number(of: $0) } ?? 0)...].prefix { $0.index <= end }
            .flatMap(\.keys).filter { key in (after.map { $0 < key } ?? true) && (last.map { key <= $0 } ?? true) }
    }

    /// When something is due next; nil if nothing is provided.
    package var nextDue: Duration? {
        var next: Duration?
        func consider(_ due: Duration) { next = min(next ?? due, due) }
        for region in regions {
            if let due = region.freshDue { consider(due) }
            if let due = region.failed.first?.due { consider(due) }
            if !region.keys.isEmpty { consider(region.sweepDue) }
        }
        return next
    }

    // MARK: What to provide

    /// Provides a key from now on; false if there are too many. A key that is provided already stays as it is.
    package mutating func provide(
        _ key: BlobID, now: Duration, using random: inout some RandomNumberGenerator
    ) -> Bool {
        guard places[key] == nil else { return true }
        guard places.count < settings.maxProvided else { return false }
        let index = region(of: key) ?? insertRegion(of: key, now: now, using: &random)
        places[key] = regions[index].keys.count
        regions[index].keys.append(key)
        withdrawals[key] = nil
        freshen(key, in: index, at: now + settings.coalescing)
        return true
    }

    /// Provides a key no longer, and tells its replicas for as long as they may have records of it. There may be as
    /// many untold withdrawals as provided keys.
    package mutating func withdraw(_ key: BlobID, now: Duration) {
        guard let place = places.removeValue(forKey: key), let index = region(of: key) else { return }
        let last = regions[index].keys.removeLast()
        if last != key {
            regions[index].keys[place] = last
            places[last] = place
        }
        guard withdrawals.count < settings.maxProvided else { return }
        // The most that a node whose clock differs keeps a record that was published just now.
        withdrawals[key] = now + settings.recordLifetime + settings.clockTolerance * 2
        freshen(key, in: index, at: now + settings.coalescing)
    }

    private mutating func freshen(_ key: BlobID, in index: Int, at due: Duration) {
        if !regions[index].waiting.insert(key).inserted {
            // It has failed, and what there is to tell is new now.
            guard let place = regions[index].failed.firstIndex(where: { $0.key == key }) else { return }
            regions[index].failed.remove(at: place)
        }
        regions[index].fresh.append(key)
        regions[index].freshDue = regions[index].freshDue ?? due
    }

    // MARK: What is due

    /// The next items, at most ``DiscoverySettings/batchKeys``; empty when nothing is due. Report how they went with
    /// ``finish(_:now:)``.
    package mutating func due(now: Duration, using random: inout some RandomNumberGenerator) -> [Item] {
        var items: [Item] = []
        for index in regions.indices {
            let taken = takeWaiting(index, now, &items)
            takeSweep(index, now, &items, using: &random)
            // Only now, so that the sweep does not take them a second time.
            regions[index].waiting.subtract(taken)
            if items.count >= settings.batchKeys { break }
        }
        return items
    }

    /// The keys that waited and are due; what there is to tell of them is added to `items`.
    private mutating func takeWaiting(_ index: Int, _ now: Duration, _ items: inout [Item]) -> [BlobID] {
        var taken: [BlobID] = []
        let room = settings.batchKeys - items.count
        if let due = regions[index].freshDue, due <= now {
            taken += regions[index].fresh.prefix(room)
            regions[index].fresh.removeFirst(taken.count)
            if regions[index].fresh.isEmpty { regions[index].freshDue = nil }
        }
        let failed = regions[index].failed.prefix(room - taken.count).prefix { $0.due <= now }
        taken += failed.map { $0.key }
        regions[index].failed.removeFirst(failed.count)
        for key in taken { tell(key, now, &items) }
        return taken
    }

    private mutating func tell(_ key: BlobID, _ now: Duration, _ items: inout [Item]) {
        if contains(key) {
            items.append(Item(key: key, isWithdrawn: false))
        } else if let until = withdrawals[key], until > now {
            items.append(Item(key: key, isWithdrawn: true))
        } else {
            withdrawals[key] = nil
        }
    }

    private mutating func takeSweep(
        _ index: Int, _ now: Duration, _ items: inout [Item], using random: inout some RandomNumberGenerator
    ) {
        guard regions[index].sweepDue <= now else { return }
        while regions[index].cursor < regions[index].keys.count {
            guard items.count < settings.batchKeys else { return }
            let key = regions[index].keys[regions[index].cursor]
            regions[index].cursor += 1
            if !regions[index].waiting.contains(key) { items.append(Item(key: key, isWithdrawn: false)) }
        }
        regions[index].cursor = 0
        let share = Double.random(in: 1 - PublishPlan.jitter...1 + PublishPlan.jitter, using: &random)
        regions[index].sweepDue = now + settings.republishInterval * share
    }

    /// Notes how publishing went. What fewer than half of its replicas took is tried again, later each time;
    /// withdrawals only while there may be records that they outdate.
    package mutating func finish(_ outcomes: [Outcome], now: Duration) {
        var failed: Set<Int> = []
        var succeeded: Set<Int> = []
        for outcome in outcomes {
            let key = outcome.item.key
            guard let index = region(of: key) else {
                withdrawals[key] = nil
                continue
            }
            guard contains(key) != outcome.item.isWithdrawn else { continue }
            if outcome.stored * 2 < outcome.replicas.count {
                if failed.insert(index).inserted { regions[index].failures += 1 }
                retry(key, in: index, now)
            } else {
                succeeded.insert(index)
                if !regions[index].waiting.contains(key) { withdrawals[key] = nil }
            }
            if !outcome.item.isWithdrawn, regions[index].sample.map({ $0 == key || !contains($0) }) ?? true {
                regions[index].sample = key
                regions[index].sampleReplicas = outcome.replicas
            }
        }
        for index in succeeded.subtracting(failed) { regions[index].failures = 0 }
        regions.removeAll { $0.keys.isEmpty && $0.waiting.isEmpty }
    }

    private mutating func retry(_ key: BlobID, in index: Int, _ now: Duration) {
        guard regions[index].waiting.insert(key).inserted else { return }
        let shift = min(regions[index].failures - 1, PublishPlan.maxBackoffShift)
        let pause = min(settings.retryPause * (1 << shift), settings.republishInterval)
        regions[index].failed.append((key, now + pause))
    }

    // MARK: Other replicas

    /// Publishes regions soon whose nearest nodes have changed by a quarter since they were last published.
    package mutating func onView(
        now: Duration, using random: inout some RandomNumberGenerator, replicas: (BlobID) -> [NodeID]
    ) {
        for index in regions.indices {
            guard let sample = regions[index].sample, contains(sample) else { continue }
            let current = replicas(sample)
            let known = regions[index].sampleReplicas
            let added = current.count { !known.contains($0) }
            guard added > 0, added * 4 >= current.count || current.count < settings.replicas else { continue }
            regions[index].sampleReplicas = current
            let pause = settings.refreshSpread * Double.random(in: 0...1, using: &random)
            regions[index].sweepDue = min(regions[index].sweepDue, now + pause)
        }
    }

    // MARK: Regions

    private func number(of key: BlobID) -> Int { key.digest.withUnsafeBytes { Int($0[0]) } }

    private func firstRegion(from number: Int) -> Int {
        var low = 0
        var high = regions.count
        while low < high {
            let middle = (low + high) / 2
            if regions[middle].index < number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func region(of key: BlobID) -> Int? {
        let number = number(of: key)
        let index = firstRegion(from: number)
        return index < regions.count && regions[index].index == number ? index : nil
    }

    /// The first sweep comes early by chance, so that regions that were filled together part.
    private mutating func insertRegion(
        of key: BlobID, now: Duration, using random: inout some RandomNumberGenerator
    ) -> Int {
        let number = number(of: key)
        let index = firstRegion(from: number)
        let pause = settings.republishInterval * Double.random(in: 0.5...1, using: &random)
        regions.insert(Region(index: number, sweepDue: now + pause), at: index)
        return index
    }
}
