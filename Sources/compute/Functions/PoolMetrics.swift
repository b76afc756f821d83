import Metrics

/// The pool's metrics; the common ones are made once, so that counting costs no lookup.
struct PoolMetrics: Sendable {
    private let succeeded = PoolMetrics.calls("ok")
    private let durations = Metrics.Timer(label: "skerry_function_call_duration")

    private static func calls(_ outcome: String) -> Counter {
        Counter(label: "skerry_function_calls_total", dimensions: [("outcome", outcome)])
    }

    /// Counts a call that ended; without a code, well.
    func ended(_ code: FunctionError.Code?, nanoseconds: Int64) {
        if let code { PoolMetrics.calls(code.rawValue).increment() } else { succeeded.increment() }
        durations.recordNanoseconds(nanoseconds)
    }
}
