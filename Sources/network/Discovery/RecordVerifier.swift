import Identity

/// Verifies signatures, off the event loops and in pieces, so that many records neither stall a loop nor keep others
/// from a thread for long.
actor RecordVerifier {
    /// Signatures between two pauses: about 3 ms.
    private static let pieceCount = 32

    private var verified = VerifiedRecords()

    /// How many of the records, from the first on, are signed by the key that is given for them. What follows a forged
    /// record is not looked at: whoever sent it has no claim to our time.
    func countValid(_ records: [(record: ProviderRecord, key: PublicKey)]) async -> Int {
        for (index, (record, key)) in records.enumerated() {
            if index % RecordVerifier.pieceCount == RecordVerifier.pieceCount - 1 { await Task.yield() }
            guard verify(record, key) else { return index }
        }
        return records.count
    }

    private func verify(_ record: ProviderRecord, _ key: PublicKey) -> Bool {
        // The key is part of what the hash covers: it is the record's provider's or the check below fails.
        let hash = VerifiedRecords.hash(record)
        if verified.contains(hash), key.node == record.provider { return true }
        guard record.isSigned(by: key) else { return false }
        verified.insert(hash)
        return true
    }
}
