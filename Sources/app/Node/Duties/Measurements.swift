import Identity
import Ledger

/// What this node saw in an epoch of the nodes that it observes.
struct Measurements {
    /// What one look at a subject showed.
    struct Sample {
        var subject: NodeID
        /// Whether membership counts it as alive.
        var isAlive: Bool
        var roundTrip: Duration?
    }

    /// What was exchanged with a subject since the node started.
    struct Account: Equatable {
        var goodBlocks = 0
        var badBlocks = 0
        /// Bytes a second.
        var rate: Double?
    }

    private struct Tally {
        var probes: UInt32 = 0
        var answered: UInt32 = 0
        /// The newest ``maxRoundTrips``, in microseconds.
        var roundTrips: [UInt32] = []
    }

    /// Subjects that are observed at a time.
    static let maxSubjects = 64
    /// Round trips of a subject that the median is taken of.
    static let maxRoundTrips = 101

    /// The ledger takes no larger counts.
    static let maxCount = 1_000_000

    private(set) var epoch: UInt64?
    private var tallies: [NodeID: Tally] = [:]
    private var before: [NodeID: Account] = [:]

    /// Begins anew.
    mutating func begin(_ epoch: UInt64, _ accounts: [NodeID: Account]) {
        self.epoch = epoch
        tallies = [:]
        before = accounts
    }

    /// Less than nothing after the peer's account was given up for another's.
    private static func count(_ blocks: Int) -> UInt32 { UInt32(min(max(0, blocks), maxCount)) }

    mutating func add(_ sample: Sample) {
        var tally = tallies[sample.subject] ?? Tally()
        guard tallies[sample.subject] != nil || tallies.count < Measurements.maxSubjects, tally.probes < .max else {
            return
        }
        tally.probes += 1
        if sample.isAlive {
            tally.answered += 1
            if let roundTrip = sample.roundTrip {
                if tally.roundTrips.count == Measurements.maxRoundTrips { tally.roundTrips.removeFirst() }
                let micros = roundTrip / .microseconds(1)
                tally.roundTrips.append(UInt32(min(max(0, micros), Double(UInt32.max))))
            }
        }
        tallies[sample.subject] = tally
    }

    /// What is to be reported of these subjects, in ascending order; nothing of those that were never looked at.
    func observations(of subjects: [NodeID], _ accounts: [NodeID: Account]) -> [Observation] {
        subjects.sorted().compactMap { subject in
            guard let tally = tallies[subject] else { return nil }
            let sorted = tally.roundTrips.sorted()
            let now = accounts[subject] ?? Account()
            let then = before[subject] ?? Account()
            let rate = now.rate.flatMap { $0.isFinite && $0 > 0 ? UInt64(exactly: min($0, 1e15).rounded()) : nil }
            return Observation(
                subject: subject, probesAnswered: tally.answered, probes: tally.probes,
                latencyMicroseconds: sorted.isEmpty ? 0 : sorted[sorted.count / 2], rate: rate ?? 0,
                goodBlocks: Measurements.count(now.goodBlocks - then.goodBlocks),
                badBlocks: Measurements.count(now.badBlocks - then.badBlocks))
        }
    }
}
