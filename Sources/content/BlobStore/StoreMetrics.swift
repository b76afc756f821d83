import Metrics

/// Time series of a store.
struct StoreMetrics: Sendable {
    private let blobs = Gauge(label: "skerry_blobs")
    private let bytes = Gauge(label: "skerry_blob_bytes")
    let hotHits = Counter(label: "skerry_blob_hot_hits_total")
    let hotMisses = Counter(label: "skerry_blob_hot_misses_total")
    let corrupt = Counter(label: "skerry_blob_corrupt_total")

    func report(blobs: Int, bytes: Int) {
        self.blobs.record(blobs)
        self.bytes.record(bytes)
    }
}
