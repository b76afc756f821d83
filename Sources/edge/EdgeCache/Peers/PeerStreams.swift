import Identity

/// Bodies that other nodes read from this one while they arrive.
struct PeerStreams: Sendable {
    /// Bodies at a time; the longest unread goes first.
    static let capacity = 4_096
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
    private var last: UInt64 = 0

    mutating func add(_ spool: Spool, _ range: Range<Int>, for reader: NodeID, now: Int64) -> UInt64 {
        if streams.count >= PeerStreams.capacity {
            streams = streams.filter { now - $0.value.lastRead < PeerStreams.patience }
            if streams.count >= PeerStreams.capacity,
                let oldest = streams.min(by: { $0.value.lastRead < $1.value.lastRead })
            {
                streams[oldest.key] = nil
            }
        }
        last += 1
        streams[last] = Stream(spool: spool, range: range, reader: reader, lastRead: now)
        return last
    }

    mutating func read(_ id: UInt64, by reader: NodeID, now: Int64) -> Stream? {
        guard let stream = streams[id], stream.reader == reader else { return nil }
        streams[id]?.lastRead = now
        return stream
    }

    mutating func remove(_ id: UInt64) { streams[id] = nil }

    mutating func sweep(now: Int64) { streams = streams.filter { now - $0.value.lastRead < PeerStreams.patience } }
}
