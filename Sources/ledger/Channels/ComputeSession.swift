import Ledger

/// A session for computing time as its payer sees it: what to reveal for calls whose cost the node tells afterwards. A core.
///
/// What a node says that is owed is paid as far as calls can have used it, and no further: a call uses no more CPU time than
/// it takes by this side's clock. So a node that invents costs is paid the waiting, and is left when it refuses more.
public struct ComputeSession: Sendable {
    /// A chain that pays, and the session in which the node takes its links.
    public struct Part: Sendable {
        /// As the node numbered it.
        public let number: UInt32
        /// Units that a link covers.
        public let weight: UInt64
        /// It goes on to the next session.
        public fileprivate(set) var chain: PayerChain

        /// Goes on where the node is with the chain.
        ///
        /// - Throws: `.badLink` if the node names a link that is not the chain's.
        fileprivate init(_ opened: SessionOpened, _ chain: PayerChain, weight: UInt64) throws(ChannelsError) {
            number = opened.session
            self.weight = weight
            self.chain = chain
            try self.chain.resume(from: opened.last)
        }
    }

    /// What a unit of gas costs, in thousandths of a link of the first chain.
    public let permille: UInt32
    /// Until when it holds; milliseconds since 1970.
    public let expiresMilliseconds: Int64
    /// By weight, in ascending order: the first is the one whose credit the others share.
    public private(set) var parts: [Part]
    /// Links that the node lacks though they were revealed: send them first, in this order.
    public let again: [SessionAck]
    /// Units that the node says are owed for calls of earlier sessions.
    public let owedBefore: UInt64
    /// What calls may have used and is not paid, in thousandths of a unit.
    private var usable: UInt64

    /// Goes on where the node is with these chains.
    ///
    /// - Parameters:
    ///   - opened: The first session, which the others share the credit of.
    ///   - larger: At most one of each weight.
    /// - Throws: `.badLink` if the node names a link that is not the chain's, `.credit` if it says that more is owed from
    ///   before than a payer gives for nothing.
    public init(
        _ opened: SessionOpened, chain: PayerChain, larger: [(opened: SessionOpened, chain: LargerChain)] = []
    ) throws(ChannelsError) {
        permille = opened.permille
        expiresMilliseconds = opened.expiresMilliseconds
        var all: [(SessionOpened, PayerChain, UInt64)] = [(opened, chain, 1)]
        for (opened, part) in larger { all.append((opened, part.chain, UInt64(part.weight))) }
        var parts: [Part] = []
        var again: [SessionAck] = []
        // What was revealed and did not come is owed as far as the node can tell.
        var (behind, paid): (UInt64, UInt64) = (0, 0)
        for (opened, chain, weight) in all {
            var part = try Part(opened, chain, weight: weight)
            behind += (part.chain.revealed - opened.last.index) * weight
            paid += part.chain.revealed * weight
            again += part.chain.again(after: opened.last.index).map { SessionAck(session: opened.session, link: $0) }
            parts.append(part)
        }
        self.again = again
        let owed = UInt64(opened.owed) - min(UInt64(opened.owed), behind)
        guard owed <= PayerSession.maxLostUnits(paid: paid) else {
            throw ChannelsError(
                .credit, "The node says that \(owed) units are owed for calls that this side does not know")
        }
        owedBefore = owed
        usable = owed * 1000
        self.parts = parts.sorted { $0.weight < $1.weight }
    }

    /// The number of the first session: it pays for calls, and says what is owed.
    public var number: UInt32 { parts[0].number }

    /// Units that all chains have left.
    public var remaining: UInt64 { parts.reduce(0) { $0 + $1.chain.remaining * $1.weight } }

    /// A call begins; the node counts a unit for it.
    public mutating func begin() { use(1) }

    /// A call that began has answered.
    ///
    /// - Parameter milliseconds: How long it took by this side's clock.
    public mutating func end(milliseconds: UInt64) { if milliseconds > 1 { use(milliseconds - 1) } }

    private mutating func use(_ units: UInt64) {
        let (cost, overflow) = units.multipliedReportingOverflow(by: UInt64(permille))
        let (sum, isTooMuch) = usable.addingReportingOverflow(cost)
        usable = overflow || isTooMuch ? .max : sum
    }

    /// The newest link of the first chain: the node answers it with what is owed.
    public mutating func newest() -> SessionAck { SessionAck(session: number, link: parts[0].chain.newest()) }

    /// What to reveal when the node says that so many units are owed; nothing if nothing is, or if no call can have used it.
    /// At most as much as the chains have left, in as few links as that takes.
    ///
    /// - Returns: Acknowledgments in the order in which they are sent, and the units that they are for.
    public mutating func pay(_ owed: UInt64) throws(ChannelsError) -> (acknowledgments: [SessionAck], units: UInt64) {
        let most = usable / 1000 + (usable % 1000 == 0 ? 0 : 1)
        let remaining = RadixChains.weights.map { weight in
            parts.first { $0.weight == weight }?.chain.remaining ?? 0
        }
        let digits = RadixChains.split(min(owed, most), remaining: remaining)
        var acknowledgments: [SessionAck] = []
        var units: UInt64 = 0
        for (weight, links) in zip(RadixChains.weights, digits) where links > 0 {
            guard let index = parts.firstIndex(where: { $0.weight == weight }) else { continue }
            units += links * weight
            for step in RadixChains.steps(links, maxGap: PayerChain.maxGap) {
                let link = try parts[index].chain.reveal(step)
                acknowledgments.append(SessionAck(session: parts[index].number, link: link))
            }
        }
        usable -= min(usable, units.multipliedReportingOverflow(by: 1000).partialValue)
        return (acknowledgments, units)
    }
}
