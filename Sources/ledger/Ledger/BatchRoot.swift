import Blake3
import Foundation

/// The Merkle root over the transactions of an entry.
enum BatchRoot {
    /// H_root(number ‖ tree), where a level's odd last node moves up as it is and no transactions give 32 zero bytes.
    static func compute(_ transactions: [Data]) -> Digest {
        var level = transactions.map { LedgerHash.batchLeaf($0) }
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map { index in
                index + 1 < level.count ? LedgerHash.batchInner(level[index], level[index + 1]) : level[index]
            }
        }
        var encoder = RowEncoder()
        encoder.append(count: transactions.count)
        encoder.append(level.first ?? Digest(unsafeUninitialized: { _ in }))
        return LedgerHash.batchRoot(encoder.bytes)
    }
}
