import Blake3
package import Foundation
package import Ledger
import Synchronization

/// Transactions that were handed in at this node a moment ago, so that their signatures are not verified again when they come
/// back in an entry.
package final class VerifiedBook: Sendable {
    /// Transactions that are remembered, the newest.
    package static let maxCount = 4_096
    /// Longer ones are not remembered: they are rare, and what they cost is not their signature.
    package static let maxByteCount = 1_024

    private struct Pages {
        var known: [Digest: SignedTransaction] = [:]
        /// In the order in which they came; the oldest is at `next` once the ring is full.
        var ring: [Digest] = []
        var next = 0
    }

    private let pages = Mutex(Pages())

    package init() {}

    package func note(_ transaction: SignedTransaction) {
        guard transaction.bytes.count <= VerifiedBook.maxByteCount else { return }
        let digest = VerifiedBook.digest(transaction.bytes)
        pages.withLock { pages in
            guard pages.known.updateValue(transaction, forKey: digest) == nil else { return }
            if pages.ring.count < VerifiedBook.maxCount { return pages.ring.append(digest) }
            pages.known[pages.ring[pages.next]] = nil
            pages.ring[pages.next] = digest
            pages.next = (pages.next + 1) % VerifiedBook.maxCount
        }
    }

    /// The transaction of exactly these bytes, if it is remembered.
    package func transaction(_ bytes: Data) -> SignedTransaction? {
        guard bytes.count <= VerifiedBook.maxByteCount, !pages.withLock({ $0.ring.isEmpty }) else { return nil }
        let digest = VerifiedBook.digest(bytes)
        return pages.withLock { $0.known[digest] }
    }

    /// Not `Data`'s own hash, which looks at the first bytes only: whoever signs could have many share it.
    private static func digest(_ bytes: Data) -> Digest { bytes.withUnsafeBytes { Blake3.hash($0) } }
}
