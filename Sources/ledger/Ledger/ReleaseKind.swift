/// What a release's manifest describes.
public enum ReleaseKind: String, Hashable, Sendable, CaseIterable {
    /// The files of a site.
    case site
    /// A function and the files beside it.
    case function

    /// The number in a state row; never reused.
    var code: UInt8 {
        switch self {
        case .site: 1
        case .function: 2
        }
    }
}
