import Blake3
import Identity

/// Which records' signatures were found valid lately, by a hash of their bytes: a lookup hears of a record from many
/// replicas. Bounded: two generations, of which the older is forgotten when the younger is full.
struct VerifiedRecords: Sendable {
    /// Hashes of a generation; 32 bytes each and as much again for the set.
    static let generationSize = 8_192

    private var young: Set<Digest> = []
    private var old: Set<Digest> = []

    static func hash(_ record: ProviderRecord) -> Digest { Blake3.hash(record.signed) }

    func contains(_ hash: Digest) -> Bool { young.contains(hash) || old.contains(hash) }

    mutating func insert(_ hash: Digest) {
        if young.count >= VerifiedRecords.generationSize {
            old = young
            young.removeAll(keepingCapacity: true)
        }
        young.insert(hash)
    }
}
