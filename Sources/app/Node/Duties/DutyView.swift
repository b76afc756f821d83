import Blake3
import Identity
import Ledger

/// What of the ledger decides which duties a node has now.
struct DutyView: Equatable {
    var epoch: UInt64
    /// Restarts of the beacon in this epoch.
    var round: UInt32
    /// Ledger time in milliseconds since 1970.
    var roundStart: Int64
    /// In milliseconds; of each restart too.
    var epochLength: Int64
    /// The ledger's time: the sequencer's clock, at the last entry.
    var ledgerTime: Int64
    /// Whether this node takes part in the beacon of this round.
    var isEligible = false
    var hasCommitted = false
    var hasRevealed = false
    /// Whether this node takes part in the network at all.
    var isParticipating = false
    /// All who do; empty as long as nothing is due that one of them does for all.
    var participants: [NodeID] = []
    /// Channels that anybody may close, ``DutyPlan/maxExpiries`` at most.
    var expired: [ChannelID] = []
    /// The sequence of the newest certified checkpoint on the ledger.
    var certified: UInt64 = 0
}

/// Something for a node to bring onto the ledger.
enum Duty: Hashable {
    case commit(epoch: UInt64, round: UInt32)
    case reveal(epoch: UInt64, round: UInt32)
    case advance(epoch: UInt64, round: UInt32)
    case record(sequence: UInt64)
    case report(epoch: UInt64)
    case expire(ChannelID)

    /// One text for each, the same on every node.
    var label: String {
        switch self {
        case .commit(let epoch, let round): "commit \(epoch) \(round)"
        case .reveal(let epoch, let round): "reveal \(epoch) \(round)"
        case .advance(let epoch, let round): "advance \(epoch) \(round)"
        case .record(let sequence): "record \(sequence)"
        case .report(let epoch): "report \(epoch)"
        case .expire(let channel): "expire \(channel)"
        }
    }
}
