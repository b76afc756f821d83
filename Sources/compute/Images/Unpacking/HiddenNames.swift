/// What a layer hides of the layers below, for hosts whose file systems cannot say it.
struct HiddenNames: Hashable, Sendable, Codable {
    /// Paths that are gone.
    var whiteouts: [[UInt8]] = []
    /// Folders that begin anew.
    var opaque: [[UInt8]] = []
    /// Nothing of the layers below is left.
    var hidesAllBelow = false

    mutating func add(_ step: LayerStep) {
        switch step.action {
        case .whiteout: whiteouts.append(step.path.bytes)
        case .opaque: opaque.append(step.path.bytes)
        default: break
        }
    }
}
