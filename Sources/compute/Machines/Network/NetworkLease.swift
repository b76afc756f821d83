/// A network namespace that one machine has, with its addresses.
struct NetworkLease: Codable, Sendable, Hashable {
    /// Its number in the node's block.
    var slot: Int
    /// The namespace's name.
    var name: String
    /// The link's end on the host.
    var link: String
    /// The machine's address.
    var address: String
    /// What the machine knows the node by.
    var hostAddress: String
    /// The host's id of the machine's root.
    var firstID: UInt32

    /// Where namespaces have their files (ip-netns(8)).
    static let folder = "/run/netns"
    /// The namespace's file.
    var path: String { "\(Self.folder)/\(name)" }
    /// The file of the user namespace that it belongs to.
    var userName: String { "\(name).user" }
    var userPath: String { "\(Self.folder)/\(userName)" }
}
