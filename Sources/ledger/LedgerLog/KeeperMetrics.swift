import Metrics

/// What the keeper counts.
struct KeeperMetrics: Sendable {
    private let sequence = Gauge(label: "skerry_ledger_sequence")
    private let applied = Counter(label: "skerry_ledger_transactions_total", dimensions: [("outcome", "applied")])
    private let refused = Counter(label: "skerry_ledger_transactions_total", dimensions: [("outcome", "refused")])
    private let halts = Counter(label: "skerry_ledger_halts_total")
    private let appendTime = Timer(label: "skerry_ledger_append_duration")

    func countTransactions(applied: Int = 0, refused: Int = 0) {
        if applied > 0 { self.applied.increment(by: applied) }
        if refused > 0 { self.refused.increment(by: refused) }
    }

    func countHalt() { halts.increment() }

    func recordAppend(_ sequence: UInt64, _ duration: Duration) {
        self.sequence.record(sequence)
        appendTime.recordNanoseconds(Int64(duration / .nanoseconds(1)))
    }
}
