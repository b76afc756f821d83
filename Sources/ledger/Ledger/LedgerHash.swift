import Blake3
import Foundation

/// The hash functions of the ledger: one key a purpose, so that no hash of one kind can stand for another.
///
/// Each is BLAKE3's keyed mode under a key derived from the purpose's name.
struct LedgerHash: Sendable {
    private let key: Digest

    private init(_ purpose: String) {
        key = UnsafeRawBufferPointer(start: nil, count: 0).withDerivedKey("skerry 2026-11 ledger \(purpose)")
    }

    static let genesis = LedgerHash("genesis")
    static let transaction = LedgerHash("transaction id")
    static let release = LedgerHash("release id")
    static let entry = LedgerHash("entry header")
    static let batchLeaf = LedgerHash("batch leaf")
    static let batchInner = LedgerHash("batch inner")
    static let batchRoot = LedgerHash("batch root")
    static let rowPath = LedgerHash("row path")
    static let rowLeaf = LedgerHash("row leaf")
    static let rowInner = LedgerHash("row inner")
    static let stateRoot = LedgerHash("state root")
    static let fixedPart = LedgerHash("state fixed part")
    static let committee = LedgerHash("committee")
    static let checkpoint = LedgerHash("checkpoint")
    static let beaconCommit = LedgerHash("beacon commitment")
    static let beaconSeed = LedgerHash("beacon seed")
    static let draw = LedgerHash("committee draw")
    static let observerDraw = LedgerHash("observer draw")
    static let evidence = LedgerHash("fault evidence")

    func callAsFunction(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { Blake3.keyedHash(key: key, $0) }
    }

    func callAsFunction(_ bytes: Data) -> Digest {
        bytes.withUnsafeBytes { Blake3.keyedHash(key: key, $0) }
    }

    func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> Digest { Blake3.keyedHash(key: key, bytes) }

    /// The hashes of many inputs of `byteCount` bytes, at most `Blake3.maxManyByteCount`, each filled up with zeros to
    /// `Blake3.paddedByteCount(byteCount)` bytes.
    func each(_ inputs: UnsafeRawBufferPointer, byteCount: Int) -> [Digest] {
        Blake3.keyedHashes(key: key, inputs, byteCount: byteCount)
    }

    /// The same, written one after the other to `digests`, 32 bytes each.
    func each(
        _ inputs: UnsafeRawBufferPointer, byteCount: Int, into digests: UnsafeMutableRawBufferPointer
    ) {
        Blake3.keyedHashes(key: key, inputs, byteCount: byteCount, into: digests)
    }

    /// The hash of the two digests' 64 bytes.
    func callAsFunction(_ left: Digest, _ right: Digest) -> Digest {
        withUnsafeTemporaryAllocation(byteCount: 2 * Digest.byteCount, alignment: 8) { pair in
            left.withUnsafeBytes { pair.copyMemory(from: $0) }
            right.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: pair[Digest.byteCount...]).copyMemory(from: $0)
            }
            return Blake3.keyedHash(key: key, UnsafeRawBufferPointer(pair))
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func withDerivedKey(_ context: String) -> Digest { Blake3.deriveKey(context: context, self) }
}
