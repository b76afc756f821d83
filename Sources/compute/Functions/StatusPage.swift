import CSandbox

/// The node's mapping of a worker's status page.
final class StatusPage: @unchecked Sendable {
    // The pointer never changes, the memory behind it is only used with atomic loads and stores, and it is unmapped
    // when nobody refers to this object any more.
    private let page: OpaquePointer

    /// Maps the page behind a descriptor; nil when there is no address space.
    init?(descriptor: Int32) {
        guard let page = skerry_status_map(descriptor) else { return nil }
        self.page = page
    }

    deinit { skerry_status_unmap(page) }

    func read(_ sample: inout PoolCore.Sample) {
        skerry_status_read(page, &sample.entries, &sample.running, &sample.started)
    }

    /// Notes why a layer (a `CSandbox` bit) is missing.
    func refuse(_ layer: UInt32, _ error: Int32) { skerry_status_refuse(page, layer, error) }

    /// Why a layer is missing, as an errno; 0 when nothing stands in its way.
    func refusal(_ layer: UInt32) -> Int32 { skerry_status_refusal(page, layer) }

    /// Lends the mapping to a process that is started.
    func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result { body(page) }
}
