public import Blake3
public import Foundation
public import Identity
import SwiftProtobuf
import Wire

/// One step of the ledger: a batch of transactions in their order, chained to the step before and signed by the
/// sequencer.
public struct Entry: Hashable, Sendable {
    /// Transactions of an entry at most.
    public static let maxTransactions = 256
    /// Bytes of an entry's transactions at most, together.
    public static let maxBatchByteCount = 524_288
    /// The largest encoding in bytes: a full batch, six bytes of framing a transaction, header and signature.
    public static let maxByteCount = maxBatchByteCount + 6 * maxTransactions + 1_024

    static let domain = Data("skerry 2026-11 entry\n".utf8)

    /// The one encoding.
    public let bytes: Data
    /// What the signature covers, after a domain prefix.
    public let headerBytes: Data
    public let signature: Data
    /// The hash of ``headerBytes``: the chain's link.
    public let hash: Digest

    public let networkID: NetworkID
    /// 1 is the first after the genesis.
    public let sequence: UInt64
    /// The hash of the entry before, or the network id for sequence 1.
    public let previousHash: Digest
    /// Never before the entry before; milliseconds since 1970-01-01T00:00:00Z.
    public let timeMilliseconds: Int64
    /// The Merkle root over ``transactions``.
    public let batchRoot: Digest
    /// The root of the state after the entry before.
    public let stateRoot: Digest
    /// The node that signed it.
    public let sequencer: NodeID
    /// Each the bytes of a transaction, or of what the sequencer passed off as one.
    public let transactions: [Data]

    /// Reads an entry. Nothing is verified: ``LedgerState/apply(_:)-(Entry)`` does that.
    ///
    /// - Throws: `.tooLarge` or `.malformed`. Any bytes are allowed.
    public init(decoding bytes: Data) throws(LedgerError) {
        let message = try LedgerPBEntry.decodeCanonical(bytes, limit: Entry.maxByteCount, what: "entry")
        let header = try LedgerPBEntryHeader.decodeCanonical(
            message.header, limit: Entry.maxByteCount, what: "entry's header")
        try Entry.checkBounds(message.transactions)
        self.bytes = bytes
        headerBytes = message.header
        signature = message.signature
        hash = LedgerHash.entry(message.header)
        networkID = NetworkID(try Digest.decode(header.networkID, what: "network id"))
        sequence = header.sequence
        previousHash = try Digest.decode(header.previousHash, what: "previous hash")
        timeMilliseconds = header.timeMs
        batchRoot = try Digest.decode(header.batchRoot, what: "batch root")
        stateRoot = try Digest.decode(header.stateRoot, what: "state root")
        sequencer = NodeID(try Digest.decode(header.sequencer, what: "sequencer's id"))
        transactions = message.transactions
    }

    /// Makes and signs the entry that follows `state`.
    ///
    /// - Parameters:
    ///   - transactions: At most ``maxTransactions`` and ``maxBatchByteCount``; they are not executed here.
    ///   - timeMilliseconds: Taken as the state's own time if it is earlier.
    ///   - key: A sequencer's; with any other the entry is refused everywhere.
    /// - Throws: `.tooLarge`, or what the key's library throws.
    public init(
        following state: LedgerState, transactions: [SignedTransaction], timeMilliseconds: Int64, key: SigningKey
    ) throws {
        try self.init(
            following: state, rawTransactions: transactions.map(\.bytes), timeMilliseconds: timeMilliseconds, key: key)
    }

    init(
        following state: LedgerState, rawTransactions: [Data], timeMilliseconds: Int64, key: SigningKey
    ) throws {
        let header = LedgerPBEntryHeader.with {
            $0.networkID = state.networkID.digest.data
            $0.sequence = state.sequence &+ 1
            $0.previousHash = state.headHash.data
            $0.timeMs = max(timeMilliseconds, state.timeMilliseconds)
            $0.batchRoot = BatchRoot.compute(rawTransactions).data
            $0.stateRoot = state.root.data
            $0.sequencer = key.publicKey.node.digest.data
        }
        let headerBytes = header.canonicalBytes
        let signature = try key.sign(Entry.domain + headerBytes)
        let message = LedgerPBEntry.with {
            $0.header = headerBytes
            $0.signature = signature
            $0.transactions = rawTransactions
        }
        try self.init(decoding: message.canonicalBytes)
    }

    /// Whether the header is signed by `key`.
    public func isSigned(by key: PublicKey) -> Bool {
        key.isValidSignature(signature, for: Entry.domain + headerBytes)
    }

    public static func == (left: Entry, right: Entry) -> Bool { left.bytes == right.bytes }

    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    private static func checkBounds(_ transactions: [Data]) throws(LedgerError) {
        guard transactions.count <= maxTransactions else {
            throw LedgerError(
                .tooLarge, "The entry has \(transactions.count) transactions; at most \(maxTransactions) are allowed")
        }
        let byteCount = transactions.reduce(0) { $0 + $1.count }
        guard byteCount <= maxBatchByteCount else {
            throw LedgerError(
                .tooLarge, "The entry's transactions have \(byteCount) bytes; at most \(maxBatchByteCount) are allowed")
        }
    }
}
