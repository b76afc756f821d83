import Identity
import NIOCore

/// When a fetch looks for providers, and when it gives up: a core without clocks.
struct ProviderSearch: Sendable {
    /// Peers that asked for the blob while it was fetched here: they fetch it too, and will have parts of it.
    static let maxCurious = 32
    /// How often such a peer is asked what it has before it is forgotten.
    private static let maxTries = 40

    private let interval: Duration
    private let timeout: Duration
    private let longestPause: Duration
    private let refreshInterval: Duration
    private(set) var isRunning = false
    /// When the fetch began to lack a provider; nil while it has what it wants.
    private var stuckSince: Duration?
    /// Searches that ended since then.
    private(set) var fruitlessCount = 0
    private var nextStart: Duration?
    private var nextRefresh = Duration.zero
    private var pause: Duration
    private var curious: [NodeID: Int] = [:]

    init(_ settings: ExchangeSettings) {
        interval = Duration(settings.searchInterval)
        timeout = Duration(settings.searchTimeout)
        pause = Duration(settings.rediscoverInterval)
        longestPause = Duration(settings.maxRediscoverInterval)
        refreshInterval = Duration(settings.refreshInterval)
    }

    /// Whether to search now; if so, one runs from now on.
    mutating func begin(isStuck: Bool, at now: Duration) -> Bool {
        if isStuck, stuckSince == nil {
            stuckSince = now
            fruitlessCount = 0
            if !isRunning { nextStart = now }
        }
        // The opening has just asked everybody.
        let start = nextStart ?? now + pause
        nextStart = start
        guard !isRunning, now >= start else { return false }
        isRunning = true
        if isStuck {
            nextStart = now + interval
        } else {
            nextStart = now + pause
            pause = min(pause * 2, longestPause)
        }
        return true
    }

    /// A search ended.
    mutating func onEnd() {
        isRunning = false
        fruitlessCount += 1
    }

    /// Whether a provider is lacking since some moment.
    var isLacking: Bool { stuckSince != nil }

    /// A block came, or nothing is wanted any more: nothing is lacking.
    mutating func onRelief() { stuckSince = nil }

    /// Whether a fetch that is stuck has waited long enough.
    ///
    /// - Parameter isHopeless: Whoever had the blob lies: there is nobody to wait for.
    func isOver(isHopeless: Bool, at now: Duration) -> Bool {
        guard let stuckSince, !isRunning else { return false }
        return now - stuckSince >= timeout || (isHopeless && fruitlessCount > 0)
    }

    /// A peer asked for the blob.
    mutating func onInterest(_ node: NodeID) {
        if curious.count < ProviderSearch.maxCurious { curious[node] = ProviderSearch.maxTries }
    }

    /// Whom to ask again what they hold, now and then.
    mutating func refresh(_ partial: [NodeID], at now: Duration) -> [NodeID] {
        guard now >= nextRefresh else { return [] }
        nextRefresh = now + refreshInterval
        curious = curious.compactMapValues { $0 > 1 ? $0 - 1 : nil }
        return partial + curious.keys.filter { !partial.contains($0) }
    }

    /// A curious peer joined: it is asked as a provider from now on.
    mutating func onJoin(_ node: NodeID) { curious[node] = nil }
}
