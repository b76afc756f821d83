import Metrics

/// Time series of a store.
struct StoreMetrics: Sendable {
    private let blobs = Gauge(label: "skerry_blobs")
    private let bytes = Gauge(label: "skerry_blob_bytes")
    private let protectedBytes = Gauge(label: "skerry_blob_protected_bytes")
    let hotHits = Counter(label: "skerry_blob_hot_hits_total")
    let hotMisses = Counter(label: "skerry_blob_hot_misses_total")
    let corrupt = Counter(label: "skerry_blob_corrupt_total")
    let evicted = Counter(label: "skerry_blob_evicted_total")
    let evictedBytes = Counter(label: "skerry_blob_evicted_bytes_total")
    let collected = Counter(label: "skerry_blob_collected_total")
    let scrubbedBytes = Counter(label: "skerry_blob_scrubbed_bytes_total")
    /// What SQLite found wrong when it looked last.
    let indexProblems = Gauge(label: "skerry_blob_index_problems")

    func report(_ totals: IndexTotals) {
        blobs.record(totals.blobs)
        bytes.record(totals.bytes)
        protectedBytes.record(totals.protectedBytes)
    }
}
