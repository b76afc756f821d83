import Metrics

/// Figures of the membership.
struct MembershipMetrics {
    let probes = Gauge(label: "skerry_membership_probes")
    let failedProbes = Gauge(label: "skerry_membership_failed_probes")
    let suspicions = Gauge(label: "skerry_membership_suspicions")
    let deaths = Gauge(label: "skerry_membership_deaths")
    let refutations = Gauge(label: "skerry_membership_refutations")
    let ignoredClaims = Gauge(label: "skerry_membership_ignored_claims")
    let absurdSamples = Gauge(label: "skerry_membership_absurd_samples")
    let localHealth = Gauge(label: "skerry_membership_local_health")
    let full = Gauge(label: "skerry_membership_full")
    /// Messages that were refused whole.
    let refusals = Counter(label: "skerry_membership_refusals_total")
    private let members = MemberState.allCases.map { state in
        (state, Gauge(label: "skerry_members", dimensions: [("state", "\(state)")]))
    }

    func report(_ core: SignedCore, _ view: [Member]) {
        let counters = core.swim.counters
        probes.record(counters.probes)
        failedProbes.record(counters.failedProbes)
        suspicions.record(counters.suspicions)
        deaths.record(counters.deaths)
        refutations.record(counters.refutations)
        ignoredClaims.record(counters.unknownNodes + core.implausibleClaims)
        absurdSamples.record(counters.absurdSamples)
        localHealth.record(core.swim.localHealth)
        full.record(core.swim.fullCount)
        for (state, gauge) in members { gauge.record(view.count { $0.state == state }) }
    }
}
