import NIOCore

/// How long to wait before a request is sent again: between zero and a bound that doubles ("full jitter").
struct Backoff: Sendable {
    /// The bound before the first retry. Default 100 ms.
    var first: TimeAmount = .milliseconds(100)
    /// The bound's bound. Default 2 s.
    var longest: TimeAmount = .seconds(2)

    /// The wait before a retry; 1 is the first one.
    func delay(retry: Int, using generator: inout some RandomNumberGenerator) -> TimeAmount {
        let doublings = min(max(0, retry - 1), 20)
        let bound = min(first.nanoseconds << doublings, longest.nanoseconds)
        return .nanoseconds(Int64.random(in: 0...max(0, bound), using: &generator))
    }
}
