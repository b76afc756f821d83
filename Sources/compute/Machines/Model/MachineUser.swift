/// Whom a process in a machine runs as, in the machine's own numbering.
public struct MachineUser: Sendable, Hashable, Codable {
    /// Ids that a machine has of its own: 0 to 65535.
    public static let idCount: UInt32 = 65_536

    /// The user.
    public var user: UInt32
    /// Its group.
    public var group: UInt32

    /// The machine's root, who is nobody on the host where user namespaces work.
    public static let root = MachineUser(user: 0, group: 0)

    /// A user and a group.
    public init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }
}
