public import Foundation

/// Entries of a log that follow each other, and where the log ended when they were read.
public struct LogPage: Sendable {
    /// As ``LedgerLog/entries(from:limit:byteLimit:)`` gives them.
    public let entries: [Data]
    /// Nil from an engine that does not tell both at once.
    public let head: LogHead?

    public init(entries: [Data], head: LogHead?) {
        self.entries = entries
        self.head = head
    }
}
