import NIOCore

/// How much of something each app may use: so many calls a second, and so many at a time. A core: no clock of its own.
///
/// Memory: some 100 bytes for each app that has been active lately, at most ``maxApps`` of them.
struct AppBudget: Sendable {
    /// Limits of every app.
    struct Limits: Sendable {
        /// Units that are added each second.
        var perSecond: Double
        /// Units that an app may save up.
        var burst: Double
        /// Calls at a time of one app.
        var concurrent: Int
        /// Calls at a time of all apps.
        var concurrentOfAll: Int
    }

    /// Which limit an app has reached.
    enum Refusal: Sendable, Hashable {
        case rate
        case concurrency
        case node
    }

    private struct Account {
        var units: Double
        var updatedAt: NIODeadline
        var open = 0
    }

    /// Apps that are remembered; those that are idle are forgotten first.
    static let maxApps = 10_000

    private let limits: Limits
    private var accounts: [String: Account] = [:]
    private(set) var open = 0

    init(_ limits: Limits) { self.limits = limits }

    /// Takes `cost` units and a place for one call, which `finish` gives back; or says why not, and takes nothing.
    mutating func begin(_ app: String, cost: Double = 1, now: NIODeadline) -> Refusal? {
        guard open < limits.concurrentOfAll else { return .node }
        if accounts.count >= Self.maxApps, accounts[app] == nil { forgetIdle() }
        var account = refilled(accounts[app] ?? Account(units: limits.burst, updatedAt: now), now: now)
        defer { accounts[app] = account }
        guard account.open < limits.concurrent else { return .concurrency }
        guard account.units >= cost else { return .rate }
        account.units -= cost
        account.open += 1
        open += 1
        return nil
    }

    /// A call that began has ended.
    mutating func finish(_ app: String) {
        guard var account = accounts[app], account.open > 0 else { return }
        account.open -= 1
        accounts[app] = account
        open -= 1
    }

    private func refilled(_ account: Account, now: NIODeadline) -> Account {
        var account = account
        let seconds = max(0, Double((now - account.updatedAt).nanoseconds) / 1e9)
        if seconds > 0 { account.units = min(limits.burst, account.units + seconds * limits.perSecond) }
        account.updatedAt = max(now, account.updatedAt)
        return account
    }

    /// Forgets who has no call open. That refills their accounts, which matters only once ten thousand apps are busy.
    private mutating func forgetIdle() { accounts = accounts.filter { $0.value.open > 0 } }
}
