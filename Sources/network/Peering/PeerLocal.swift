import Foundation
import Identity
import Logging

/// What the local side of every peer connection brings along.
struct PeerLocal: Sendable {
    /// The hash of the genesis: 32 bytes.
    let network: Data
    /// The highest ledger entry applied here.
    let ledgerSequence: @Sendable () -> UInt64
    let handler: any PeerRequestHandler
    let logger: Logger
    /// What this side speaks.
    var offer = PeerOffer.current
}
