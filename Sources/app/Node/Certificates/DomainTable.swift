import Foundation

/// Which bound domains this node has seen the proof of, and when it looks again: a core.
///
/// A proof that was seen once stays good while the DNS is silent, and for three days without the record: a record that
/// is lost by mistake must not take a site down at once.
struct DomainTable: Sendable {
    /// One binding: another one of the same domain begins anew.
    struct Binding: Hashable, Sendable, Codable {
        var domain: String
        var app: String
        /// Who owns the app: another owner has another proof.
        var owner: String
    }

    /// What is known of one binding.
    struct Entry: Sendable, Equatable, Codable {
        var binding: Binding
        /// When the proof was seen last; nil for never.
        var provedAt: Date?
        /// Looks in a row that found nothing.
        var misses = 0
        var nextLook: Date
        /// What was found in place of the proof, or why nothing was.
        var problem: String?
    }

    /// How long a proof that is gone still counts.
    static let grace: TimeInterval = 3 * 86_400
    /// How often a proof is looked for that was seen.
    static let recheck: TimeInterval = 3_600
    /// The first and the longest pause while there is none.
    static let firstPause: TimeInterval = 2
    static let longestPause: TimeInterval = 600
    /// Domains that are looked at; more are not served.
    static let maxDomains = 100_000

    private(set) var entries: [String: Entry] = [:]

    /// Takes up what was known before a restart.
    mutating func restore(_ known: [Entry], now: Date) {
        for var entry in known.prefix(DomainTable.maxDomains) {
            entry.nextLook = now
            entries[entry.binding.domain] = entry
        }
    }

    /// What the ledger binds now.
    mutating func bind(_ bindings: some Sequence<Binding>, now: Date) {
        var next: [String: Entry] = [:]
        for binding in bindings.prefix(DomainTable.maxDomains) {
            if let known = entries[binding.domain], known.binding == binding {
                next[binding.domain] = known
            } else {
                next[binding.domain] = Entry(binding: binding, nextLook: now)
            }
        }
        entries = next
    }

    /// The bindings to look at now.
    func due(now: Date) -> [Binding] {
        entries.values.filter { $0.nextLook <= now }.map(\.binding).sorted { $0.domain < $1.domain }
    }

    /// What a look found; of no interest if the binding is another one by now.
    mutating func proved(_ binding: Binding, now: Date) {
        update(binding) { entry in
            entry.provedAt = now
            entry.misses = 0
            entry.problem = nil
            entry.nextLook = now + DomainTable.recheck
        }
    }

    /// - Parameter isCertain: Whether the DNS answered that there is no such record.
    mutating func missed(_ binding: Binding, _ problem: String, isCertain: Bool, now: Date) {
        update(binding) { entry in
            entry.problem = problem
            let doubled = DomainTable.firstPause * pow(2, Double(min(entry.misses, 20)))
            entry.nextLook = now + min(doubled, DomainTable.longestPause)
            entry.misses += 1
            if isCertain, let seen = entry.provedAt, now.timeIntervalSince(seen) > DomainTable.grace {
                entry.provedAt = nil
            }
        }
    }

    private mutating func update(_ binding: Binding, _ change: (inout Entry) -> Void) {
        guard var entry = entries[binding.domain], entry.binding == binding else { return }
        change(&entry)
        entries[binding.domain] = entry
    }

    /// The domains that are served, with their apps.
    var served: [String: String] {
        entries.compactMapValues { $0.provedAt == nil ? nil : $0.binding.app }
    }
}
