/// One immutable version of a function.
public struct FunctionRelease: Hashable, Sendable {
    /// The app's name.
    public let name: String
    /// The release's id, as people read it.
    public let release: String

    /// A release; nothing is checked.
    public init(name: String, release: String) {
        self.name = name
        self.release = release
    }
}
