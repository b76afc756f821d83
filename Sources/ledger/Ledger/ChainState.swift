import Blake3
import Identity
import SwiftProtobuf
import Wire

/// What the ledger's state holds beside its tables.
struct ChainState: Sendable {
    var parameters: NetworkParameters
    /// Fees and penalties.
    var treasury: UInt64 = 0
    /// All units there are: balances, stakes, what is unstaking, escrow and the treasury.
    var supply: UInt64 = 0
    /// Transactions in entries that changed the state.
    var appliedCount: UInt64 = 0
    /// Transactions in entries that did not.
    var refusedCount: UInt64 = 0
    var epoch: EpochState
    var checkpoints: CheckpointBook
    /// Nodes with penalties that wait for a certificate.
    var penalisedCount: UInt64 = 0

    /// The last entry that a recorded certificate covers; 0 is the genesis.
    var certifiedSequence: UInt64 { checkpoints.certifiedSequence }
}

extension ChainState {
    func encode(into encoder: inout RowEncoder) {
        encoder.append(LedgerPBParameters(parameters).canonicalBytes)
        encoder.append(treasury)
        encoder.append(supply)
        encoder.append(appliedCount)
        encoder.append(refusedCount)
        epoch.encode(into: &encoder)
        checkpoints.encode(into: &encoder)
        encoder.append(penalisedCount)
        // Only a round in which the parameter changed has a length of its own to tell.
        if epoch.lengthMilliseconds != parameters.epochMilliseconds { encoder.append(epoch.lengthMilliseconds) }
    }
}
