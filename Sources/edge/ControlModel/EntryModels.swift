/// One step of the ledger, decoded: `GET /api/v1/ledger/entries/<sequence>`.
public struct EntryInfo: Codable, Sendable, Equatable {
    public var sequence: UInt64
    /// The hash of its header, 64 hexadecimal digits.
    public var hash: String
    public var previousHash: String
    /// Milliseconds since 1970.
    public var timeMilliseconds: Int64
    /// The Merkle root over the transactions.
    public var batchRoot: String
    /// The state root before this entry.
    public var stateRootBefore: String
    /// The node that signed it.
    public var sequencer: String
    public var byteCount: Int
    /// In their order.
    public var transactions: [TransactionInfo]

    public init(
        sequence: UInt64, hash: String, previousHash: String, timeMilliseconds: Int64, batchRoot: String,
        stateRootBefore: String, sequencer: String, byteCount: Int, transactions: [TransactionInfo]
    ) {
        self.sequence = sequence
        self.hash = hash
        self.previousHash = previousHash
        self.timeMilliseconds = timeMilliseconds
        self.batchRoot = batchRoot
        self.stateRootBefore = stateRootBefore
        self.sequencer = sequencer
        self.byteCount = byteCount
        self.transactions = transactions
    }
}

/// One transaction of the ledger: `GET /api/v1/ledger/transactions/<id>`, and in ``EntryInfo``.
public struct TransactionInfo: Codable, Sendable, Equatable {
    /// One of the values that the transaction carries, as text for people.
    public struct Argument: Codable, Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// 64 hexadecimal digits; empty for bytes that are no transaction.
    public var id: String
    /// The entry that holds it; for one that no entry holds because a sequencer refused it, the last entry at that time.
    public var sequence: UInt64
    /// `account` or `node`; empty for bytes that are no transaction and where only the refusal is known.
    public var signerKind: String
    /// The account's or node's id.
    public var signer: String
    public var nonce: UInt64
    /// After this ledger time it is refused; milliseconds since 1970.
    public var validUntilMilliseconds: Int64?
    /// What it asks for, such as `transfer`.
    public var verb: String
    public var arguments: [Argument]
    /// `applied`, `refused`, or nil where the node's index does not know any more.
    public var outcome: String?
    /// The release that it published, if it did.
    public var release: String?
    /// Why it was refused: a stable code such as `ledger/bad-nonce`.
    public var refusalCode: String?
    public var refusalMessage: String?

    public init(
        id: String, sequence: UInt64, signerKind: String, signer: String, nonce: UInt64,
        validUntilMilliseconds: Int64? = nil, verb: String, arguments: [Argument], outcome: String? = nil,
        release: String? = nil, refusalCode: String? = nil, refusalMessage: String? = nil
    ) {
        self.id = id
        self.sequence = sequence
        self.signerKind = signerKind
        self.signer = signer
        self.nonce = nonce
        self.validUntilMilliseconds = validUntilMilliseconds
        self.verb = verb
        self.arguments = arguments
        self.outcome = outcome
        self.release = release
        self.refusalCode = refusalCode
        self.refusalMessage = refusalMessage
    }
}
