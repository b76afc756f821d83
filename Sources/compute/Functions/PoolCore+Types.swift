extension PoolCore {
    typealias WorkerID = UInt64
    typealias RequestID = UInt64
    /// Names a request on one worker's socket; rises with every request that the worker gets.
    typealias WireID = UInt64
    /// Nanoseconds of any clock that never goes back.
    typealias Instant = UInt64

    /// What the service has to do.
    enum Action: Equatable {
        case spawn(WorkerID)
        case load(WorkerID, FunctionVersion)
        case send(RequestID, to: WorkerID, as: WireID)
        case cancel(WireID, at: WorkerID)
        case kill(WorkerID)
        case fail(RequestID, FunctionError)
    }

    /// What was seen of a worker from outside.
    struct Sample: Equatable {
        var cpuNanoseconds: UInt64 = 0
        var privateBytes: UInt64 = 0
        var entries: UInt64 = 0
        /// The request that the engine runs; 0 when it is not entered.
        var running: WireID = 0
        /// The last request that began.
        var started: WireID = 0
    }

    enum Phase: Equatable { case starting, spare, loading, ready, dying }

    struct Worker {
        var phase = Phase.starting
        /// Which of the event loops serves its socket.
        let lane: Int
        var version: FunctionVersion?
        /// It said that it has its function's code.
        var isLoaded = false
        /// Requests by wire name; nil for one whose caller has been told that its time is over.
        var inFlight: [WireID: RequestID?] = [:]
        var lastWireID: WireID = 0
        /// Console lines that it has written.
        var lines = 0
        var idleSince: Instant
        /// When starting and loading must be over.
        var startDeadline: Instant
        /// When the oldest cancelled request must have been given up by the worker.
        var cancelDeadlines: [WireID: Instant] = [:]
        var entries: UInt64 = 0
        var entryCPU: UInt64 = 0
        var started: WireID = 0
        /// When the present window of ``loadWindow`` began, and the process's CPU time then.
        var windowStart: Instant = 0
        var windowCPU: UInt64 = 0
        /// CPU time that it may still use, and the last request that brought some.
        var allowedCPU = PoolCore.freeCPU
        var lastPaidWireID: WireID = 0
        /// It computed nearly all of the last window, and has more than one request.
        var isSaturated = false
        var isRetiring = false
        /// What its function may use; nil for the settings' limits.
        var limits: FunctionLimits?
        /// Why the pool killed it.
        var verdict: FunctionError?
        /// Whom the verdict concerns; nil for everyone.
        var culprit: WireID?

        /// It takes requests, or will.
        var isUsable: Bool { phase != .dying && !isRetiring }
        var isIdle: Bool { phase == .ready && inFlight.isEmpty }

        /// What a request that ended leaves behind.
        struct End {
            /// Nil when its caller has been told that its time is over.
            var request: RequestID?
            var version: FunctionVersion?
            /// A worker that retires has nothing more to do.
            var isLast: Bool
        }

        /// Spends CPU time. Each request brings some, and so does a tenth of the time that passes, for collector and
        /// socket; what is left over beyond what the requests in flight brought is kept up to ``PoolCore/freeCPU``.
        ///
        /// - Returns: False when there was not enough.
        mutating func spend(_ used: UInt64, in passed: UInt64, each: UInt64) -> Bool {
            let allowed = allowedCPU + (lastWireID - lastPaidWireID) / 2 * each + passed / 10
            lastPaidWireID = lastWireID
            guard used <= allowed else { return false }
            allowedCPU = min(allowed - used, UInt64(inFlight.count) * each + PoolCore.freeCPU)
            return true
        }

        /// Takes a request and names it.
        mutating func take(_ request: RequestID) -> WireID {
            // Odd ids are the worker's own, for its host calls.
            lastWireID += 2
            inFlight[lastWireID] = .some(request)
            return lastWireID
        }

        /// Ends a request; nil when it has none of that name.
        mutating func end(_ wireID: WireID, now: Instant) -> End? {
            guard let request = inFlight.removeValue(forKey: wireID) else { return nil }
            if !cancelDeadlines.isEmpty { cancelDeadlines[wireID] = nil }
            idleSince = now
            return End(request: request, version: version, isLast: isRetiring && inFlight.isEmpty)
        }
    }

    struct Request {
        var version: FunctionVersion
        var deadline: Instant
        var worker: WorkerID?
        var wireID: WireID = 0
        var wasRetried = false
    }

    struct Function {
        var workers: [WorkerID] = []
        var queue: [RequestID] = []
        var failures = 0
        var lastFailure: Instant = 0
        var blockedUntil: Instant = 0
        var loadFailure: FunctionError?
    }
}
