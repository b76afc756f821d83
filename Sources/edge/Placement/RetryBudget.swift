/// How many calls may be tried once more: a share of all calls, so that what goes wrong everywhere is not made worse by
/// trying again. Pure.
public struct RetryBudget: Sendable {
    private let share: Double
    private let most: Double
    private var balance: Double

    /// Full.
    ///
    /// - Parameters:
    ///   - share: Second attempts by first one; 0.2 means one in five.
    ///   - most: Second attempts that can be saved up for a burst, and are there at the start; at least 1.
    public init(share: Double = 0.2, most: Double = 10) {
        self.share = share
        self.most = max(1, most)
        balance = self.most
    }

    /// A call is tried for the first time.
    public mutating func began() { balance = min(most, balance + share) }

    /// Whether a call may be tried once more; if so, that is counted.
    public mutating func spend() -> Bool {
        guard balance >= 1 else { return false }
        balance -= 1
        return true
    }
}
