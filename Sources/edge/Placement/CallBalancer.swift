import Foundation

/// Which node, or which machine, gets a call, of those that may answer it: in an order of preference, such as rendezvous
/// order, so that a node sees the same apps again and has them warm; with bounded loads (Mirrokni, Thorup and
/// Zadimoghaddam, 2018), so that none has much more to do than the others; and of two the one that promises to be done
/// sooner.
///
/// Pure: time comes in, in nanoseconds of any clock that never goes back. What it knows is what this node has seen of the
/// others; nobody's word on its own load is taken.
public struct CallBalancer<Key: Hashable & Sendable>: Sendable {
    /// What the choice goes by.
    public struct Settings: Sendable {
        /// A node with more calls in flight than this share of the mean is passed over. Default 1.25; at least 1.
        public var loadFactor = 1.25
        /// How fast a latency that was seen is forgotten, in seconds. Default 10.
        public var tau = 10.0
        /// What a failure counts as, in seconds. Default 5.
        public var failureLatency = 5.0
        /// Failures in a row after which a node is left out. Default 5.
        public var maxFailures = 5
        /// How long it is left out at first, in seconds; doubles each time until an answer comes. Default 30.
        public var firstEjection = 30.0
        /// The longest such time, in seconds. Default 600.
        public var maxEjection = 600.0
        /// Nodes that are remembered. Default 1,024; idle ones are forgotten first.
        public var maxNodes = 1_024

        /// The defaults.
        public init() {}
    }

    /// How a call ended, as far as the node is concerned.
    public enum Outcome: Sendable {
        /// An answer, or an error that is the function's own, after so many seconds.
        case answered(seconds: Double)
        /// The node could not be reached, or gave no answer.
        case failed
        /// The node had no room, or nobody waited any more: that says nothing about its health.
        case neither
    }

    private struct Node {
        var inFlight = 0
        /// Peak-sensitive moving average of latencies in seconds, as of `updated`.
        var latency = 0.0
        var updated: UInt64 = 0
        var failures = 0
        var ejections = 0
        var ejectedUntil: UInt64 = 0
    }

    private let settings: Settings
    private var nodes: [Key: Node] = [:]

    /// Knows nobody.
    public init(settings: Settings = Settings()) { self.settings = settings }

    /// Calls of this node that `node` works on.
    public func inFlight(at node: Key) -> Int { nodes[node]?.inFlight ?? 0 }

    /// The node to call next.
    ///
    /// - Parameter order: Who may answer, in order of preference: ``Rendezvous/order(_:for:)``.
    /// - Returns: Nil only if `order` is empty: when all are left out for their failures, all are tried again.
    public func choose(from order: [Key], now: UInt64) -> Key? {
        let healthy = order.filter { (nodes[$0]?.ejectedUntil ?? 0) <= now }
        let candidates = healthy.isEmpty ? order : healthy
        guard !candidates.isEmpty else { return nil }
        let total = candidates.reduce(1) { $0 + inFlight(at: $1) }
        let bound = (settings.loadFactor * Double(total) / Double(candidates.count)).rounded(.up)
        // By the pigeonhole principle there is one.
        let free = candidates.lazy.filter { Double(inFlight(at: $0)) < bound }.prefix(2)
        // The first of equals: it is the preferred one.
        return free.min { cost(of: $0, now) < cost(of: $1, now) } ?? candidates.first
    }

    /// A call goes to `node`: ``ended(_:_:now:)`` must follow.
    public mutating func began(_ node: Key, now: UInt64) {
        if nodes[node] == nil, nodes.count >= settings.maxNodes { forget(now) }
        nodes[node, default: Node(updated: now)].inFlight += 1
    }

    /// A call came back.
    public mutating func ended(_ node: Key, _ outcome: Outcome, now: UInt64) {
        guard var state = nodes[node] else { return }
        state.inFlight = max(0, state.inFlight - 1)
        switch outcome {
        case .answered(let seconds):
            observe(&state, seconds, now)
            state.failures = 0
            state.ejections = 0
        case .failed:
            observe(&state, settings.failureLatency, now)
            state.failures += 1
            if state.failures >= settings.maxFailures, state.ejectedUntil <= now {
                let doubled = settings.firstEjection * exp2(Double(min(state.ejections, 30)))
                state.ejectedUntil = now + UInt64(min(doubled, settings.maxEjection) * 1e9)
                state.ejections += 1
                // The next failure after the pause is enough for the next one.
                state.failures = settings.maxFailures - 1
            }
        case .neither: break
        }
        nodes[node] = state
    }

    private func observe(_ state: inout Node, _ seconds: Double, _ now: UInt64) {
        let kept = decay(state, now)
        // A rise counts at once, a fall by and by.
        state.latency = seconds > state.latency * kept ? seconds : state.latency * kept + seconds * (1 - kept)
        state.updated = now
    }

    private func decay(_ state: Node, _ now: UInt64) -> Double {
        exp(-Double(now > state.updated ? now - state.updated : 0) / 1e9 / settings.tau)
    }

    private func cost(of node: Key, _ now: UInt64) -> Double {
        guard let state = nodes[node] else { return 0 }
        return state.latency * decay(state, now) * Double(state.inFlight + 1)
    }

    private mutating func forget(_ now: UInt64) {
        nodes = nodes.filter { $0.value.inFlight > 0 || $0.value.ejectedUntil > now }
    }
}
