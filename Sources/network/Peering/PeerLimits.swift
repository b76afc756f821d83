public import NIOCore

/// Bounds on what a peer connection holds and how long it waits.
public struct PeerLimits: Sendable {
    /// Requests of one peer that a node serves at once; more are refused with `peer/busy`. Each may hold a 256 KiB
    /// block until it is written, so this bounds memory by connection to 16 MiB. Raise it on long, fat links.
    public var maxInboundRequests = 64
    /// Requests in flight to one peer; more fail at once.
    public var maxOutboundRequests = 4_096
    /// How long dialling, TLS and the exchange of hellos may take together.
    public var handshakeTimeout = TimeAmount.seconds(5)
    /// Between pings on a connection. A peer that does not answer within another such time is dropped.
    public var pingInterval = TimeAmount.seconds(5)
    /// How long an answer may take when the caller names no other time.
    public var requestTimeout = TimeAmount.seconds(10)
    /// How long a peer that could not be reached is left alone at first; doubles up to ``maxBackoff``.
    public var initialBackoff = TimeAmount.milliseconds(200)
    /// The longest such pause.
    public var maxBackoff = TimeAmount.seconds(10)
    /// Inbound connections in total; further ones are closed.
    public var maxInboundConnections = 1_024

    public init() {}
}
