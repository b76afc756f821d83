import Metrics

/// What the engine counts.
struct EtcdMetrics: Sendable {
    private let failovers = Counter(label: "skerry_ledger_etcd_failovers_total")
    private let doubts = Counter(label: "skerry_ledger_etcd_ambiguous_appends_total")
    private let leads = Counter(label: "skerry_ledger_etcd_leads_total")

    /// Another member is asked from now on.
    func countFailover() { failovers.increment() }

    /// An append's answer was lost and the log had to be asked.
    func countDoubt() { doubts.increment() }

    /// This node became the sequencer.
    func countLead() { leads.increment() }
}
