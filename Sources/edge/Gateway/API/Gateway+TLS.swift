extension Gateway.Settings {
    /// Where and how TLS is spoken.
    public struct TLS: Sendable {
        /// The address to listen on. Default nil: that of the cleartext socket.
        public var host: String?
        /// The port to listen on, 0 to 65535. Default 0: the system picks one.
        public var port = 0
        /// Who the gateway is.
        public var certificates: any GatewayCertificates
        /// From the connection to the end of the handshake. Default 10 s.
        public var handshakeTimeout: Duration = .seconds(10)
        /// Whether cleartext requests under names that have a certificate are sent to the TLS port (308), except
        /// challenges of a certificate authority. Default off.
        public var redirectsCleartext = false
        /// The port in those redirects. Default nil: ``port``, or what the system picked; set it behind a port mapping.
        public var redirectPort: Int?
        /// How long browsers shall use TLS alone (RFC 6797), stated in every answer over TLS. Default nil: not
        /// stated; once stated it cannot be taken back from who has seen it.
        public var strictTransport: Duration?

        /// TLS with these certificates.
        public init(certificates: any GatewayCertificates) { self.certificates = certificates }
    }

    /// The limits of HTTP/2 (RFC 9113).
    public struct HTTP2: Sendable {
        /// Requests of one connection at the same time. Default 100.
        public var maxConcurrentStreams = 100
        /// Bytes of one request's body that the client may send before they are taken, 65,535 to 2³¹ - 1. Default
        /// 256 KiB.
        public var streamWindowBytes = 256 * 1024
        /// The same for a connection. Default 1 MiB; bounds what a connection's uploads hold in memory while nobody
        /// takes them.
        public var connectionWindowBytes = 1024 * 1024
        /// Bytes of content that are held for all answers of a connection before the client takes them. Default 2 MiB,
        /// eight blocks; the answers read by turns when they want more, and one block can always be read. Raise for
        /// clients that leave many downloads unread at the same time.
        public var connectionContentBytes = 2 * 1024 * 1024
        /// CONTINUATION frames behind one HEADERS frame. Default 8; more end the connection.
        public var maxContinuationFrames = 8
        /// DATA frames of a connection without content, until a request begins or ends. Default 100; more end the
        /// connection with ENHANCE_YOUR_CALM.
        public var maxEmptyDataFrames = 100
        /// Streams that a client may reset, or have reset by what it does wrong, within ``rateWindow``. Default 200; more
        /// end the connection with ENHANCE_YOUR_CALM.
        public var maxResets = 200
        /// PING, SETTINGS and PRIORITY frames within ``rateWindow``. Default 400; more end the connection with
        /// ENHANCE_YOUR_CALM.
        public var maxControlFrames = 400
        /// Default 30 s.
        public var rateWindow: Duration = .seconds(30)

        /// The defaults.
        public init() {}
    }
}

extension Gateway.Settings {
    /// Whether a client sees ``serverTiming``.
    func tellsTiming(_ client: ClientAddress) -> Bool {
        switch serverTiming {
        case .none: false
        case .loopback: client.isLoopback
        case .all: true
        }
    }
}

extension Gateway {
    /// Who sees the `Server-Timing` field.
    public enum ServerTimingAudience: Sendable {
        /// Nobody.
        case none
        /// Clients on this machine.
        case loopback
        /// Everybody.
        case all
    }
}
