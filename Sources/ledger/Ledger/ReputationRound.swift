import Identity

/// The measurements of one epoch and what follows from them for each node.
///
/// Knows nothing of tables: the order of its input decides nothing but the indices of its output.
struct ReputationRound {
    /// A node as an observer.
    struct Observer {
        var operatorAccount: AccountID
        /// Units, at least 1.
        var stake: UInt64
        /// In millionths, as before this round.
        var reputation: UInt32
        /// In millionths, as before this round.
        var agreement: UInt32
    }

    /// What one observer says of the subject in question.
    struct Report {
        var observer: Int
        var observation: Observation
    }

    private let observers: [Observer]
    private var agreedCount: [UInt64]
    private var judgedCount: [UInt64]

    init(_ observers: [Observer]) {
        self.observers = observers
        agreedCount = Array(repeating: 0, count: observers.count)
        judgedCount = agreedCount
    }

    /// The score of a node in millionths; nil if there are fewer reports than the quorum.
    mutating func score(_ reports: [Report], quorum: Int) -> UInt64? {
        guard reports.count >= max(1, quorum) else { return nil }
        let weights = weights(reports.map(\.observer))
        let count = UInt64(reports.count)
        func median(_ value: (Observation) -> UInt64?) -> UInt64? {
            var values: [(value: UInt64, weight: UInt64)] = []
            for (report, weight) in zip(reports, weights) {
                if let value = value(report.observation) { values.append((value, weight)) }
            }
            return Reputation.weightedMedian(values)
        }
        let share = median(\.availabilityShare)
        let latency = median(\.knownLatency)
        let rate = median(\.knownRate)
        judge(reports, weights, share, \.availabilityShare)
        judge(reports, weights, latency, \.knownLatency)
        judge(reports, weights, rate, \.knownRate)
        let unknown = UInt64(NodeStanding.probation)
        return Reputation.score(
            availability: Reputation.availability(
                share: share ?? 0, count: count * (median { UInt64($0.probes) } ?? 0)),
            correctness: Reputation.correctness(
                good: count * (median { UInt64($0.goodBlocks) } ?? 0),
                bad: count * (median { UInt64($0.badBlocks) } ?? 0)),
            latency: latency.map(Reputation.latency) ?? unknown, throughput: rate.map(Reputation.throughput) ?? unknown)
    }

    /// The observer's agreement after this round, in millionths: a moving average (0.1) of the share of its values that
    /// were near the medians. As before if none was judged.
    func agreement(of observer: Int) -> UInt32 {
        let old = observers[observer].agreement
        guard judgedCount[observer] > 0 else { return old }
        let share = agreedCount[observer] * Reputation.one / judgedCount[observer]
        return UInt32((UInt64(old) * 9 + share) / 10)
    }

    /// √stake × reputation × agreement of each, where the observers of one operator have at most a tenth of all
    /// together.
    private func weights(_ indices: [Int]) -> [UInt64] {
        let raw = indices.map { index -> UInt64 in
            let observer = observers[index]
            // 40 bits for the root, ten for each share: 60, of which the highest 40 count.
            let root =
                observer.stake < 1 << 47
                ? FixedPoint.squareRoot(observer.stake << 16) : FixedPoint.squareRoot(observer.stake) << 8
            return max(1, (root * UInt64(observer.reputation >> 10) * UInt64(observer.agreement >> 10)) >> 10)
        }
        let cap = max(1, raw.reduce(UInt128(0)) { $0 + UInt128($1) } / 10)
        var sums: [AccountID: UInt128] = [:]
        for (index, weight) in zip(indices, raw) {
            sums[observers[index].operatorAccount, default: 0] += UInt128(weight)
        }
        return zip(indices, raw).map { index, weight in
            let sum = sums[observers[index].operatorAccount, default: 0]
            return sum <= cap ? weight : max(1, UInt64(UInt128(weight) * cap / sum))
        }
    }

    /// Notes who was within the greater of a fifth of the median and three times the median deviation.
    private mutating func judge(
        _ reports: [Report], _ weights: [UInt64], _ median: UInt64?, _ value: (Observation) -> UInt64?
    ) {
        guard let median else { return }
        func deviation(_ value: UInt64) -> UInt64 { value > median ? value - median : median - value }
        var deviations: [(value: UInt64, weight: UInt64)] = []
        for (report, weight) in zip(reports, weights) {
            if let value = value(report.observation) { deviations.append((deviation(value), weight)) }
        }
        let (spread, overflow) = (Reputation.weightedMedian(deviations) ?? 0).multipliedReportingOverflow(by: 3)
        let tolerance = overflow ? .max : max(median / 5, spread)
        for report in reports {
            guard let value = value(report.observation) else { continue }
            judgedCount[report.observer] += 1
            if deviation(value) <= tolerance { agreedCount[report.observer] += 1 }
        }
    }
}

extension Observation {
    /// Answered probes in millionths; nil without probes.
    fileprivate var availabilityShare: UInt64? {
        probes == 0 ? nil : UInt64(min(probesAnswered, probes)) * Reputation.one / UInt64(probes)
    }

    /// Nil if nothing was answered.
    fileprivate var knownLatency: UInt64? { latencyMicroseconds == 0 ? nil : UInt64(latencyMicroseconds) }

    /// Nil if nothing was transferred.
    fileprivate var knownRate: UInt64? { rate == 0 ? nil : rate }
}
