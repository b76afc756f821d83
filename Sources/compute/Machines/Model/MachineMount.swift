/// A folder of the host that a machine sees: a volume, or secrets.
public struct MachineMount: Sendable, Hashable, Codable {
    /// The folder on the host, absolute. It must exist when the machine starts.
    public var source: String
    /// Where the machine sees it, absolute.
    public var target: String
    /// Nothing can be written.
    public var isReadOnly: Bool

    /// A mount. Files in it have the owners that the machine sees: where user namespaces are used the mount maps ids.
    public init(source: String, target: String, isReadOnly: Bool = false) {
        self.source = source
        self.target = target
        self.isReadOnly = isReadOnly
    }
}
