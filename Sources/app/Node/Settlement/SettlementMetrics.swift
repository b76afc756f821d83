import ControlModel
import Ledger
import Metrics
import Synchronization

/// What a node earned, counted since it started: in `/metrics`, and for its status.
final class SettlementMetrics: Sendable {
    private let acknowledgments = Gauge(label: "skerry_payment_acknowledgments")
    private let acknowledgedUnits = Gauge(label: "skerry_payment_acknowledged_units")
    private let units = Counter(label: "skerry_settlement_units_total")
    private let value = Counter(label: "skerry_settlement_value_total")
    private let pendingUnits = Gauge(label: "skerry_settlement_pending_units")
    private let pendingValue = Gauge(label: "skerry_settlement_pending_value")
    private let channels = Gauge(label: "skerry_settlement_pending_channels")
    private let proverTime = FloatingPointCounter(label: "skerry_settlement_prover_seconds_total")
    private let proverSteps = Counter(label: "skerry_settlement_prover_steps_total")
    private let rehashedSteps = Counter(label: "skerry_settlement_rehashed_steps_total")
    private let rehashedBatches = Counter(label: "skerry_settlement_rehashed_batches_total")
    private let falseBatches = Counter(label: "skerry_settlement_false_batches_total")
    private let sums = Mutex(EarningsInfo())
    private let hasLogFailed = Mutex(false)

    /// Notes whether the log of acknowledgments can be written.
    ///
    /// - Returns: Whether that has changed; it can be at first.
    func noteLog(hasFailed: Bool) -> Bool {
        hasLogFailed.withLock { failed in
            defer { failed = hasFailed }
            return failed != hasFailed
        }
    }

    var earnings: EarningsInfo { sums.withLock { $0 } }

    /// What was acknowledged: since the node started, and on the channels that are open.
    func count(acknowledgments: UInt64, units: UInt64) {
        self.acknowledgments.record(acknowledgments)
        acknowledgedUnits.record(units)
        sums.withLock {
            $0.acknowledgments = acknowledgments
            $0.acknowledgedUnits = units
        }
    }

    func count(pending: [SettlementView.Pending]) {
        let (units, value) = pending.reduce((UInt64(0), UInt64(0))) { sum, chain in
            (sum.0 &+ chain.units, sum.1.addingReportingOverflow(chain.value).partialValue)
        }
        pendingUnits.record(units)
        pendingValue.record(value)
        channels.record(pending.count)
        sums.withLock {
            $0.pendingUnits = units
            $0.pendingValue = value
            $0.pendingChains = pending.count
        }
    }

    /// A batch that the ledger applied, and what it paid.
    func count(lane: String, units: UInt64, value: UInt64) {
        self.units.increment(by: Int64(clamping: units))
        self.value.increment(by: Int64(clamping: value))
        Counter(label: "skerry_settlement_batches_total", dimensions: [("lane", lane), ("outcome", "applied")])
            .increment()
        sums.withLock {
            $0.settledUnits &+= units
            $0.settledValue &+= value
            $0.batches += 1
        }
    }

    func countFailure(lane: String, _ end: SettlementPlan.End) {
        Counter(label: "skerry_settlement_batches_total", dimensions: [("lane", lane), ("outcome", "\(end)")])
            .increment()
    }

    func count(proofOf steps: UInt64, in duration: Duration) {
        proverTime.increment(by: duration / .seconds(1))
        proverSteps.increment(by: Int64(clamping: steps))
        sums.withLock { $0.proverSeconds += duration / .seconds(1) }
    }

    func count(rehashed steps: UInt64, isTrue: Bool) {
        rehashedBatches.increment()
        rehashedSteps.increment(by: Int64(clamping: steps))
        if !isTrue { falseBatches.increment() }
        sums.withLock {
            $0.rehashedBatches += 1
            if !isTrue { $0.falseBatches += 1 }
        }
    }
}

extension SettlementBatch {
    /// As metrics and logs call it.
    var lane: String {
        if isProven { return "proof" }
        if case .voucher? = parts.first { return "voucher" }
        return "reveal"
    }
}
