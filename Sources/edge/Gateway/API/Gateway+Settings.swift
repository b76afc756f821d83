extension Gateway {
    /// The gateway's limits and addresses. The defaults suit a public node; every limit has a test.
    public struct Settings: Sendable {
        /// The address to listen on. Default loopback; `0.0.0.0` or `::` for a public node.
        public var host = "127.0.0.1"
        /// The port to listen on, 0 to 65535. Default 0: the system picks one.
        public var port = 0
        /// Connections that wait in the kernel to be accepted. Default 1,024; raise with `net.core.somaxconn`.
        public var backlog = 1_024

        /// The app that answers under the gateway's addresses and `localhost`, in place of the node's pages. Default
        /// none; for a gateway that serves one app alone. Requests that name another host are refused.
        public var defaultApp: String?

        /// The parser's limits.
        public var parser = HTTPParserLimits()
        /// The largest body that a function is given, in bytes. Default 10 MiB; raise when functions take uploads and
        /// the node has memory for as many bodies as there are connections.
        public var maxFunctionBodyBytes = 10 * 1024 * 1024
        /// The largest body that goes to a machine, in bytes. Default 1 GiB: it passes through and is never held here.
        public var maxMachineBodyBytes = 1 << 30
        /// The largest body that is read and thrown away for a resource that takes none, in bytes. Default 64 KiB; a
        /// larger one costs the client its connection.
        public var maxDiscardedBodyBytes = 64 * 1024
        /// The largest header section that a function may answer with, in bytes. Default 32 KiB.
        public var maxFunctionFieldBytes = 32 * 1024
        /// Ranges of one request that are answered as multipart. Default 16; more are answered with the whole content.
        public var maxRanges = 16

        /// Connections at once. Default 10,000; more get a 503. Keep below the process's limit of open files.
        public var maxConnections = 10_000
        /// Requests on one connection before it is closed. Default 100,000; bounds what one connection can hold on to.
        public var maxRequestsPerConnection = 100_000
        /// Bytes of further requests that are read ahead while one is being answered. Default 16 KiB; plus at most one
        /// read of the socket.
        public var pipelineBytes = 16 * 1024
        /// The size of one read of the socket, in bytes. Default 16 KiB; raise when uploads dominate.
        public var receiveBytes = 16 * 1024
        /// Bytes that wait in one connection's write queue before its content is no longer read. Default 256 KiB, one
        /// block: together with the block being read ahead it bounds a slow client's memory.
        public var writeQueueBytes = 256 * 1024

        /// From a request's first byte to the end of its header section. Default 10 s.
        public var headTimeout: Duration = .seconds(10)
        /// What a body may take beside its size at ``minBodyBytesPerSecond``. Default 20 s.
        public var bodyTimeout: Duration = .seconds(20)
        /// The slowest body that is waited for, in bytes a second. Default 1,024; at least 1.
        public var minBodyBytesPerSecond = 1_024
        /// An unused connection is kept this long. Default 75 s.
        public var idleTimeout: Duration = .seconds(75)
        /// A client that takes nothing from a full write queue for this long is dropped. Default 60 s.
        public var writeTimeout: Duration = .seconds(60)
        /// The longest wait for a function, a blob or one of its blocks. Default 120 s; must exceed the limit that
        /// functions have themselves.
        public var answerTimeout: Duration = .seconds(120)
        /// After a last answer the socket is read for this long, so that the client sees the answer and not a reset.
        /// Default 2 s.
        public var lingerTimeout: Duration = .seconds(2)
        /// Bytes that are thrown away meanwhile. Default 1 MiB.
        public var lingerBytes = 1024 * 1024

        /// A tunnel through which nothing passes for this long is closed. Default 10 min; protocols with pings of their
        /// own never get there.
        public var tunnelIdleTimeout: Duration = .seconds(600)

        /// Where each request gets a line. Default nil: nowhere.
        public var accessLog: AccessLog?
        /// Who is told in `Server-Timing` what an answer took. Default clients on this machine: to others it would
        /// show what is cached here and what is not.
        public var serverTiming = ServerTimingAudience.loopback

        /// A second listening socket for TLS. Default nil: none.
        public var tls: TLS?
        /// The limits of HTTP/2, over TLS and, by prior knowledge, in cleartext.
        public var http2 = HTTP2()

        /// The defaults.
        public init() {}
    }
}
