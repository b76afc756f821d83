public import NIOCore

/// How a node fetches from its peers and serves them.
public struct ExchangeSettings: Sendable {
    /// Blocks in flight with one provider at most: 32 × 256 KiB = 8 MiB. The window follows rate × round trip; raise the
    /// limit where that product is larger (1 Gbit/s × 60 ms is 8 MiB).
    public var window = 32
    /// Providers that one fetch asks at the same time.
    public var maxProviders = 8
    /// Memory for the blocks of one fetch that are on their way or being written; in bytes, 32 MiB.
    public var fetchMemoryBytes = 32 << 20
    /// How far ahead of a reader the blocks of a large blob are fetched, in bytes: 64 MiB. Bounds what a reader that stops
    /// leaves on the disk; fetching a whole blob knows no such limit.
    public var readAheadBytes = 64 << 20
    /// The same for a blob that is not kept: it stays in memory until it is read; 16 MiB.
    public var streamWindowBytes = 16 << 20
    /// Second requests for late blocks as a share of all; 0 switches them off.
    public var hedgeShare = 0.1
    /// Bytes a second that a provider must deliver while it owes blocks, or it is dropped: 16 KiB/s.
    public var minimumRate = 16 << 10
    /// The time over which that is measured, and for which a provider may answer nothing but that it is busy.
    public var stallTime = TimeAmount.seconds(3)
    /// How long a provider that serves enough of our requests is left alone.
    public var busyPause = TimeAmount.milliseconds(20)
    /// How long a provider may take for a block however steadily it delivers.
    public var blockTimeout = TimeAmount.seconds(30)
    /// How long a peer may take to be reached and to say whether it has a blob.
    public var locateTimeout = TimeAmount.seconds(2)
    /// Peers that are asked at the same time whether they have a blob.
    public var maxLocating = 32
    /// How long a fetch that lacks a provider looks for one.
    public var searchTimeout = TimeAmount.seconds(10)
    /// Between two searches of a fetch that lacks a provider.
    public var searchInterval = TimeAmount.milliseconds(500)
    /// How long a provider may take for each answer with which it proves a blob's size and block values.
    public var proofTimeout = TimeAmount.seconds(5)
    /// The same for all of them: the values of 64 GiB come in 32 answers, 8 MiB in all. Who is slower would need a day for
    /// such a blob.
    public var maxProofTime = TimeAmount.seconds(15)
    /// Between the start of a fetch and its first search for further providers; doubles up to
    /// ``maxRediscoverInterval``.
    public var rediscoverInterval = TimeAmount.seconds(1)
    /// The longest such pause.
    public var maxRediscoverInterval = TimeAmount.seconds(30)
    /// How often providers that hold a part of the blob are asked what they hold by now.
    public var refreshInterval = TimeAmount.milliseconds(250)
    /// How long a fetch that nobody reads stays open. What it has stays on disk after that.
    public var idleTimeout = TimeAmount.seconds(30)
    /// How long the first peer that has a blob may take to prove it before the next is asked too.
    public var proofPause = TimeAmount.milliseconds(300)
    /// How long a provider that sent wrong bytes is not asked for any blob; doubles with each offence.
    public var banTime = TimeAmount.seconds(60)
    /// The longest such ban.
    public var maxBanTime = TimeAmount.hours(24)
    /// Blocks that are read or wait on the wire for all peers together; each peer may have one more. In bytes, 64 MiB.
    public var servingMemoryBytes = 64 << 20
    /// The same for one peer: 16 MiB. A peer that does not read holds no more than this.
    public var servingMemoryBytesPerPeer = 16 << 20

    /// The defaults.
    public init() {}
}
