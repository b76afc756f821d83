import Identity

/// Which block of a blob to ask of whom: the core of a fetch, without sockets or clocks.
///
/// Blocks that a reader waits for come first, in order; a provider that fails is not asked again for this blob, and what
/// it owed goes back to the others.
struct FetchPlan {
    /// How a request for a block ended badly.
    enum Failure: Hashable {
        /// The bytes were not the block: the provider lies or its disk is damaged.
        case corrupt
        /// The provider is gone, slow or no longer has the blob.
        case unavailable
    }

    private struct Provider {
        var inFlight: Set<Int> = []
        var isDropped = false
    }

    /// The number of blocks of the blob.
    let blockCount: Int
    private var done: [Bool]
    private var doneCount = 0
    private var inFlight: Set<Int> = []
    /// Ranges that somebody reads, oldest first, each with the next block to look at.
    private var demands: [(blocks: Range<Int>, cursor: Int)] = []
    /// Blocks to ask again, ahead of every demand.
    private var retries: [Int] = []
    private var providers: [NodeID: Provider] = [:]
    private let window: Int

    /// - Parameters:
    ///   - blockCount: At least 1.
    ///   - window: Blocks in flight with one provider at most.
    init(blockCount: Int, window: Int) {
        self.blockCount = blockCount
        self.window = window
        done = Array(repeating: false, count: blockCount)
    }

    /// Whether every block is here.
    var isComplete: Bool { doneCount == blockCount }
    /// Blocks that are here.
    var completed: Int { doneCount }
    /// Providers that may still be asked.
    var liveProviders: [NodeID] { providers.filter { !$0.value.isDropped }.map(\.key) }
    /// Whether blocks are wanted that nobody was asked for yet.
    var hasWork: Bool { !retries.isEmpty || demands.contains { demand in demand.blocks.contains { isMissing($0) } } }

    func isDone(_ block: Int) -> Bool { done[block] }

    private func isMissing(_ block: Int) -> Bool { !done[block] && !inFlight.contains(block) }

    /// Asks for `blocks`; what is wanted by an earlier demand too is fetched once.
    mutating func demand(_ blocks: Range<Int>) {
        let blocks = blocks.clamped(to: 0..<blockCount)
        if !blocks.isEmpty { demands.append((blocks, blocks.lowerBound)) }
    }

    /// Adds a provider; one that was dropped stays dropped. Returns whether it may be asked.
    mutating func add(_ provider: NodeID) -> Bool {
        if providers[provider] == nil { providers[provider] = Provider() }
        return providers[provider]?.isDropped == false
    }

    /// The next block to ask of `provider`, now in flight; nil if its window is full or nothing is wanted.
    mutating func next(for provider: NodeID) -> Int? {
        guard let entry = providers[provider], !entry.isDropped, entry.inFlight.count < window else { return nil }
        guard let block = nextWanted() else { return nil }
        inFlight.insert(block)
        providers[provider]?.inFlight.insert(block)
        return block
    }

    private mutating func nextWanted() -> Int? {
        while let block = retries.popLast() {
            if isMissing(block) { return block }
        }
        while !demands.isEmpty {
            var demand = demands[0]
            while demand.cursor < demand.blocks.upperBound {
                let block = demand.cursor
                demand.cursor += 1
                if isMissing(block) {
                    demands[0] = demand
                    return block
                }
            }
            demands.removeFirst()
        }
        return nil
    }

    /// A block arrived, was verified and written.
    mutating func onBlock(_ block: Int, from provider: NodeID) {
        inFlight.remove(block)
        providers[provider]?.inFlight.remove(block)
        if !done[block] {
            done[block] = true
            doneCount += 1
        }
    }

    /// A request for a block failed: the provider is dropped, and all that it owes becomes wanted again.
    ///
    /// - Returns: Whether the provider was still in use until now.
    mutating func onFailure(from provider: NodeID, _ failure: Failure) -> Bool {
        guard var entry = providers[provider], !entry.isDropped else { return false }
        entry.isDropped = true
        retries.append(contentsOf: entry.inFlight.sorted(by: >).filter { !done[$0] })
        inFlight.subtract(entry.inFlight)
        entry.inFlight.removeAll()
        providers[provider] = entry
        return true
    }

    /// Lets providers that were merely unavailable be asked again after everybody was lost.
    mutating func forgive(except banned: Set<NodeID>) {
        providers = providers.filter { banned.contains($0.key) }
    }
}
