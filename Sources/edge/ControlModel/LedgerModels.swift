public import Foundation

/// The newest state of the ledger that a committee signed, as a node reports it. Nothing here is proved: proofs are.
public struct CertifiedInfo: Codable, Sendable, Equatable {
    /// The entry after which the signed state stands.
    public var sequence: UInt64
    /// That entry's hash, 64 hexadecimal digits.
    public var entryHash: String
    /// The state root after it.
    public var stateRoot: String
    /// That entry's time in milliseconds since 1970.
    public var timeMilliseconds: Int64
    /// The epoch in which it was signed.
    public var epoch: UInt64
    /// Weight of the committee's members whose signatures the certificate carries.
    public var votesWeight: UInt64
    /// Weight of all members; a certificate has more than two thirds of it.
    public var totalWeight: UInt64

    public init(
        sequence: UInt64, entryHash: String, stateRoot: String, timeMilliseconds: Int64, epoch: UInt64,
        votesWeight: UInt64, totalWeight: UInt64
    ) {
        self.sequence = sequence
        self.entryHash = entryHash
        self.stateRoot = stateRoot
        self.timeMilliseconds = timeMilliseconds
        self.epoch = epoch
        self.votesWeight = votesWeight
        self.totalWeight = totalWeight
    }
}

/// Where a node's ledger is: `GET /api/v1/ledger/head`.
public struct LedgerHeadInfo: Codable, Sendable, Equatable {
    /// The hash of the genesis, 64 hexadecimal digits.
    public var network: String
    /// The last entry that the node applied; 0 is the genesis.
    public var sequence: UInt64
    /// That entry's hash.
    public var hash: String
    /// The state root after it: equal on every node at the same sequence.
    public var stateRoot: String
    /// That entry's time in milliseconds since 1970.
    public var timeMilliseconds: Int64
    /// The node that orders transactions, as far as this one knows.
    public var sequencer: String?
    public var epoch: UInt64
    /// Transactions in entries that changed the state.
    public var appliedTransactions: UInt64
    /// Transactions in entries that did not.
    public var refusedTransactions: UInt64
    /// Nil until a committee signed a state that this node still knows.
    public var certified: CertifiedInfo?
    /// Why the node's ledger halted, if it did.
    public var failure: String?

    public init(
        network: String, sequence: UInt64, hash: String, stateRoot: String, timeMilliseconds: Int64,
        sequencer: String?, epoch: UInt64, appliedTransactions: UInt64, refusedTransactions: UInt64,
        certified: CertifiedInfo?, failure: String?
    ) {
        self.network = network
        self.sequence = sequence
        self.hash = hash
        self.stateRoot = stateRoot
        self.timeMilliseconds = timeMilliseconds
        self.sequencer = sequencer
        self.epoch = epoch
        self.appliedTransactions = appliedTransactions
        self.refusedTransactions = refusedTransactions
        self.certified = certified
        self.failure = failure
    }
}

/// Where a node's log begins, and the snapshot that stands for what came before: `GET /api/v1/ledger/base`.
public struct LedgerBaseInfo: Codable, Sendable, Equatable {
    /// The last entry that the snapshot covers.
    public var sequence: UInt64
    /// That entry's hash, 64 hexadecimal digits.
    public var hash: String
    /// The state root after it.
    public var stateRoot: String
    /// The blob that holds the snapshot: its CID.
    public var snapshot: String
    public var snapshotByteCount: UInt64
    /// The encoded certificate of the checkpoint at ``sequence``.
    public var certificate: Data

    public init(
        sequence: UInt64, hash: String, stateRoot: String, snapshot: String, snapshotByteCount: UInt64,
        certificate: Data
    ) {
        self.sequence = sequence
        self.hash = hash
        self.stateRoot = stateRoot
        self.snapshot = snapshot
        self.snapshotByteCount = snapshotByteCount
        self.certificate = certificate
    }
}
