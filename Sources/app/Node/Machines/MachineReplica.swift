import Blake3
import Identity

/// A machine of an app somewhere in the network, as its node announced it last.
struct MachineReplica: Hashable, Sendable {
    /// What it can be asked for.
    enum Phase: UInt8, Hashable, Sendable {
        /// It answers: requests may go to it.
        case healthy = 1
        /// It has no container now; ``MachineDirectory/wake(_:release:within:)`` starts one.
        case asleep = 2
        /// On its way, or failing; nothing goes to it.
        case unready = 3
        /// It finishes what it has; nothing new goes to it.
        case draining = 4
    }

    /// A port that the image's process listens on.
    struct Port: Hashable, Sendable {
        /// Such as `http`.
        var name: String
        /// In the container.
        var number: UInt16
        var transport: Transport
    }

    enum Transport: UInt8, Hashable, Sendable {
        /// HTTP/1.1.
        case http = 1
        case tcp = 2
    }

    /// Slots from here on are of previews: nobody leases them, so two nodes may have the same one.
    static let firstPreviewSlot: UInt32 = 1 << 31

    let app: String
    /// 0 and up; the same slot never runs on two nodes at a time, unless it is a preview's.
    let slot: UInt32
    let release: String
    /// Whose machine it is.
    let node: NodeID
    /// Of the slot's lease: of two announcements of a slot the one with the higher number is right.
    let fence: UInt64
    let phase: Phase
    let ports: [Port]

    /// Whether it answers only those who ask for its release.
    var isPreview: Bool { slot >= MachineReplica.firstPreviewSlot }

    /// The slot of a release's previews.
    static func previewSlot(of release: String) -> UInt32 {
        let digest = Blake3.hash(Array(release.utf8))
        return digest.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) } | firstPreviewSlot
    }
}
