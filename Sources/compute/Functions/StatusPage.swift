import CSandbox

/// The node's mapping of a worker's status page.
final class StatusPage: @unchecked Sendable {
    // The pointer never changes, the memory behind it is only read, with atomic loads, and it is unmapped when
    // nobody refers to this object any more.
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
}
