package import BlobStore
package import Identity

/// Which block of a blob to ask of whom, and when to ask somebody else: the core of a fetch, without sockets or clocks.
///
/// Tell it what happened, then carry out what ``next(at:)`` returns until that is nil. While ``needsTick`` holds, do
/// the same every ``Settings/tick``, after ``onProgress(of:byteCount:)`` for each source: slow and silent providers
/// make no events. Times are durations since any fixed moment and never go back.
///
/// Blocks that a reader waits for come first, then those behind its position, then what was asked for as a whole, in
/// order. A block is asked of one provider; of a second one only as a hedge.
package struct FetchPlan: Sendable {
    /// How a provider failed.
    package enum Failure: Hashable, Sendable {
        /// It sent bytes that are not the block: it lies or its disk is damaged. It is never asked for this blob again.
        case corrupt
        /// It is gone, silent or no longer has the blob. It may come back after a pause.
        case unavailable
    }

    /// What the caller has to do.
    package enum Action: Hashable, Sendable {
        /// Ask the source for the block.
        case ask(Source, block: Int)
        /// Tell the source that its copy of the block is no longer wanted; nothing that it still sends counts.
        case cancel(Source, block: Int)
        /// The source delivered less than ``Settings/minimumRate`` and counts as unavailable; cancellations follow.
        case drop(Source)
    }

    /// A provider from when it was added until it is lost. When it comes back it is another source, so that late
    /// failures of the old requests do not hit the new ones.
    package struct Source: Hashable, Sendable {
        package let node: NodeID
        let epoch: Int
    }

    /// A request that has no answer yet.
    struct Request {
        let source: Source
        /// When it left; nil for a block that came unasked, of which nothing can be measured.
        let ticket: ProviderPace.Ticket?
    }

    /// A block that was asked for: of one source, and perhaps of a second one.
    struct Flight {
        var first: Request
        var hedge: Request?

        /// The request to `source`.
        func request(to source: Source) -> Request? {
            if first.source == source { return first }
            return hedge?.source == source ? hedge : nil
        }

        func isAsked(of source: Source) -> Bool { first.source == source || hedge?.source == source }
    }

    struct Provider {
        let source: Source
        /// Nil: the whole blob.
        var held: BlockSet?
        /// What a round trip is believed to take before anything was measured.
        let roundTrip: Duration?
        var pace: ProviderPace
        var inFlight = 0
        /// Requests leave several at a time: once ``Settings/batch`` of them, or half of the window, are free, until it is
        /// full. That takes fewer packets and wake-ups, and half of the window keeps the path busy.
        var isFilling = true
        var busyUntil: Duration?
        /// For how long it has refused requests since its last block, and until when that is counted.
        var busyTime = Duration.zero
        var busyTimeEnd = Duration.zero
        /// Blocks that it claimed to have and then had not, since its last block.
        var absences = 0
        /// Nothing that is wanted was found at this provider since the last change.
        var hasNothing = false
        /// When the period began in which it must deliver some bytes, and how many came since.
        var periodStart: Duration
        var periodBytes = 0

        mutating func beginPeriod(at now: Duration) {
            periodStart = now
            periodBytes = 0
        }

        /// It refused a request that left at `askedAt`, and is left alone until `end`. Refusals at the same time count once.
        mutating func onBusy(since askedAt: Duration, until end: Duration) {
            busyUntil = end
            busyTime += max(.zero, end - max(askedAt, busyTimeEnd))
            busyTimeEnd = end
            pace.onBusy()
        }
    }

    /// A provider that was dropped.
    struct Fallen {
        var isBanned: Bool
        var losses: Int
        var until: Duration
    }

    struct Reader {
        let id: Int
        var demands: [Range<Int>] = []
        /// Blocks that it waits for.
        var waiting: Set<Int> = []
        /// The first block that it waits for, or the one read last; nil for a reader that wants everything as fast as it comes.
        var position: Int?
        let isPaced: Bool
    }

    package let settings: Settings
    /// The number of blocks of the blob.
    package let blockCount: Int
    /// Blocks that are verified and stored.
    package private(set) var done: BlockSet
    /// Blocks that are neither here nor on their way.
    var missing: BlockSet
    /// Verified blocks that are being stored.
    var storing: Set<Int> = []
    var flights: [Int: Flight] = [:]
    var requestCount = 0
    /// Blocks that somebody waits for, oldest first, until they are stored.
    var awaited: [Int] = []
    var readers: [Reader] = []
    var live: [Provider] = []
    var fallen: [NodeID: Fallen] = [:]
    var outbox: [Action] = []
    var lastEpoch = 0
    /// Before then no request is old enough for a second one, so that nobody need look through them.
    var firstHedge = Duration.zero
    /// What happened so far.
    package internal(set) var tally = Tally()

    /// - Parameters:
    ///   - blockCount: At least 1.
    ///   - held: Blocks that are here already; nil for none.
    package init(blockCount: Int, held: BlockSet? = nil, settings: Settings = .init()) {
        self.blockCount = max(1, blockCount)
        self.settings = settings
        done = held ?? BlockSet(blockCount: self.blockCount)
        missing = .all(self.blockCount)
        guard let held else { return }
        var rest = 0..<self.blockCount
        while let block = held.firstHeld(in: rest) {
            missing.remove(block)
            rest = block + 1..<self.blockCount
        }
    }

    /// Whether every block is stored.
    package var isComplete: Bool { done.isFull }
    /// Whether ``next(at:)`` must be called again although nothing happens.
    package var needsTick: Bool { !flights.isEmpty || live.contains { $0.busyUntil != nil } }
    /// Whether a reader takes the blocks as they come.
    package var isFollowed: Bool { readers.contains { $0.isPaced } }
    /// Requests without an answer; a hedged block counts twice.
    package var inFlight: Int { requestCount }
    /// Providers that may be asked.
    package var sources: [Source] { live.map(\.source) }
    /// Providers that may be asked and hold only a part of the blob.
    package var partialSources: [Source] { live.filter { $0.held != nil }.map(\.source) }
    /// Providers that sent wrong bytes.
    package var bannedCount: Int { fallen.values.count { $0.isBanned } }
    /// Whether a provider was ever merely unavailable: one that may come back.
    package var hasLost: Bool { fallen.values.contains { !$0.isBanned } }

    /// Whether `block` is stored; false for an index outside the blob.
    package func isDone(_ block: Int) -> Bool { done.contains(block) }

    /// Whether something is wanted that no provider in use can give.
    package var isStuck: Bool {
        guard flights.isEmpty, storing.isEmpty, firstWanted() != nil else { return false }
        return !live.contains { firstWanted(of: $0) != nil }
    }

    /// Whether nothing is wanted, or everything that is, is here.
    package var isAtRest: Bool { flights.isEmpty && storing.isEmpty && firstWanted() == nil }

    // MARK: Blocks

    /// A block came, and its bytes were verified.
    ///
    /// - Returns: Whether it is to be stored; a further copy, or one that nobody asked for, is waste.
    package mutating func onReceived(_ block: Int, byteCount: Int, from source: Source, at now: Duration) -> Bool {
        if let index = index(of: source) {
            live[index].beginPeriod(at: now)
            live[index].busyTime = .zero
            live[index].absences = 0
        }
        guard let flight = flights[block], flight.isAsked(of: source) else {
            tally.wastedBytes += byteCount
            return false
        }
        let won = flight.first.source == source ? flight.first : flight.hedge
        let other = flight.first.source == source ? flight.hedge : flight.first
        flights[block] = nil
        if let ticket = won?.ticket, let index = index(of: source) {
            live[index].pace.onBlock(ticket, byteCount: byteCount, at: now)
        }
        release(source)
        if let other {
            if other.source == flight.first.source {
                tally.hedgesWon += 1
                if let ticket = other.ticket, let index = index(of: other.source) {
                    live[index].pace.onOvertaken(ticket, byteCount: byteCount, at: now)
                }
            }
            release(other.source)
            outbox.append(.cancel(other.source, block: block))
        }
        storing.insert(block)
        tally.receivedBytes += byteCount
        tally.bytesByNode[source.node, default: 0] += byteCount
        return true
    }

    /// A received block is stored.
    package mutating func onStored(_ block: Int) {
        guard (0..<blockCount).contains(block), done.insert(block) else { return }
        missing.remove(block)
        storing.remove(block)
        awaited.removeAll { $0 == block }
        for index in readers.indices { readers[index].waiting.remove(block) }
    }

    /// A stored block cannot be read back, or was given up: it can be asked for again.
    package mutating func onLost(_ block: Int) {
        if done.remove(block) { reopen(block) }
    }

    /// The source has no time for this block: it is left alone for a moment, and the block is wanted again. A source that
    /// does nothing else for ``Settings/stallTime`` is dropped.
    package mutating func onBusy(_ block: Int, from source: Source, at now: Duration) {
        let request = flights[block]?.request(to: source)
        guard let index = index(of: source), let request, cancelRequest(block, source) else { return }
        live[index].onBusy(since: request.ticket?.askedAt ?? now, until: now + settings.busyPause)
    }

    /// The source does not have this block; the others are asked. A source of which nothing else is heard is dropped: it may
    /// claim to have everything again each time that it is asked what it holds.
    package mutating func onAbsent(_ block: Int, from source: Source) {
        guard let index = index(of: source), cancelRequest(block, source) else { return }
        var held = live[index].held ?? .all(blockCount)
        held.remove(block)
        live[index].held = held
        live[index].absences += 1
    }

    /// Ends one request; false if it was not in flight.
    private mutating func cancelRequest(_ block: Int, _ source: Source) -> Bool {
        guard var flight = flights[block], flight.isAsked(of: source) else { return false }
        release(source)
        // What is left of a flight with two requests may be old enough already.
        firstHedge = .zero
        if flight.hedge?.source == source {
            flight.hedge = nil
            flights[block] = flight
        } else if let hedge = flight.hedge {
            flights[block] = Flight(first: hedge)
        } else {
            flights[block] = nil
            reopen(block)
        }
        return true
    }

    private mutating func release(_ source: Source) {
        requestCount -= 1
        guard let index = index(of: source) else { return }
        live[index].inFlight -= 1
        let pace = live[index].pace
        let isNear = pace.baseTime.map { $0 <= settings.nearTime } ?? false
        let batch = isNear ? settings.nearBatch : settings.batch
        if live[index].inFlight <= max(pace.window / 2, pace.window - batch) { live[index].isFilling = true }
    }

    private mutating func reopen(_ block: Int) {
        missing.insert(block)
        wake()
    }

    /// Lets every provider be looked at again.
    mutating func wake() {
        for index in live.indices { live[index].hasNothing = false }
    }

    func index(of source: Source) -> Int? { live.firstIndex { $0.source == source } }

    // MARK: Providers

    /// Adds a provider.
    ///
    /// - Parameters:
    ///   - held: The blocks that it has; nil for all.
    ///   - roundTrip: What a round trip to it is believed to take; nearer ones are tried first.
    /// - Returns: Nil if it was banned, fell recently, or if there are enough. The known source if it is in use already;
    ///   what it holds is then updated.
    package mutating func add(
        _ node: NodeID, held: BlockSet? = nil, roundTrip: Duration? = nil, at now: Duration
    ) -> Source? {
        let held = held?.isFull == true ? nil : held
        if let index = live.firstIndex(where: { $0.source.node == node }) {
            live[index].held = held
            live[index].hasNothing = false
            return live[index].source
        }
        if let known = fallen[node], known.isBanned || now < known.until { return nil }
        if let held, held.blockCount != blockCount { return nil }
        guard live.count < settings.maxProviders else { return nil }
        lastEpoch += 1
        let source = Source(node: node, epoch: lastEpoch)
        live.append(
            Provider(
                source: source, held: held, roundTrip: roundTrip, pace: ProviderPace(settings), periodStart: now))
        return source
    }

    /// Notes that `source` has sent `block` unasked: nobody else is asked for it. Report it as received afterwards.
    package mutating func hold(_ block: Int, from source: Source, at now: Duration) {
        guard let index = index(of: source), missing.remove(block) else { return }
        live[index].inFlight += 1
        requestCount += 1
        flights[block] = Flight(first: Request(source: source, ticket: nil))
    }

    /// A provider failed: what it owes is wanted again.
    ///
    /// - Returns: Whether it was in use until now.
    @discardableResult
    package mutating func onFailure(of source: Source, _ failure: Failure, at now: Duration) -> Bool {
        let isInUse = index(of: source) != nil
        // Wrong bytes that come late, of an earlier life of the provider, still count.
        if failure == .corrupt {
            if let again = live.first(where: { $0.source.node == source.node }) { remove(again.source) }
            fallen[source.node] = Fallen(isBanned: true, losses: 0, until: now)
        } else if isInUse {
            remove(source)
            let losses = (fallen[source.node]?.losses ?? 0) + 1
            let pause = settings.lossPause * (1 << min(losses - 1, Settings.maxLossDoublings))
            fallen[source.node] = Fallen(isBanned: false, losses: losses, until: now + pause)
        }
        return isInUse
    }

    private mutating func remove(_ source: Source) {
        for block in flights.filter({ $0.value.isAsked(of: source) }).keys.sorted() {
            if cancelRequest(block, source) { outbox.append(.cancel(source, block: block)) }
        }
        live.removeAll { $0.source == source }
    }

    /// Lets providers that were merely unavailable be added again at once.
    package mutating func forgive() {
        for (node, known) in fallen where !known.isBanned { fallen[node]?.until = .zero }
    }

    /// Bytes came from the source since the last such report, counted where single bytes are seen: of a block that is
    /// still incomplete, the part that is here.
    package mutating func onProgress(of source: Source, byteCount: Int) {
        guard let index = index(of: source) else { return }
        live[index].periodBytes += byteCount
    }

    /// What was measured of the source; nil when it is not in use.
    package func pace(of source: Source) -> ProviderPace? { index(of: source).map { live[$0].pace } }

    /// Requests to the source without an answer.
    package func inFlight(of source: Source) -> Int { index(of: source).map { live[$0].inFlight } ?? 0 }
}
