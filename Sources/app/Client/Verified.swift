public import Ledger

/// What a proof and a certificate show: trusting nobody, from the id of the genesis on.
public struct Verified<Value: Sendable>: Sendable {
    /// The proved row; nil if it is proved that there is none.
    public let value: Value?
    /// The state in which that holds, which more than two thirds of the committee's weight signed.
    public let checkpoint: Checkpoint
    /// The ledger's time in that state, in milliseconds since 1970.
    public let timeMilliseconds: Int64
    /// Members of the committee that signed.
    public let signatures: Int

    init(value: Value?, checkpoint: Checkpoint, timeMilliseconds: Int64, signatures: Int) {
        self.value = value
        self.checkpoint = checkpoint
        self.timeMilliseconds = timeMilliseconds
        self.signatures = signatures
    }
}
