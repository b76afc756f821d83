import Blake3

/// Channels that are past their end, and how far the search for them came; see
/// ``LedgerState/channelsPastEnd(at:limit:after:)``.
public struct EndedChannels: Hashable, Sendable {
    /// A place in the table of channels. It holds in every later state too: rows come and go around it.
    public struct Cursor: Hashable, Sendable { let path: Digest }

    /// In the order in which the table has them, which means nothing to people.
    public internal(set) var channels: [ChannelID] = []
    /// Where the next search goes on; nil once the last channel was looked at.
    public internal(set) var next: Cursor?
}
