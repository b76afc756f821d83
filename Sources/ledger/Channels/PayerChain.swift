public import Stark

/// A payer's hash chain (PayWord; Rivest and Shamir, 1996): link `j` acknowledges `j` units in all.
///
/// Links are revealed from the anchor's side, against the direction in which they are hashed, so the payer keeps one link
/// in √n and the links of the stretch that it is in: a revealed link costs one hash on average, and √n hashes at once when
/// a stretch ends. A core: it knows no channel, clock or disk.
public struct PayerChain: Sendable {
    /// Units of one chain at most: 67 million, or 8 TiB. Making a chain hashes once for each.
    public static let maxUnits: UInt64 = 1 << 26

    /// The end of the chain that is public: link 0.
    public let anchor: PoseidonLink
    /// Units that the chain pays for.
    public let unitCount: UInt64
    /// The highest link that was revealed: units acknowledged.
    public private(set) var revealed: UInt64 = 0

    private let spacing: UInt64
    /// Link 0, spacing, 2 × spacing, …; last the seed's.
    private var checkpoints: [PoseidonLink] = []
    /// The links behind `stretchStart`, in ascending order; the last one is a checkpoint's.
    private var stretch: [PoseidonLink] = []
    private var stretchStart: UInt64 = 0

    /// Hashes `unitCount` times: about a second for a million units.
    ///
    /// - Throws: `.exhausted` unless there are 1 to ``maxUnits`` units.
    public init(seed: ChainSeed, unitCount: UInt64) throws(ChannelsError) {
        guard (1...PayerChain.maxUnits).contains(unitCount) else {
            throw ChannelsError(
                .exhausted,
                "A chain pays for 1 to \(PayerChain.maxUnits) units, not for \(unitCount); open more channels")
        }
        self.unitCount = unitCount
        let spacing = max(1, UInt64(Double(unitCount).squareRoot().rounded(.up)))
        self.spacing = spacing
        checkpoints = [seed.tip]
        var link = seed.tip
        for index in stride(from: unitCount, to: 0, by: -1) {
            link = link.next()
            if (index - 1) % spacing == 0 { checkpoints.append(link) }
        }
        checkpoints.reverse()
        anchor = link
    }

    /// Units that are left.
    public var remaining: UInt64 { unitCount - revealed }

    /// Reveals the link that acknowledges `units` more. It is never given out for other units again.
    ///
    /// - Throws: `.exhausted` if the chain has fewer left, or for 0 units; nothing is revealed then.
    public mutating func reveal(_ units: UInt64 = 1) throws(ChannelsError) -> ChainLink {
        guard units > 0, units <= remaining else {
            throw ChannelsError(
                .exhausted, "The chain has \(remaining) of \(unitCount) units left, not \(units); open another channel")
        }
        revealed += units
        return ChainLink(index: revealed, link: link(at: revealed))
    }

    /// Goes on where an earlier process stopped, as the payee tells it: its highest link, which only this payer can have
    /// made. Does nothing if this chain is further.
    ///
    /// - Throws: `.badLink` if the link is none of this chain.
    public mutating func resume(from last: ChainLink) throws(ChannelsError) {
        guard last.index <= unitCount, link(at: last.index) == last.link else {
            throw ChannelsError(
                .badLink,
                "The payee says that unit \(last.index) was acknowledged, with a link that is not this chain's")
        }
        revealed = max(revealed, last.index)
    }

    /// The newest link that was revealed; the anchor before the first.
    public mutating func newest() -> ChainLink { ChainLink(index: revealed, link: link(at: revealed)) }

    /// Hashes that every node does for an acknowledgment: links for more units than this are revealed in several steps.
    public static let maxGap: UInt64 = 64

    /// Links that were revealed already, for a node that has lost them: the newest, and as many before it as it takes for
    /// none to be more than ``maxGap`` behind the one before.
    ///
    /// - Parameter index: The link that the node has.
    public mutating func again(after index: UInt64) -> [ChainLink] {
        guard index < revealed else { return [] }
        var links = stride(from: index + PayerChain.maxGap, to: revealed, by: Int(PayerChain.maxGap)).map {
            ChainLink(index: $0, link: link(at: $0))
        }
        links.append(newest())
        return links
    }

    /// Link `index`, 0 to ``unitCount``.
    private mutating func link(at index: UInt64) -> PoseidonLink {
        if index == 0 { return anchor }
        let start = (index - 1) / spacing * spacing
        if stretch.isEmpty || start != stretchStart { load(start) }
        return stretch[Int(index - start - 1)]
    }

    private mutating func load(_ start: UInt64) {
        let end = min(start + spacing, unitCount)
        // The one that ends the last stretch is the seed's, wherever that lies.
        var link = checkpoints[Int(start / spacing) + 1]
        stretch.removeAll(keepingCapacity: true)
        for index in stride(from: end, to: start, by: -1) {
            stretch.append(link)
            if index > start + 1 { link = link.next() }
        }
        stretch.reverse()
        stretchStart = start
    }
}

/// A link and its place in its chain: it acknowledges ``index`` units.
public struct ChainLink: Hashable, Sendable {
    public let index: UInt64
    public let link: PoseidonLink

    public init(index: UInt64, link: PoseidonLink) {
        self.index = index
        self.link = link
    }
}
