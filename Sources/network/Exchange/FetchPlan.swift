import Identity

/// Which block of a blob to ask of whom: the core of a fetch, without sockets or clocks.
///
/// Blocks that a reader waits for come first, then what a lost provider owed, then what readers announced, in order. A
/// provider that fails is not asked again until ``forgive()``; one that sent wrong bytes never.
struct FetchPlan {
    /// How a request for a block ended badly.
    enum Failure: Hashable {
        /// The bytes were not the block: the provider lies or its disk is damaged.
        case corrupt
        /// The provider is gone, slow or no longer has the blob.
        case unavailable
    }

    /// A provider from when it was added until it is lost. After it was forgiven it is another source, so that late
    /// failures of the old requests do not hit the new ones.
    struct Source: Hashable {
        let node: NodeID
        let epoch: Int
    }

    private enum Standing { case live, lost, banned }

    private struct Provider {
        let source: Source
        var standing = Standing.live
        var inFlight: Set<Int> = []
    }

    /// The number of blocks of the blob.
    let blockCount: Int
    private let window: Int
    private let maxProviders: Int
    private var done: [Bool]
    private var doneCount = 0
    /// Who was asked for a block that is not here yet.
    private var owners: [Int: Source] = [:]
    /// Blocks that somebody waits for, oldest first.
    private var awaited: [Int] = []
    /// Blocks to ask again, in no order.
    private var retries: [Int] = []
    /// Ranges that somebody reads, oldest first; each begins with the next block to look at.
    private var demands: [Range<Int>] = []
    private var providers: [NodeID: Provider] = [:]
    private var lastEpoch = 0
    /// Whether a provider was ever merely unavailable: one that may come back.
    private(set) var hasLost = false

    /// - Parameters:
    ///   - blockCount: At least 1.
    ///   - window: Blocks in flight with one provider at most.
    ///   - maxProviders: Providers that are asked at the same time.
    init(blockCount: Int, window: Int, maxProviders: Int) {
        self.blockCount = blockCount
        self.window = max(1, window)
        self.maxProviders = max(1, maxProviders)
        done = Array(repeating: false, count: blockCount)
    }

    /// Whether every block is here.
    var isComplete: Bool { doneCount == blockCount }
    /// Providers that may be asked.
    var sources: [Source] { providers.values.filter { $0.standing == .live }.map(\.source) }
    /// Providers that sent wrong bytes.
    var bannedCount: Int { providers.values.count { $0.standing == .banned } }

    /// Whether `block` is here; false for an index outside the blob.
    func isDone(_ block: Int) -> Bool { done.indices.contains(block) && done[block] }

    private func isMissing(_ block: Int) -> Bool { !done[block] && owners[block] == nil }

    // MARK: Readers

    /// Asks for `blocks`, in order; what is on its way or asked for already is fetched once.
    mutating func demand(_ blocks: Range<Int>) {
        let blocks = blocks.clamped(to: 0..<blockCount)
        let isAnnounced = demands.contains { demand in
            demand.lowerBound <= blocks.lowerBound && blocks.upperBound <= demand.upperBound
        }
        if blocks.isEmpty || isAnnounced { return }
        demands.append(blocks)
    }

    /// Asks for a block that somebody waits for, ahead of everything that is merely announced.
    mutating func want(_ block: Int) {
        guard (0..<blockCount).contains(block), isMissing(block), !awaited.contains(block) else { return }
        awaited.append(block)
    }

    // MARK: Providers

    /// Adds a provider; nil if it was dropped or if there are enough.
    mutating func add(_ node: NodeID) -> Source? {
        if let known = providers[node] { return known.standing == .live ? known.source : nil }
        guard sources.count < maxProviders else { return nil }
        lastEpoch += 1
        let source = Source(node: node, epoch: lastEpoch)
        providers[node] = Provider(source: source)
        return source
    }

    /// The next block to ask of `source`, now in flight; nil if its window is full, it was dropped or nothing is
    /// wanted.
    mutating func next(for source: Source) -> Int? {
        guard let provider = providers[source.node], provider.source == source, provider.standing == .live,
            provider.inFlight.count < window, let block = nextWanted()
        else { return nil }
        owners[block] = source
        providers[source.node]?.inFlight.insert(block)
        return block
    }

    /// Notes that `source` has sent `block` unasked: nobody else is asked for it.
    mutating func hold(_ block: Int, from source: Source) {
        guard let provider = providers[source.node], provider.source == source, isMissing(block) else { return }
        owners[block] = source
        providers[source.node]?.inFlight.insert(block)
    }

    private mutating func nextWanted() -> Int? {
        while !awaited.isEmpty {
            let block = awaited.removeFirst()
            if isMissing(block) { return block }
        }
        while let block = retries.popLast() {
            if isMissing(block) { return block }
        }
        while let demand = demands.first {
            if let block = demand.first(where: { isMissing($0) }) {
                demands[0] = block + 1..<demand.upperBound
                return block
            }
            demands.removeFirst()
        }
        return nil
    }

    /// A block arrived, was verified and written.
    mutating func onBlock(_ block: Int, from source: Source) {
        release(block, source)
        if !done[block] {
            done[block] = true
            doneCount += 1
        }
    }

    /// `source` has no time for this block: it becomes wanted again, and the provider stays.
    mutating func onBusy(_ block: Int, from source: Source) {
        if release(block, source), !done[block] { retries.append(block) }
    }

    /// A request failed: the provider is dropped, and all that it owes becomes wanted again.
    ///
    /// - Returns: Whether the provider was in use until now.
    mutating func onFailure(of source: Source, _ failure: Failure) -> Bool {
        guard let provider = providers[source.node] else {
            if failure == .corrupt { providers[source.node] = Provider(source: source, standing: .banned) }
            return false
        }
        if failure == .corrupt {
            providers[source.node]?.standing = .banned
        } else {
            guard provider.source == source, provider.standing == .live else { return false }
            providers[source.node]?.standing = .lost
            hasLost = true
        }
        guard provider.standing == .live else { return false }
        for block in provider.inFlight.sorted(by: >) where release(block, provider.source) && !done[block] {
            retries.append(block)
        }
        return true
    }

    /// A block that was written cannot be read back: it is wanted again.
    mutating func onDamage(_ block: Int) {
        guard isDone(block) else { return }
        done[block] = false
        doneCount -= 1
        retries.append(block)
    }

    /// Lets providers that were merely unavailable be added again.
    mutating func forgive() {
        providers = providers.filter { $0.value.standing != .lost }
    }

    /// Ends a request; whether it was the one that the block waits for.
    @discardableResult
    private mutating func release(_ block: Int, _ source: Source) -> Bool {
        if providers[source.node]?.source == source { providers[source.node]?.inFlight.remove(block) }
        guard owners[block] == source else { return false }
        owners[block] = nil
        return true
    }
}
