/// What a node does with a machine that still runs when the node comes back after it died or was restarted.
public enum MachineOrphanPolicy: String, Sendable, Hashable, Codable {
    /// Goes on with it: connections live on, nothing is lost.
    case adopt
    /// Ends it. It is started anew if it should run.
    case end
}
