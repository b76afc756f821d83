public import Ledger

/// What a log stores at once: an entry, and the index of what it did.
public struct LogRecord: Sendable {
    public let entry: Entry
    /// What became of the entry's transactions, in its order; bytes that are no transaction have none. An engine
    /// without an index ignores them.
    public let outcomes: [RecordedOutcome]
    /// The handover that the entry made effective, if it did: it outlives the entry in the log.
    public let handover: Handover?

    public init(entry: Entry, outcomes: [RecordedOutcome], handover: Handover? = nil) {
        self.entry = entry
        self.outcomes = outcomes
        self.handover = handover
    }
}
