import Blake3
import Identity
public import Ledger

extension EntryInfo {
    /// - Parameter outcome: What the node's index knows of a transaction.
    public init(_ entry: Entry, outcome: (TransactionID) async throws -> Outcome?) async rethrows {
        var transactions: [TransactionInfo] = []
        for bytes in entry.transactions {
            switch Result(catching: { () throws(LedgerError) in try SignedTransaction(decoding: bytes) }) {
            case .success(let transaction):
                transactions.append(
                    TransactionInfo(transaction, sequence: entry.sequence, outcome: try await outcome(transaction.id)))
            case .failure(let error): transactions.append(TransactionInfo(error, sequence: entry.sequence))
            }
        }
        self.init(
            sequence: entry.sequence, hash: entry.hash.hex, previousHash: entry.previousHash.hex,
            timeMilliseconds: entry.timeMilliseconds, batchRoot: entry.batchRoot.hex,
            stateRootBefore: entry.stateRoot.hex, sequencer: entry.sequencer.description,
            byteCount: entry.bytes.count, transactions: transactions)
    }
}

extension TransactionInfo {
    /// A transaction that entry `sequence` holds.
    public init(_ transaction: SignedTransaction, sequence: UInt64, outcome: Outcome?) {
        let (kind, signer) =
            switch transaction.signer {
            case .account(let id): ("account", id.description)
            case .node(let id): ("node", id.description)
            }
        self.init(
            id: transaction.id.description, sequence: sequence, signerKind: kind, signer: signer,
            nonce: transaction.nonce, validUntilMilliseconds: transaction.validUntilMilliseconds,
            verb: transaction.action.verb, arguments: transaction.action.arguments)
        switch outcome {
        case .applied(let release)?:
            self.outcome = "applied"
            self.release = release?.description
        case .refused(let error)?:
            self.outcome = "refused"
            refusalCode = error.code.description
            refusalMessage = error.message
        case nil: break
        }
    }

    /// A transaction that a sequencer refused when the ledger ended at entry `sequence`: no entry holds it, and nothing but
    /// the reason is kept of it.
    public init(refused id: TransactionID, _ error: LedgerError, sequence: UInt64) {
        self.init(
            id: id.description, sequence: sequence, signerKind: "", signer: "", nonce: 0, verb: "refused",
            arguments: [],
            outcome: "refused", refusalCode: error.code.description, refusalMessage: error.message)
    }

    /// Bytes of entry `sequence` that are no transaction.
    init(_ error: LedgerError, sequence: UInt64) {
        self.init(
            id: "", sequence: sequence, signerKind: "", signer: "", nonce: 0, verb: "unreadable", arguments: [],
            outcome: "refused", refusalCode: error.code.description, refusalMessage: error.message)
    }
}
