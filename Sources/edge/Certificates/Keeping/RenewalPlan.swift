public import Foundation

/// When to order which certificate: a core without clock, network or disk.
///
/// A certificate is renewed when its authority says (RFC 9773), else when two thirds of its life are over. What fails is tried again after pauses that double; the
/// old certificate stays meanwhile, expired or not. Orders are bounded, so that many new domains at once, or somebody who
/// binds and unbinds one, do not use up what the authority allows.
public struct RenewalPlan: Sendable {
    /// When certificates are ordered.
    public struct Settings: Sendable, Equatable {
        /// The share of its life after which a certificate is renewed. Default 2/3, as authorities advise.
        public var renewalShare = 2.0 / 3
        /// The pause after the first failure, in seconds. Default a minute; it doubles with each.
        public var firstPause: TimeInterval = 60
        /// The longest pause, in seconds. Default 6 hours: several tries in the last third of a short certificate's life.
        public var longestPause: TimeInterval = 6 * 3_600
        /// The part of a pause that is left to chance. Default a fifth, so that nodes and domains do not march in step.
        public var jitter = 0.2
        /// Orders within an hour, of all domains. Default 60: Let's Encrypt allows an account 300 in 3 hours.
        public var ordersPerHour = 60
        /// Orders at the same time. Default 2.
        public var ordersAtOnce = 2

        public init() {}
    }

    /// Domains that are planned for at most.
    public static let maxDomains = 100_000

    /// What is known of one domain.
    public struct Entry: Sendable, Equatable {
        /// The life of the certificate that is there; nil if there is none.
        public internal(set) var life: Range<Date>?
        /// When the authority wants it renewed; nil while it says nothing.
        public internal(set) var advised: Date?
        /// The window that ``advised`` was picked from.
        var window: Range<Date>?
        /// Not before this time is it asked when to renew.
        var nextAdvice: Date?
        /// Failures in a row.
        public internal(set) var failures = 0
        /// Not before this time is it tried again.
        public internal(set) var pausedUntil: Date?
        /// What went wrong last; nil after a success.
        public internal(set) var problem: String?
        /// Whether an order is on its way.
        public internal(set) var isOrdering = false
    }

    public let settings: Settings
    private var entries: [String: Entry] = [:]
    private var orders: [Date] = []
    /// The authority said that it wants no orders from this account before.
    private var authorityPause: Date?

    public init(settings: Settings = Settings()) { self.settings = settings }

    public func entry(_ domain: String) -> Entry? { entries[domain] }

    /// The domains that are to have certificates from now on. What is not among them is forgotten, but for its failures
    /// while they still count: binding a domain anew is no way around a pause.
    public mutating func want(_ domains: some Sequence<String>, now: Date) {
        let wanted = Set(domains.prefix(RenewalPlan.maxDomains))
        for domain in entries.keys where !wanted.contains(domain) {
            if let pause = entries[domain]?.pausedUntil, pause > now {
                entries[domain]?.life = nil
            } else {
                entries[domain] = nil
            }
        }
        for domain in wanted where entries[domain] == nil { entries[domain] = Entry() }
        self.wanted = wanted
    }

    private var wanted: Set<String> = []

    /// A certificate is here, from wherever: whoever renewed it, its failures are over.
    public mutating func hold(_ domain: String, _ life: Range<Date>) {
        if entries[domain]?.life != life {
            entries[domain, default: Entry()].life = life
            entries[domain]?.advised = nil
            entries[domain]?.window = nil
            entries[domain]?.nextAdvice = nil
        }
        entries[domain]?.failures = 0
        entries[domain]?.pausedUntil = nil
        entries[domain]?.problem = nil
        entries[domain]?.isOrdering = false
    }

    /// When a certificate with this life is renewed, if its authority says nothing.
    public func renewal(_ life: Range<Date>) -> Date {
        let seconds = life.upperBound.timeIntervalSince(life.lowerBound)
        return life.lowerBound + seconds * min(max(settings.renewalShare, 0), 1)
    }

    /// When a domain's certificate is renewed; nil if there is none. An authority may put it off to the last twentieth of
    /// the certificate's life, and no further.
    public func renewal(of domain: String) -> Date? {
        guard let entry = entries[domain], let life = entry.life else { return nil }
        guard let advised = entry.advised else { return renewal(life) }
        let last = life.upperBound - life.upperBound.timeIntervalSince(life.lowerBound) / 20
        return min(advised, last)
    }

    // MARK: The authority's advice

    /// The domains whose authority is to be asked when to renew, at most so many.
    public func unadvised(now: Date, limit: Int, isMine: (String) -> Bool) -> [String] {
        var due: [String] = []
        for domain in wanted where due.count < limit {
            guard let entry = entries[domain], entry.life != nil, !entry.isOrdering else { continue }
            if (entry.nextAdvice ?? .distantPast) <= now, isMine(domain) { due.append(domain) }
        }
        return due
    }

    /// What the authority said; nil for nothing. A time of the window is picked once, not at each question.
    ///
    /// - Parameter chance: 0 to 1, equally likely.
    public mutating func advise(_ domain: String, _ advice: RenewalAdvice?, now: Date, chance: Double) {
        guard entries[domain]?.life != nil else { return }
        entries[domain]?.nextAdvice = now + Double(advice?.askAgainSeconds ?? RenewalAdvice.defaultPause)
        guard let window = advice?.window, entries[domain]?.window != window else { return }
        entries[domain]?.window = window
        let seconds = window.upperBound.timeIntervalSince(window.lowerBound)
        entries[domain]?.advised = window.lowerBound + seconds * min(max(chance, 0), 1)
    }

    /// Whether a domain needs an order now, pauses aside.
    public func isDue(_ domain: String, now: Date) -> Bool {
        guard wanted.contains(domain) else { return false }
        return renewal(of: domain).map { $0 <= now } ?? true
    }

    /// The domains to order for now, the most urgent first; they count as ordered.
    ///
    /// - Parameter mayOrder: Whether it is this node's turn.
    public mutating func begin(now: Date, mayOrder: (String) -> Bool) -> [String] {
        orders.removeAll { now.timeIntervalSince($0) >= 3_600 }
        if let authorityPause, authorityPause > now { return [] }
        let running = entries.values.lazy.filter(\.isOrdering).count
        let room = min(settings.ordersAtOnce - running, settings.ordersPerHour - orders.count)
        guard room > 0 else { return [] }
        let due = wanted.filter { domain in
            guard let entry = entries[domain], !entry.isOrdering, isDue(domain, now: now) else { return false }
            if let pause = entry.pausedUntil, pause > now { return false }
            return mayOrder(domain)
        }
        // Who has nothing goes before who only has something old; then by when it ends.
        let urgent = due.sorted {
            let left = entries[$0]?.life?.upperBound ?? .distantPast
            let right = entries[$1]?.life?.upperBound ?? .distantPast
            return left == right ? $0 < $1 : left < right
        }.prefix(room)
        for domain in urgent {
            entries[domain]?.isOrdering = true
            orders.append(now)
        }
        return Array(urgent)
    }

    /// An order failed.
    ///
    /// - Parameters:
    ///   - retryAfter: Seconds that the authority asks to wait.
    ///   - isLimited: Whether the authority wants no orders of any domain meanwhile.
    ///   - chance: 0 to 1.
    /// - Returns: When it is tried again.
    @discardableResult
    public mutating func failed(
        _ domain: String, _ problem: String, retryAfter: Int? = nil, isLimited: Bool = false, now: Date,
        chance: Double
    ) -> Date {
        var entry = entries[domain] ?? Entry()
        entry.isOrdering = false
        entry.problem = problem
        let doubled = settings.firstPause * pow(2, Double(min(entry.failures, 30)))
        entry.failures += 1
        let pause = min(doubled, settings.longestPause) * (1 + settings.jitter * min(max(chance, 0), 1))
        let asked = retryAfter.map { now + Double(max(0, $0)) }
        let until = max(now + pause, asked ?? .distantPast)
        entry.pausedUntil = until
        entries[domain] = entry
        if isLimited { authorityPause = asked ?? until }
        return until
    }

    /// An order was not carried out, through nobody's fault.
    public mutating func abandon(_ domain: String) { entries[domain]?.isOrdering = false }
}
