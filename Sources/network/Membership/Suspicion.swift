import Foundation

/// One suspicion: it lasts shorter the more nodes confirm it independently (Dadgar et al. 2018, section IV-B).
struct Suspicion {
    /// Positions in the roster; the first one began the suspicion.
    private(set) var accusers: [Int]
    /// When the member's time to refute is up.
    private(set) var deadline: Duration
    /// Whether a last check of the member is under way.
    var isChecking = false
    /// Last checks that nobody answered.
    var failedChecks = 0
    private let since: Duration

    init(by accuser: Int, _ limits: Limits, now: Duration) {
        accusers = [accuser]
        since = now
        deadline = now + limits.timeout(confirmations: 0)
    }

    /// Counts an accuser once; false if it is known or there are enough.
    mutating func confirm(by accuser: Int, _ limits: Limits) -> Bool {
        guard accusers.count <= limits.wanted, !accusers.contains(accuser) else { return false }
        accusers.append(accuser)
        deadline = min(deadline, since + limits.timeout(confirmations: accusers.count - 1))
        return true
    }

    /// Gives the member more time: others reached it during the last check.
    mutating func extend(until deadline: Duration) {
        isChecking = false
        failedChecks = 0
        self.deadline = deadline
    }

    /// As it is when no check is under way.
    var unchecked: Suspicion {
        var copy = self
        copy.isChecking = false
        return copy
    }

    /// Follows a change of the roster; nil if no accuser is left.
    func moved(_ position: (Int) -> Int?) -> Suspicion? {
        var copy = self
        copy.accusers = accusers.compactMap(position)
        return copy.accusers.isEmpty ? nil : copy
    }

    /// How long suspicions last in a network of a size.
    struct Limits {
        let shortest: Duration
        let longest: Duration
        /// Confirmations that make it the shortest time; in small networks there cannot be more than members − 2.
        let wanted: Int

        /// log10 of the size, at least 1.
        static func decades(_ members: Int) -> Double { max(1, log10(Double(max(members, 1)))) }

        init(_ settings: MembershipSettings, members: Int) {
            shortest = settings.probeInterval * (settings.suspicionFactor * Limits.decades(members))
            longest = shortest * settings.suspicionStretch
            wanted = max(0, min(settings.confirmations, members - 2))
        }

        func timeout(confirmations: Int) -> Duration {
            guard confirmations < wanted else { return shortest }
            let share = log(Double(confirmations + 1)) / log(Double(wanted + 1))
            return max(shortest, longest - (longest - shortest) * share)
        }
    }
}
