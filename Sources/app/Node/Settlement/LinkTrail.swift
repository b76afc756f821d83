import Stark

/// Links between chains' newest ones and the settled ones, remembered on the way back. A core.
///
/// The payee keeps the newest link only, and a long backlog is settled stretch by stretch from its other end. Without this
/// each stretch would begin with hashing the whole backlog again; with it, every step is hashed once.
struct LinkTrail: Sendable {
    /// Every so manieth link is kept.
    static let spacing: UInt64 = 4_096
    /// Links that are kept of all chains; when there are more, all are forgotten.
    static let maxLinks = 1 << 18

    private var chains: [ChainKey: [UInt64: PoseidonLink]] = [:]
    private var count = 0

    /// The link that acknowledges `index` units, at most ``AcknowledgedChain/units``.
    ///
    /// - Parameters:
    ///   - settled: Links below this are not asked for any more.
    ///   - isCancelled: Asked every some milliseconds.
    /// - Returns: Nil if it was cancelled.
    mutating func link(
        at index: UInt64, of chain: AcknowledgedChain, settled: UInt64, isCancelled: () -> Bool = { false }
    ) -> PoseidonLink? {
        let key = ChainKey(chain)
        var known = chains.removeValue(forKey: key) ?? [:]
        count -= known.count
        defer { keep(known.filter { $0.key >= settled }, of: key) }
        var (at, link) = (chain.units, chain.link)
        // The nearest one that may be known comes first; otherwise from the newest back.
        let nearest = index &+ (LinkTrail.spacing - index % LinkTrail.spacing) % LinkTrail.spacing
        if nearest >= index, nearest < at, let first = known[nearest] { (at, link) = (nearest, first) }
        while at > index {
            guard !isCancelled() else { return nil }
            let next = max(index, (at - 1) / LinkTrail.spacing * LinkTrail.spacing)
            link = known[next] ?? link.advanced(by: Int(at - next))
            at = next
            if next % LinkTrail.spacing == 0 { known[next] = link }
        }
        return link
    }

    private mutating func keep(_ links: [UInt64: PoseidonLink], of key: ChainKey) {
        if count + links.count > LinkTrail.maxLinks {
            chains = [:]
            count = 0
        }
        guard !links.isEmpty, links.count <= LinkTrail.maxLinks else { return }
        chains[key] = links
        count += links.count
    }

    /// Forgets chains that have nothing to be settled.
    mutating func keep(only pending: Set<ChainKey>) {
        chains = chains.filter { pending.contains($0.key) }
        count = chains.values.reduce(0) { $0 + $1.count }
    }
}
