public import Ledger

/// Amounts in digits of base 64, for payments so large that one acknowledgment must cover more than a node hashes.
///
/// Three channels to the same node, with unit prices of 1, 64 and 4,096 times the base price, are paid into together: a link
/// of the second covers 64 units. An acknowledgment for up to 262,143 units then takes 63 hashes in each at most. To the
/// ledger they are channels like any other, so nothing about settling changes.
public enum RadixChains {
    /// Units that a link covers, by chain.
    public static let weights: [UInt64] = [1, 64, 4096]
    /// Units that three channels pay for at least: with fewer the largest has no link.
    public static let minUnits: UInt64 = 8_192

    /// What to open for `units` in all, exactly, by weight: half of them in links of 4,096, a quarter in each of the others.
    ///
    /// A payment takes 32 units out of the smallest chain, on average, and 2,000 out of the next if it is for more than that.
    /// So payments of 128 units and more use up the others first, and those below go on in their place, with more links.
    ///
    /// - Parameter unitPrice: Of a unit, in units of money.
    /// - Throws: `.exhausted` for fewer than ``minUnits``, `.price` for a price that cannot be multiplied.
    public static func purchases(
        of units: UInt64, for commodity: Commodity, unitPrice: UInt64
    ) throws(ChannelsError) -> [ChannelPlan.Purchase] {
        guard units >= minUnits else {
            throw ChannelsError(
                .exhausted, "Three channels pay for \(minUnits) units at least, not for \(units); open one channel")
        }
        let large = units / 2 / weights[2]
        let middle = (units - large * weights[2]) / 2 / weights[1]
        let small = units - large * weights[2] - middle * weights[1]
        var purchases: [ChannelPlan.Purchase] = []
        for (weight, links) in zip(weights, [small, middle, large]) {
            let (price, overflow) = unitPrice.multipliedReportingOverflow(by: weight)
            guard !overflow else {
                throw ChannelsError(.price, "No price is \(weight) times \(unitPrice); open one channel")
            }
            purchases.append(ChannelPlan.Purchase(commodity: commodity, unitPrice: price, maxUnits: links))
        }
        return purchases
    }

    /// How many links of each chain make up `units`, fewest first; as much of it as can be, where chains run out.
    ///
    /// - Parameter remaining: Links that each chain has left, by weight. Where a chain runs out, those below it pay.
    /// - Returns: Links by chain, never for more than `units`.
    public static func split(_ units: UInt64, remaining: [UInt64]) -> [UInt64] {
        var rest = units
        var links = [UInt64](repeating: 0, count: weights.count)
        for place in weights.indices.prefix(remaining.count).reversed() {
            links[place] = min(rest / weights[place], remaining[place])
            rest -= links[place] * weights[place]
        }
        return links
    }

    /// As many acknowledgments as it takes to reveal `links` of a chain in steps of `maxGap` at most.
    public static func steps(_ links: UInt64, maxGap: UInt64) -> [UInt64] {
        guard maxGap > 0 else { return [] }
        var steps = [UInt64](repeating: maxGap, count: Int(links / maxGap))
        if links % maxGap > 0 { steps.append(links % maxGap) }
        return steps
    }
}
