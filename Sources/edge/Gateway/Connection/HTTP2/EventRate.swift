import NIOCore

/// How often something may happen within a time.
struct EventRate {
    private let limit: Int
    private let window: TimeAmount
    private var start = NIODeadline.uptimeNanoseconds(0)
    private var count = 0

    init(limit: Int, within window: TimeAmount) {
        self.limit = limit
        self.window = window
    }

    /// Counts one; false when it is beyond the limit.
    mutating func admits(_ now: NIODeadline) -> Bool {
        if now - start >= window {
            start = now
            count = 0
        }
        count += 1
        return count <= limit
    }
}
