public import Ledger

/// What a log stores at once: an entry, and the index of what it applied.
public struct LogRecord: Sendable {
    public let entry: Entry
    /// The transactions of the entry that changed the state.
    public let applied: [AppliedTransaction]

    public init(entry: Entry, applied: [AppliedTransaction]) {
        self.entry = entry
        self.applied = applied
    }
}
