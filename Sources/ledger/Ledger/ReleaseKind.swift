/// What a release's manifest describes.
public enum ReleaseKind: String, Hashable, Sendable, CaseIterable {
    /// The files of a site.
    case site
    /// A function and the files beside it.
    case function
    /// Content that is fetched from elsewhere.
    case origin
    /// Several kinds under one name.
    case composite
    /// A container that runs until it is told to stop.
    case machine

    /// Whether a release of this kind may run code.
    public var mayRunCode: Bool { self == .function || self == .composite }

    /// The number in a state row; never reused.
    var code: UInt8 {
        switch self {
        case .site: 1
        case .function: 2
        case .origin: 3
        case .composite: 4
        case .machine: 5
        }
    }
}
