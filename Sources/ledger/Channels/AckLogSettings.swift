/// How a node keeps what was acknowledged.
public struct AckLogSettings: Sendable, Hashable {
    /// How long a record waits for others before it is written with them, unless somebody waits for the disk. Default 20 ms:
    /// at 10,240 acknowledgments a second about 200 share a write, which costs its thread more than all of them. A crash
    /// loses at most what came in this time and the time of a write; any later acknowledgment covers it.
    public var groupTime = Duration.milliseconds(20)
    /// The log's size, allocated in advance; 16 MiB, at least 4 KiB. It doubles with the channels, to four times of what
    /// they take.
    public var byteCount = 16 << 20
    /// Records that may wait to be written, in bytes: 4 MiB, about 95,000. When the disk is so far behind, no more is
    /// accepted.
    public var maxWaitingBytes = 4 << 20
    /// How long the log rests before it is tried again after it could not be written. Default 5 s.
    public var retryTime = Duration.seconds(5)

    public init() {}
}
