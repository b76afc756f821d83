import NIOCore

extension FunctionPool {
    /// Limits and sizes of a pool.
    public struct Settings: Sendable {
        /// Path of the `skerry-worker` program.
        public var workerPath: String
        /// CPU time that one request may use. Default 500 ms. The engine stops most scripts at this point; what it
        /// cannot stop is killed at twice the time plus 100 ms. 0 leaves only the wall limit.
        public var cpuLimit: Duration = .milliseconds(500)
        /// Time from call to answer, waiting included. Default 30 s.
        public var wallLimit: Duration = .seconds(30)
        /// Time from starting a worker until its code has run. Default 10 s.
        public var startLimit: Duration = .seconds(10)
        /// Private memory of one worker. Default 128 MiB. Checked every 10 ms, so that a burst may exceed it briefly.
        public var memoryLimitBytes = 128 << 20
        /// Largest request body. Default 6 MiB; more than 12 MiB does not fit a frame.
        public var maxRequestBodyBytes = 6 << 20
        /// Largest response body. Default 6 MiB; more than 12 MiB does not fit a frame.
        public var maxResponseBodyBytes = 6 << 20
        /// Largest code. Default 12 MiB, for modules with files; more than 15 MiB does not fit a frame.
        public var maxCodeBytes = 12 << 20
        /// Workers of all functions, spares included. Default 64; an idle one takes 5 to 10 MiB.
        public var maxWorkers = 64
        /// Workers of one function. Default 4; more than the machine has cores only helps code that blocks.
        public var maxWorkersPerFunction = 4
        /// Requests that one worker works on at a time. Default 128.
        public var maxInFlightPerWorker = 128
        /// Requests in flight at which a function gets another worker. Default 32: the more a worker has at a time, the
        /// less each costs, but where there is one for each event loop no call changes loops, which saves more.
        public var targetInFlightPerWorker = 32
        /// Requests of one function that wait for a worker. Default 256; the next one is refused.
        public var maxQueuedPerFunction = 256
        /// A worker without requests is ended after this time. Default 60 s.
        public var idleTimeout: Duration = .seconds(60)
        /// Workers that are started in advance, without code. Default 1; 0 for none.
        public var spareWorkers = 1
        /// Such workers at most: their number grows while functions come and find none. Default 4.
        public var maxSpareWorkers = 4
        /// While so many workers start, no further one is started in advance. Default: one for each processor, which is what
        /// a start takes; with more at a time each takes longer, and a call that waits for one of them with it.
        public var maxStartingWorkers = System.coreCount
        /// Failures (limits broken, crashes) that cost nothing but the worker. Default 2. After them a function is
        /// held back for ``firstPenalty``, then twice that, up to ``maxPenalty``.
        public var freeFailures = 2
        /// Default 500 ms.
        public var firstPenalty: Duration = .milliseconds(500)
        /// Default 60 s.
        public var maxPenalty: Duration = .seconds(60)
        /// Failures are forgotten after this time without one (and not before the penalty is over twice). Default 30 s.
        public var failureMemory: Duration = .seconds(30)
        /// The limits of functions that have none of their own.
        var limits: FunctionLimits { FunctionLimits(cpu: cpuLimit, memoryBytes: memoryLimitBytes) }

        /// Lets workers run where the kernel has no seccomp. Default false: they refuse to.
        public var allowUnsealedWorkers = false

        /// Default settings for the worker program at `workerPath`.
        public init(workerPath: String) {
            self.workerPath = workerPath
        }
    }
}

extension Duration {
    /// Whole nanoseconds, between 0 and 100 years.
    var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        let bounded = UInt64(max(0, min(seconds, 100 * 365 * 86_400)))
        return bounded * 1_000_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000)
    }
}
