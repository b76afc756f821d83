import CoreMetrics
import Metrics

/// Time series of discovery.
struct DiscoveryMetrics: Sendable {
    private let records = Gauge(label: "skerry_discovery_records")
    private let provided = Gauge(label: "skerry_discovery_provided_keys")
    let lookups = Counter(label: "skerry_discovery_lookups_total")
    let lookupsFound = Counter(label: "skerry_discovery_lookups_found_total")
    let asked = Counter(label: "skerry_discovery_asked_total")
    let published = Counter(label: "skerry_discovery_published_records_total")

    func report(records: Int, provided: Int) {
        self.records.record(records)
        self.provided.record(provided)
    }

    /// The codes are this module's own, so there are few series.
    func refused(_ code: DiscoveryError.Code) {
        Counter(label: "skerry_discovery_refused_total", dimensions: [("code", code.description)]).increment()
    }
}
