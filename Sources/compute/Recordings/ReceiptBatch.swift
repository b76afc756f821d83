import Blake3
import Foundation
public import Identity

/// Receipts under one signature, one after another in canonical form. What proves a single one, its path through the
/// batch's tree, is made when somebody asks for it: nobody does for most.
public struct ReceiptBatch: Sendable {
    /// The ids of its receipts, in order; 1 to ``ReceiptLimits/maxBatch``.
    public let ids: [String]
    /// The form in which a batch is kept, at most ``ReceiptLimits/maxBatchBytes``.
    public let bytes: [UInt8]

    /// Signs receipts with one signature.
    ///
    /// - Throws: ``RecordingError`` `.tooLarge` for none or more than ``ReceiptLimits/maxBatch``.
    public init(signing receipts: [Receipt], key: SigningKey) throws {
        guard (1...ReceiptLimits.maxBatch).contains(receipts.count) else {
            throw RecordingError(
                .tooLarge, "\(receipts.count) receipts in one batch; it takes 1 to \(ReceiptLimits.maxBatch)")
        }
        var texts = CanonicalWriter(reserving: receipts.count * CanonicalWriter.usualBytes)
        var leaves: [Digest] = []
        leaves.reserveCapacity(receipts.count)
        for receipt in receipts {
            let start = texts.bytes.count
            receipt.write(to: &texts)
            leaves.append(texts.bytes.withUnsafeBytes { Receipt.leaf(of: $0[start...]) })
        }
        let root = ReceiptTree(leaves).root
        var writer = CanonicalWriter(reserving: texts.bytes.count + 128)
        writer.integer(UInt16(receipts.count))
        writer.raw(key.publicKey.bytes)
        writer.raw(try key.sign(SignedReceipt.message(root, receipts.count)))
        writer.raw(texts.bytes)
        bytes = writer.bytes
        ids = receipts.map(\.id)
    }

    /// Reads a batch that was kept; its signature is checked with each receipt that is taken out.
    ///
    /// - Throws: ``RecordingError`` `.malformed`.
    public init(decoding bytes: [UInt8]) throws(RecordingError) {
        ids = try ReceiptBatch.parts(bytes).receipts.map(\.id)
        self.bytes = bytes
    }

    /// The first receipt with an id, with what proves it; nil if there is none.
    ///
    /// - Throws: ``RecordingError`` `.badSignature` for a batch that is not what its node signed.
    public func receipt(_ id: String) throws(RecordingError) -> SignedReceipt? {
        guard let place = ids.firstIndex(of: id) else { return nil }
        let (key, signature, receipts) = try ReceiptBatch.parts(bytes)
        let path = ReceiptTree(receipts.map(\.leaf)).path(to: place)
        return try SignedReceipt(
            checking: receipts[place], key: key, place: place, batchCount: receipts.count, path: path,
            signature: signature)
    }

    private static func parts(
        _ bytes: [UInt8]
    ) throws(RecordingError) -> (key: PublicKey, signature: Data, receipts: [Receipt]) {
        var reader = CanonicalReader(bytes[...])
        let count = Int(try reader.integer("batch") as UInt16)
        guard let key = PublicKey(Data(try reader.raw(PublicKey.byteCount, "key"))),
            (1...ReceiptLimits.maxBatch).contains(count)
        else { throw RecordingError(.malformed, "This is no batch of receipts") }
        let signature = Data(try reader.raw(SignedReceipt.signatureBytes, "signature"))
        var receipts: [Receipt] = []
        receipts.reserveCapacity(count)
        for _ in 0..<count { receipts.append(try Receipt(reading: &reader)) }
        try reader.finish()
        return (key, signature, receipts)
    }
}
