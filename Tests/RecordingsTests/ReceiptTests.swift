import Blake3
import Identity
import Recordings
import Testing

@Suite("Receipts") struct ReceiptTests {
    private static func receipt(_ index: Int) -> Receipt {
        Receipt(
            id: "id\(index)", app: "shop", release: "r1", inputHash: Blake3.hash([UInt8(truncatingIfNeeded: index)]),
            isInputHeadOnly: index % 2 == 0, transcriptHash: index % 3 == 0 ? Blake3.hash([3]) : nil,
            outputHash: Blake3.hash([4]), status: 200, wallMicroseconds: 7, epoch: 3,
            timeMilliseconds: 1_700_000_000_000)
    }

    @Test("Each receipt of a batch proves itself", arguments: [1, 2, 3, 5, 8, 255, 256])
    func batches(count: Int) throws {
        let key = SigningKey()
        let signed = try SignedReceipt.sign((0..<count).map(Self.receipt), key: key)
        #expect(signed.count == count)
        for (index, receipt) in signed.enumerated() {
            let bytes = receipt.bytes
            #expect(bytes.count <= ReceiptLimits.maxBytes)
            let read = try SignedReceipt(decoding: bytes)
            #expect(read == receipt && read.receipt == Self.receipt(index) && read.node == key.publicKey.node)
        }
    }

    @Test("None, or too many, are no batch")
    func batchLimits() {
        #expect(throws: RecordingError.self) { _ = try SignedReceipt.sign([], key: SigningKey()) }
        #expect(throws: RecordingError.self) {
            _ = try SignedReceipt.sign(
                (0...ReceiptLimits.maxBatch).map(Self.receipt), key: SigningKey())
        }
    }

    @Test("No byte of a receipt can be changed, taken or added")
    func tampering() throws {
        let bytes = try SignedReceipt.sign((0..<5).map(Self.receipt), key: SigningKey())[3].bytes
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x10
            #expect(throws: RecordingError.self) { _ = try SignedReceipt(decoding: changed) }
            #expect(throws: RecordingError.self) { _ = try SignedReceipt(decoding: Array(bytes[..<index])) }
        }
        #expect(throws: RecordingError.self) { _ = try SignedReceipt(decoding: bytes + [0]) }
    }
}
