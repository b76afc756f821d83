public import NIOCore

extension MachineProxy {
    /// The limits of connections to machines. Every one has a test.
    public struct Settings: Sendable {
        /// How long connecting may take. Default 2 s: a machine is on this node.
        public var connectTimeout = TimeAmount.seconds(2)
        /// From the last byte of the request to the head of the answer. Default 60 s.
        public var answerTimeout = TimeAmount.seconds(60)
        /// How long a body may stand still while the machine is waited for. Default 120 s.
        public var bodyTimeout = TimeAmount.seconds(120)
        /// How long a raw connection may stand still. Default 10 min.
        public var tunnelIdleTimeout = TimeAmount.minutes(10)
        /// How long an unused connection is kept. Default 4 s: some servers close theirs after 5, and a request that
        /// meets the closing is lost if it must not be repeated.
        public var keepAlive = TimeAmount.seconds(4)
        /// Connections of one event loop to one machine. Default 1,024.
        public var maxConnections = 1_024
        /// Unused ones among them. Default 128.
        public var maxIdle = 128
        /// Answers whose length is declared and not above this are passed on when they are whole. Default 64 KiB.
        public var gatheredBytes = 64 << 10
        /// Bytes that wait for the client before the machine is read no further, and the other way. Default 256 KiB.
        public var windowBytes = 256 << 10
        /// How often time limits are looked at. Default 500 ms.
        public var sweepInterval = TimeAmount.milliseconds(500)

        /// The defaults.
        public init() {}
    }
}
