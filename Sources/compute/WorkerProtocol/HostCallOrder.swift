/// What a worker asks the node for.
public struct HostCallOrder: Hashable, Sendable {
    /// The request on whose behalf; 0 for none.
    public var owner: UInt64
    /// What is asked for, for example `fetch`.
    public var name: String
    /// The arguments as JSON.
    public var argument: String

    /// Describes a call.
    public init(owner: UInt64, name: String, argument: String) {
        self.owner = owner
        self.name = name
        self.argument = argument
    }
}
