import Blake3
import Foundation

/// The Merkle root over the transactions of an entry.
enum BatchRoot {
    /// H_root(number ‖ tree), where a level's odd last node moves up as it is and no transactions give 32 zero bytes.
    static func compute(_ transactions: [Data]) -> Digest {
        var inputs = HashInputs()
        for transaction in transactions { inputs.append { $0.append(contentsOf: transaction) } }
        var level = inputs.hashed(with: .batchLeaf)
        while level.count > 1 {
            let pairByteCount = level.count / 2 * 2 * Digest.byteCount
            var above = level.withUnsafeBytes {
                LedgerHash.batchInner.each(
                    UnsafeRawBufferPointer(rebasing: $0[..<pairByteCount]), byteCount: 2 * Digest.byteCount)
            }
            if level.count % 2 == 1, let last = level.last { above.append(last) }
            level = above
        }
        var encoder = RowEncoder()
        encoder.append(count: transactions.count)
        encoder.append(level.first ?? Digest(unsafeUninitialized: { _ in }))
        return LedgerHash.batchRoot(encoder.bytes)
    }
}
