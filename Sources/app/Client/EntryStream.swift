public import Ledger

/// A ledger's entries, one after the other as they come, without an end. Apply them to a `LedgerState` to verify them.
///
/// A node that does not answer is replaced by the next; if none answers, or the wrong entry comes, iterating throws.
/// Cancelling the task that iterates ends it.
public struct EntryStream: AsyncSequence, Sendable {
    public typealias Element = Entry

    /// How long a node holds a request for an entry that does not exist yet.
    private static let longPoll = Duration.seconds(20)

    let client: LedgerClient
    let first: UInt64

    public func makeAsyncIterator() -> Iterator { Iterator(client: client, sequence: first) }

    /// Reads page by page.
    public struct Iterator: AsyncIteratorProtocol {
        let client: LedgerClient
        var sequence: UInt64
        private var page: ArraySlice<Entry> = []

        init(client: LedgerClient, sequence: UInt64) {
            self.client = client
            self.sequence = sequence
        }

        public mutating func next() async throws -> Entry? {
            while page.isEmpty {
                try Task.checkCancellation()
                page = try await client.entries(from: sequence, wait: EntryStream.longPoll)
                    .map { try Entry(decoding: $0) }[...]
            }
            let entry = page.removeFirst()
            guard entry.sequence == sequence else {
                throw ClientError(
                    .badAnswer, "The node sent entry \(entry.sequence) in the place of \(sequence); ask another node")
            }
            sequence += 1
            return entry
        }
    }
}
