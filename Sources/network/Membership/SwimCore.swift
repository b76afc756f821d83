import Foundation
package import Identity

/// What one node knows of all others, and whom it asks next: SWIM (Das et al. 2002) with Lifeguard's local health and
/// dynamic suspicion (Dadgar et al. 2018).
///
/// A value without I/O: its owner sends what the calls return, and calls ``onTick(now:)`` at ``nextDeadline``. Times
/// are measured from any one moment. Claims must have been checked before: an incarnation above the known one, or the
/// word that a member leaves, comes from that member. What others say never makes a member dead: it starts or shortens
/// a suspicion, and when that has run out this node checks the member itself.
package struct SwimCore<Random: RandomNumberGenerator> {
    /// What is kept of every member: 24 bytes.
    struct Record {
        var incarnation: UInt64 = 0
        var sinceMillis: Int64
        /// Smoothed; 0 until measured.
        var roundTripMillis: Float = 0
        var state = MemberState.alive
        var isFull = false
    }

    /// A probe for this node itself.
    struct Probe {
        enum Purpose { case round, lastCheck, revival }

        let nonce: UInt64
        let target: Int
        let purpose: Purpose
        var sentAt: Duration
        /// When the member is asked once more; nil if it is not to be.
        var repeatAt: Duration?
        /// Whether it was: an answer does not tell then how long it took.
        var isRepeated = false
        /// When others are asked to help; nil once they were, or if they are not to be.
        var helpAt: Duration?
        let endsAt: Duration
        var asked = 0
        var reached = 0
        /// Helpers that have not answered.
        var waiting: [Int] = []
    }

    /// A probe on behalf of another node.
    struct Relay {
        let nonce: UInt64
        let target: Int
        let requester: NodeID
        let requesterNonce: UInt64
        let endsAt: Duration
    }

    /// No incarnation goes higher, so that a refutation of it always can.
    package static var maxIncarnation: UInt64 { 1 << 62 }

    /// How long a death or a farewell is told with every page.
    static var recentMillis: Int64 { 300_000 }

    /// How far accusations alone raise the local health score.
    static var maxHealthByAccusation: Int { 2 }

    package let node: NodeID
    let settings: MembershipSettings
    var random: Random
    package private(set) var roster: MemberRoster
    package internal(set) var incarnation: UInt64
    package internal(set) var counters = SwimCounters()
    /// This node's doubt in itself: 0 is healthy.
    package internal(set) var localHealth = 0
    package internal(set) var isLeaving = false
    /// Whether this node says that it has no room for all that it is to keep.
    package private(set) var isFull = false

    /// Position of this node; nil while it is not on the ledger itself.
    private(set) var ownIndex: Int?
    var records: [Record]
    /// How many of them say that they are full.
    var fullCount = 0
    var places: [Int: Coordinate] = [:]
    var vivaldi = VivaldiCore()
    var suspicions: [Int: Suspicion] = [:]
    /// No suspicion runs out earlier.
    var soonestSuspicion = Duration.never
    /// Last checks that began in the interval that ends at `checkWindowEnd`.
    var checksInWindow = 0
    var checkWindowEnd = Duration.zero
    var rumours = RumourQueue()
    var probes: [Probe] = []
    var relays: [Relay] = []
    /// Indirect probes asked by each peer in the second that ends at `relayWindowEnd`.
    var relayCounts: [Int: Int] = [:]
    var relayWindowEnd = Duration.zero
    /// The order of the present round of probes, and how far it is.
    var order: [Int32] = []
    var orderPosition = 0
    var probeNumber = 0
    var nextProbeAt: Duration
    var nextSyncAt: Duration
    /// Whether some member has told its whole view.
    var hasWholeView = false
    /// Who is telling its whole view, and from where the page that was asked begins.
    var viewSource: (peer: NodeID, after: NodeID?)?
    var mustRefute = false
    var nextRefutationAt = Duration.zero

    /// - Parameters:
    ///   - self: This node; usually on the roster.
    ///   - incarnation: Above that of its earlier lives; milliseconds since 1970 are.
    ///   - random: Seeded in simulations.
    package init(
        self node: NodeID, incarnation: UInt64, roster: MemberRoster, settings: MembershipSettings = .init(),
        random: Random, now: Duration
    ) {
        self.node = node
        self.incarnation = min(max(incarnation, 1), Self.maxIncarnation)
        self.roster = roster
        self.settings = settings
        self.random = random
        ownIndex = roster.index(of: node)
        records = Array(repeating: Record(sinceMillis: now.wholeMilliseconds), count: roster.count)
        nextProbeAt = now
        nextSyncAt = now + settings.probeInterval
        nextProbeAt += settings.probeInterval * Double.random(in: 0..<1, using: &self.random)
    }

    // MARK: Looking

    package func state(of node: NodeID) -> MemberState {
        roster.index(of: node).map { records[$0].state } ?? .left
    }

    /// What this node would tell of `node`; nil if it does not take part.
    package func claim(about node: NodeID) -> MemberClaim? { roster.index(of: node).map { claim(about: $0) } }

    package var coordinate: Coordinate { vivaldi.coordinate }

    /// As measured, else as the coordinates predict; nil for members that were never heard of.
    package func estimatedRoundTrip(to node: NodeID) -> Duration? {
        guard let index = roster.index(of: node) else { return nil }
        let measured = records[index].roundTripMillis
        if measured > 0 { return .microseconds(Int64(measured * 1_000)) }
        return places[index].map { vivaldi.coordinate.roundTrip(to: $0) }
    }

    /// All members but this node, in the order of their ids.
    package func members(now: Duration) -> [Member] {
        records.indices.lazy.filter { $0 != ownIndex }.map { index in
            let record = records[index]
            return Member(
                id: roster.ids[index], state: record.state, incarnation: record.incarnation,
                since: .milliseconds(max(0, now.wholeMilliseconds - record.sinceMillis)), coordinate: places[index],
                roundTrip: record.roundTripMillis > 0 ? .microseconds(Int64(record.roundTripMillis * 1_000)) : nil,
                isFull: record.isFull)
        }
    }

    /// The other members that say that they are full, in the order of their ids.
    package var fullMembers: [NodeID] {
        records.indices.lazy.filter { $0 != ownIndex && records[$0].isFull }.map { roster.ids[$0] }
    }

    /// From now on this node says so with every message, or not any more: that takes a new incarnation, since within one
    /// nobody takes the word back.
    package mutating func setFull(_ isFull: Bool) {
        guard isFull != self.isFull, !isLeaving else { return }
        self.isFull = isFull
        if !isFull { incarnation = min(incarnation + 1, Self.maxIncarnation) }
    }

    /// When ``onTick(now:)`` has something to do; read it anew after each call.
    package var nextDeadline: Duration {
        if isLeaving { return .never }
        var next = min(nextProbeAt, nextSyncAt)
        for probe in probes { next = min(next, probe.helpAt ?? probe.endsAt, probe.repeatAt ?? .never) }
        for relay in relays { next = min(next, relay.endsAt) }
        if mustRefute { next = min(next, nextRefutationAt) }
        if runningChecks < settings.maxChecks { next = min(next, max(soonestSuspicion, nextCheckAt)) }
        return next
    }

    var suspicionLimits: Suspicion.Limits { Suspicion.Limits(settings, members: roster.count) }

    /// Not before this time may another last check begin.
    private var nextCheckAt: Duration { checksInWindow < settings.maxChecks ? .zero : checkWindowEnd }

    /// Between two direct probes of a last check. Longer than nearly all round trips, so that an answer saves the next.
    var repeatInterval: Duration { settings.directTimeout / 2 }

    var runningChecks: Int { probes.count { $0.purpose == .lastCheck } }

    // MARK: Leaving, and changes of the ledger

    /// Says farewell to some members; they answer with acknowledgements and pass it on. The core does nothing more
    /// afterwards but answer.
    package mutating func leave(now: Duration) -> [SwimAction] {
        guard !isLeaving else { return [] }
        isLeaving = true
        incarnation = min(incarnation + 1, Self.maxIncarnation)
        probes.removeAll()
        let receivers = randomUsable(settings.leaveFanout, except: [])
        return receivers.map { index in
            .send(
                .probe(nonce: random.next(), claims: claims(for: index), coordinate: coordinate), to: roster.ids[index])
        }
    }

    /// Takes up who is on the ledger now; what is known of those that stay is kept. Probes under way are given up, for
    /// others too, who are told.
    package mutating func setRoster(_ new: MemberRoster, now: Duration) -> [SwimAction] {
        let actions = giveUpRelays()
        let old = roster
        let position: (Int) -> Int? = { new.index(of: old.ids[$0]) }
        let fresh = Record(sinceMillis: now.wholeMilliseconds)
        records = new.ids.map { id in old.index(of: id).map { records[$0] } ?? fresh }
        fullCount = records.count { $0.isFull }
        places = moved(places, position)
        suspicions = moved(suspicions, position).compactMapValues { $0.moved(position) }
        relayCounts = moved(relayCounts, position)
        rumours.move(position)
        probes.removeAll()
        order.removeAll()
        orderPosition = 0
        suspicions = suspicions.mapValues(\.unchecked)
        soonestSuspicion = suspicions.isEmpty ? .never : now
        roster = new
        ownIndex = new.index(of: node)
        for index in records.indices where records[index].state == .suspect && suspicions[index] == nil {
            records[index].state = .alive
        }
        return actions
    }

    private func moved<Value>(_ table: [Int: Value], _ position: (Int) -> Int?) -> [Int: Value] {
        var result: [Int: Value] = [:]
        for (index, value) in table {
            if let index = position(index) { result[index] = value }
        }
        return result
    }
}

extension Duration {
    /// Later than anything.
    static var never: Duration { .seconds(Int64.max / 4) }

    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1_000 &+ attoseconds / 1_000_000_000_000_000
    }

    var floatMilliseconds: Float {
        let (seconds, attoseconds) = components
        return Float(Double(seconds) * 1_000 + Double(attoseconds) / 1e15)
    }
}
