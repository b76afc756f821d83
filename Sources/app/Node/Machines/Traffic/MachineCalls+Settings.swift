import NIOCore

extension MachineCalls {
    /// The limits of requests for machines.
    struct Settings: Sendable {
        /// Machines that one request is tried at. Default 3.
        var maxAttempts = 3
        /// How long a request waits for a machine that starts. Default 30 s.
        var holdTimeout = Duration.seconds(30)
        /// Requests of one app that wait like this. Default 256; further ones are refused.
        var maxHeldOfApp = 256
        /// Requests of all apps that wait like this. Default 1,024.
        var maxHeld = 1_024
        /// Second attempts that can be saved up: as many as may be under way at a machine that dies. Default 1,000.
        var maxRetries = 1_000.0

        /// The defaults.
        init() {}
    }
}
