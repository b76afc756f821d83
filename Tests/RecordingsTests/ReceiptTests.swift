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
        let batch = try ReceiptBatch(signing: (0..<count).map(Self.receipt), key: key)
        #expect(batch.ids == (0..<count).map { "id\($0)" } && batch.bytes.count <= ReceiptLimits.maxBatchBytes)
        let kept = try ReceiptBatch(decoding: batch.bytes)
        #expect(kept.ids == batch.ids && kept.bytes == batch.bytes)
        #expect(try kept.receipt("id\(count)") == nil)
        // Each reading goes over the whole batch: of a large one, both ends and some between.
        for index in 0..<count where count < 10 || index % 32 == 1 || index == 0 || index == count - 1 {
            let receipt = try #require(try batch.receipt("id\(index)"))
            #expect(try kept.receipt("id\(index)") == receipt)
            let bytes = receipt.bytes
            #expect(bytes.count <= ReceiptLimits.maxBytes)
            let read = try SignedReceipt(decoding: bytes)
            #expect(read == receipt && read.receipt == Self.receipt(index) && read.node == key.publicKey.node)
        }
    }

    @Test("None, or too many, are no batch")
    func batchLimits() {
        #expect(throws: RecordingError.self) { _ = try ReceiptBatch(signing: [], key: SigningKey()) }
        #expect(throws: RecordingError.self) {
            _ = try ReceiptBatch(signing: (0...ReceiptLimits.maxBatch).map(Self.receipt), key: SigningKey())
        }
    }

    @Test("No byte of a receipt can be changed, taken or added")
    func tampering() throws {
        let batch = try ReceiptBatch(signing: (0..<5).map(Self.receipt), key: SigningKey())
        let bytes = try #require(try batch.receipt("id3")).bytes
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x10
            #expect((try? SignedReceipt(decoding: changed)) == nil)
            #expect((try? SignedReceipt(decoding: Array(bytes[..<index]))) == nil)
        }
        #expect(throws: RecordingError.self) { _ = try SignedReceipt(decoding: bytes + [0]) }
        for index in batch.bytes.indices {
            var changed = batch.bytes
            changed[index] ^= 0x10
            // A changed id is no longer found.
            #expect((try? ReceiptBatch(decoding: changed).receipt("id3")) == nil)
            #expect((try? ReceiptBatch(decoding: Array(batch.bytes[..<index]))) == nil)
        }
    }
}
