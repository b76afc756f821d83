/// Goes through a layer's tar as unpacking would, without writing anything.
///
/// Used by one thread at a time. An object: a copy of it for each piece of a layer would copy all paths.
final class LayerCheck: TarConsumer {
    private var plan: LayerPlan
    private(set) var entryCount = 0

    init(limits: LayerLimits) { plan = LayerPlan(limits: limits) }

    func begin(_ entry: TarEntry) throws(ImageError) {
        entryCount += 1
        _ = try plan.on(entry)
    }

    func content(_ bytes: UnsafeRawBufferPointer) {}

    func end() {}
}
