package import Identity

/// Providers that sent wrong bytes and are not asked for any blob for a time that doubles with each offence.
///
/// A core: times are durations since any fixed moment. Restarting the node forgets it, which is harmless: the next wrong
/// block brings it back.
package struct ProviderBans: Sendable {
    private struct Ban {
        var offences: Int
        var until: Duration
    }

    /// Nodes that are remembered; beyond it the one whose ban ends first is forgotten.
    package static let maxNodes = 4_096
    private static let maxDoublings = 10

    private let first: Duration
    private let longest: Duration
    private var bans: [NodeID: Ban] = [:]

    /// - Parameters:
    ///   - first: How long the first ban lasts.
    ///   - longest: What the doubling ends at.
    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// Notes an offence; when the ban ends.
    @discardableResult
    package mutating func add(_ node: NodeID, at now: Duration) -> Duration {
        let offences = (bans[node]?.offences ?? 0) + 1
        let until = now + min(longest, first * (1 << min(offences - 1, ProviderBans.maxDoublings)))
        bans[node] = Ban(offences: offences, until: until)
        if bans.count > ProviderBans.maxNodes, let earliest = bans.min(by: { $0.value.until < $1.value.until }) {
            bans[earliest.key] = nil
        }
        return until
    }

    /// Whether the node is not to be asked now.
    package func isBanned(_ node: NodeID, at now: Duration) -> Bool { bans[node].map { now < $0.until } ?? false }
}
