import Blake3
import Foundation
public import Identity

/// A receipt with what proves that a node signed it: its place in a batch, the path to the batch's root, and the node's
/// Ed25519 signature over that root. There is no value of this type whose proof was not checked.
public struct SignedReceipt: Hashable, Sendable {
    private static let magic = Array("skerryC1".utf8)
    private static let maxDepth = 8
    static let signatureBytes = 64

    /// What the node says.
    public let receipt: Receipt
    /// Who says so.
    public let key: PublicKey
    /// The receipt's place in its batch.
    public let place: Int
    /// Receipts in the batch, 1 to ``ReceiptLimits/maxBatch``.
    public let batchCount: Int
    private let path: [Digest]
    private let signature: Data

    /// The node that says so.
    public var node: NodeID { key.node }

    /// - Throws: ``RecordingError`` `.badSignature` if path and signature do not prove the receipt.
    init(
        checking receipt: Receipt, key: PublicKey, place: Int, batchCount: Int, path: [Digest], signature: Data
    ) throws(RecordingError) {
        guard (1...ReceiptLimits.maxBatch).contains(batchCount), place < batchCount,
            let root = ReceiptTree.root(of: receipt.leaf, at: place, of: batchCount, path: path),
            key.isValidSignature(signature, for: SignedReceipt.message(root, batchCount))
        else {
            throw RecordingError(
                .badSignature, "The receipt is not what its node signed: it was changed, or damaged on its way")
        }
        self.receipt = receipt
        self.key = key
        self.place = place
        self.batchCount = batchCount
        self.path = path
        self.signature = signature
    }

    /// The form in which receipts travel and are kept, at most ``ReceiptLimits/maxBytes``.
    public var bytes: [UInt8] {
        var writer = CanonicalWriter()
        writer.raw(SignedReceipt.magic)
        receipt.write(to: &writer)
        writer.integer(UInt16(truncatingIfNeeded: place))
        writer.integer(UInt16(truncatingIfNeeded: batchCount))
        writer.integer(UInt32(truncatingIfNeeded: path.count))
        for digest in path { writer.digest(digest) }
        writer.raw(key.bytes)
        writer.raw(signature)
        return writer.bytes
    }

    /// Reads a receipt and checks path and signature. Never traps.
    ///
    /// Whether the key is that of a node of the network is for the caller to find out.
    ///
    /// - Throws: ``RecordingError``.
    public init(decoding bytes: [UInt8]) throws(RecordingError) {
        guard bytes.count <= ReceiptLimits.maxBytes else {
            throw RecordingError(.tooLarge, "Receipts have at most \(ReceiptLimits.maxBytes) bytes")
        }
        let magic = SignedReceipt.magic
        guard bytes.starts(with: magic.dropLast()) else {
            throw RecordingError(.malformed, "This is no receipt; `skerry receipts show` gets them")
        }
        guard bytes.starts(with: magic) else {
            throw RecordingError(.version, "The receipt is of another version; use the skerry that made it")
        }
        var reader = CanonicalReader(bytes[magic.count...])
        let receipt = try Receipt(reading: &reader)
        let place = Int(try reader.integer("place") as UInt16)
        let batchCount = Int(try reader.integer("batch") as UInt16)
        let depth = try reader.count("path", limit: SignedReceipt.maxDepth, itemBytes: Digest.byteCount)
        var path: [Digest] = []
        for _ in 0..<depth { path.append(try reader.digest("path")) }
        guard let key = PublicKey(Data(try reader.raw(PublicKey.byteCount, "key"))) else {
            throw RecordingError(.malformed, "The key in the receipt is none")
        }
        let signature = Data(try reader.raw(SignedReceipt.signatureBytes, "signature"))
        try reader.finish()
        try self.init(
            checking: receipt, key: key, place: place, batchCount: batchCount, path: path, signature: signature)
    }

    /// What the node signs for a batch.
    static func message(_ root: Digest, _ count: Int) -> Data {
        Data("skerry receipts v1\n\(count)\n\(root.hex)\n".utf8)
    }
}
