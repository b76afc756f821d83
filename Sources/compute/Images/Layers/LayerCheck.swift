/// Goes through a layer's tar as unpacking would, without writing anything.
struct LayerCheck: TarConsumer {
    private var plan: LayerPlan
    private(set) var entryCount = 0

    init(limits: LayerLimits) { plan = LayerPlan(limits: limits) }

    mutating func begin(_ entry: TarEntry) throws(ImageError) {
        entryCount += 1
        _ = try plan.on(entry)
    }

    mutating func content(_ bytes: UnsafeRawBufferPointer) {}

    mutating func end() {}
}
