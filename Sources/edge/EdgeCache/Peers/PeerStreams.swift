import Identity

/// Bodies that other nodes read from this one while they arrive.
struct PeerStreams: Sendable {
    /// Bodies at a time; the longest unread goes first.
    static let capacity = 4_096
    /// Bodies of one reader at a time, so that none takes the places of others; its longest unread goes first.
    static let maxOfReader = 512
    /// How long one may stay unread, in milliseconds.
    static let patience: Int64 = 60_000

    struct Stream: Sendable {
        let spool: Spool
        /// What of it is meant.
        let range: Range<Int>
        let reader: NodeID
        var lastRead: Int64
    }

    private var streams: [UInt64: Stream] = [:]
    private var counts: [NodeID: Int] = [:]
    private var last: UInt64 = 0

    mutating func add(_ spool: Spool, _ range: Range<Int>, for reader: NodeID, now: Int64) -> UInt64 {
        if counts[reader, default: 0] >= PeerStreams.maxOfReader { removeLongestUnread { $0.reader == reader } }
        if streams.count >= PeerStreams.capacity { sweep(now: now) }
        if streams.count >= PeerStreams.capacity { removeLongestUnread { _ in true } }
        last += 1
        streams[last] = Stream(spool: spool, range: range, reader: reader, lastRead: now)
        counts[reader, default: 0] += 1
        return last
    }

    mutating func read(_ id: UInt64, by reader: NodeID, now: Int64) -> Stream? {
        guard let stream = streams[id], stream.reader == reader else { return nil }
        streams[id]?.lastRead = now
        return stream
    }

    mutating func remove(_ id: UInt64) {
        guard let reader = streams.removeValue(forKey: id)?.reader else { return }
        let count = counts[reader, default: 1] - 1
        counts[reader] = count > 0 ? count : nil
    }

    mutating func sweep(now: Int64) {
        for id in streams.filter({ now - $0.value.lastRead >= PeerStreams.patience }).keys { remove(id) }
    }

    private mutating func removeLongestUnread(where isMeant: (Stream) -> Bool) {
        var longest: (id: UInt64, lastRead: Int64)?
        for (id, stream) in streams where isMeant(stream) && stream.lastRead < longest?.lastRead ?? .max {
            longest = (id, stream.lastRead)
        }
        if let longest { remove(longest.id) }
    }
}
