public import Foundation
public import Ledger

/// Two headers that the sequencer signed and that cannot both be true.
///
/// Either they have one sequence and differ, or the second is the next after the first and names another predecessor.
public struct ForkEvidence: Sendable, Hashable {
    /// The header in our log, as signed.
    public let ourHeader: Data
    /// The sequencer's signature on it.
    public let ourSignature: Data
    /// The header that a peer brought, as signed.
    public let theirHeader: Data
    /// The sequencer's signature on it.
    public let theirSignature: Data

    /// Of two entries whose signatures are valid.
    public init(ours: Entry, theirs: Entry) {
        ourHeader = ours.headerBytes
        ourSignature = ours.signature
        theirHeader = theirs.headerBytes
        theirSignature = theirs.signature
    }
}
