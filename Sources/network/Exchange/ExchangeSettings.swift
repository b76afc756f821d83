public import NIOCore

/// How a node fetches from its peers.
public struct ExchangeSettings: Sendable {
    /// Blocks in flight with one provider: 16 × 256 KiB = 4 MiB keeps a loopback or LAN link busy. Raise it where
    /// bandwidth × round trip is larger.
    public var window = 16
    /// Providers that one fetch asks at the same time; with `window` it bounds the memory of a fetch to 32 MiB.
    public var maxProviders = 8
    /// How long a provider that serves enough of our requests is left alone.
    public var busyPause = TimeAmount.milliseconds(20)
    /// How long a provider may take for a block before others are asked instead.
    public var blockTimeout = TimeAmount.seconds(5)
    /// How long a peer may take to be reached and to say whether it has a blob.
    public var locateTimeout = TimeAmount.seconds(2)
    /// How long a fetch looks for new providers after all were lost.
    public var searchTimeout = TimeAmount.seconds(10)
    /// Between two rounds of asking all peers.
    public var searchInterval = TimeAmount.milliseconds(500)
    /// How long a fetch that nobody reads keeps what it has.
    public var idleTimeout = TimeAmount.seconds(30)
    /// How long the first peer that has a blob may take to prove it before the next is asked too.
    public var proofPause = TimeAmount.milliseconds(300)

    public init() {}
}
