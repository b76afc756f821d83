/// Amounts in digits of base 64, for payments so large that one acknowledgment must cover more than a node hashes.
///
/// Three channels to the same node, with unit prices of 1, 64 and 4,096 times the base price, are paid into together: a link
/// of the second covers 64 units. An acknowledgment for up to 262,143 units then takes 63 hashes in each at most. To the
/// ledger they are channels like any other, so nothing about settling changes.
public enum RadixChains {
    /// Units that a link covers, by chain.
    public static let weights: [UInt64] = [1, 64, 4096]

    /// How many links of each chain make up `units`: fewest first.
    ///
    /// - Parameter remaining: Links that each chain has left, by weight. Where a chain runs out, those below it pay.
    /// - Returns: Links by chain; nil if the chains have not so much left.
    public static func split(_ units: UInt64, remaining: [UInt64]) -> [UInt64]? {
        guard remaining.count == weights.count else { return nil }
        var rest = units
        var links = [UInt64](repeating: 0, count: weights.count)
        for place in weights.indices.reversed() {
            links[place] = min(rest / weights[place], remaining[place])
            rest -= links[place] * weights[place]
        }
        return rest == 0 ? links : nil
    }

    /// As many acknowledgments as it takes to reveal `links` of a chain in steps of `maxGap` at most.
    public static func steps(_ links: UInt64, maxGap: UInt64) -> [UInt64] {
        guard maxGap > 0 else { return [] }
        var steps = [UInt64](repeating: maxGap, count: Int(links / maxGap))
        if links % maxGap > 0 { steps.append(links % maxGap) }
        return steps
    }
}
