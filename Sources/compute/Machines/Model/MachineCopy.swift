/// Files that are copied into a machine, or out of it.
public enum MachineCopy: Sendable, Hashable, Codable {
    /// What the session's input says, a stream as ``CopyStream`` describes it, goes below this path if it is a folder, else
    /// to this path.
    case into(String)
    /// The session's standard output is the file or folder at this path as such a stream.
    case outOf(String)

    /// The path in the machine; one that is not absolute begins at its root.
    public var path: String {
        switch self {
        case .into(let path), .outOf(let path): path
        }
    }

    /// Bytes of a path at most.
    public static let maxPathBytes = 4_095
}
