public import NIOCore

/// Bounds on what a peer connection holds and how long it waits.
public struct PeerLimits: Sendable {
    /// Requests of one peer that a node serves at once; more are refused with `peer/busy`. Each may hold a 256 KiB
    /// block until it is written, so this bounds memory by connection to 16 MiB. Raise it on long, fat links.
    public var maxInboundRequests = 64
    /// Requests on the wire to one peer; further ones wait for their turn, blocks behind everything else. Keep it at or
    /// below ``maxInboundRequests`` of the peers.
    public var maxRequestsInFlight = 64
    /// Calls of functions of one peer that a node serves at once, apart from other requests; more are refused with
    /// `peer/busy`. Each may hold a part of a body, 256 KiB at most, so this bounds memory by connection to 64 MiB.
    public var maxInboundCalls = 256
    /// The same on the side that calls; further ones wait for their turn.
    public var maxCallsInFlight = 256
    /// Requests to one peer that are on the wire or wait for their turn; more fail with `peer/busy`.
    public var maxOutboundRequests = 4_096
    /// Small answers (errors, pongs) that a peer may leave unread before its connection is closed: about 1 MiB.
    public var maxUnreadAnswers = 8_192
    /// How long dialling, TLS and the exchange of hellos may take together.
    public var handshakeTimeout = TimeAmount.seconds(5)
    /// Between pings on a connection. A peer from which nothing came within another such time is dropped.
    public var pingInterval = TimeAmount.seconds(5)
    /// Pings that a peer may leave unanswered while other bytes come from it; one more ends the connection. With the
    /// default interval about 10 minutes, in which a line at 16 KiB/s sends all that may be queued before a pong.
    public var maxUnansweredPings = 128
    /// A connection that this node dialled and on which it asked nothing for so long is closed, so that liveness checks
    /// of a large network do not end up with a connection to everybody.
    public var idleTimeout = TimeAmount.seconds(60)
    /// How long an answer may take, from when the request is on the wire, if the caller names no other time.
    public var requestTimeout = TimeAmount.seconds(10)
    /// How long a peer that could not be reached is left alone at first; doubles up to ``maxBackoff``.
    public var initialBackoff = TimeAmount.milliseconds(200)
    /// The longest such pause. It ends early when the peer itself connects.
    public var maxBackoff = TimeAmount.seconds(5)
    /// Inbound connections in total; further ones are closed.
    public var maxInboundConnections = 1_024
    /// Inbound connections among them whose peer has not proven itself yet; a further one closes the oldest, so that
    /// connections that never do keep nobody out.
    public var maxUnprovenConnections = 128
    /// Inbound connections of one peer; a further one closes the oldest, which a restart of the peer may have left.
    public var maxInboundConnectionsPerPeer = 4
    /// Inbound connections of all guests together (``PeerDirectory/isGuest(_:)``); a further one closes their oldest.
    /// Anybody can become many guests, so what they hold must leave places for the nodes.
    public var maxGuestConnections = 256

    /// The defaults.
    public init() {}
}
