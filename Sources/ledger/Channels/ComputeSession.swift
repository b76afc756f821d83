import Ledger

/// A session for computing time as its payer sees it: what to reveal for calls whose cost the node tells afterwards. A core.
///
/// What a node says that is owed is paid as far as calls can have used it, and no further: a call uses no more CPU time than
/// it takes by this side's clock. So a node that invents costs is paid the waiting, and is left when it refuses more.
public struct ComputeSession: Sendable {
    /// As the node numbered it.
    public let number: UInt32
    /// What a unit of gas costs, in thousandths of a link.
    public let permille: UInt32
    /// Until when it holds; milliseconds since 1970.
    public let expiresMilliseconds: Int64
    /// The chain that pays; it goes on to the next session.
    public private(set) var chain: PayerChain
    /// Links that the node lacks though they were revealed: send them first, oldest first.
    public let again: [ChainLink]
    /// Links that the node says are owed for calls of earlier sessions.
    public let owedBefore: UInt64
    /// What calls may have used and is not paid, in thousandths of a link.
    private var usable: UInt64

    /// Goes on where the node is with this chain.
    ///
    /// - Throws: `.badLink` if the node names a link that is not the chain's, `.credit` if it says that more is owed from
    ///   before than a payer gives for nothing.
    public init(_ opened: SessionOpened, chain: PayerChain) throws(ChannelsError) {
        var chain = chain
        try chain.resume(from: opened.last)
        number = opened.session
        permille = opened.permille
        expiresMilliseconds = opened.expiresMilliseconds
        let behind = chain.revealed - opened.last.index
        again = chain.again(after: opened.last.index)
        let owed = UInt64(opened.owed) - min(UInt64(opened.owed), behind)
        guard owed <= PayerSession.maxLostUnits(paid: chain.revealed) else {
            throw ChannelsError(
                .credit, "The node says that \(owed) units are owed for calls that this side does not know")
        }
        owedBefore = owed
        usable = owed * 1000
        self.chain = chain
    }

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

    /// The newest link: the node answers it with what is owed.
    public mutating func newest() -> ChainLink { chain.newest() }

    /// What to reveal when the node says that `owed` links are owed; empty if nothing is, or if no call can have used it.
    /// At most as much as the chain has left.
    public mutating func pay(_ owed: UInt64) throws(ChannelsError) -> [ChainLink] {
        let most = usable / 1000 + (usable % 1000 == 0 ? 0 : 1)
        let links = min(owed, most, chain.remaining)
        usable -= min(usable, links.multipliedReportingOverflow(by: 1000).partialValue)
        var revealed: [ChainLink] = []
        for step in RadixChains.steps(links, maxGap: PayerChain.maxGap) { revealed.append(try chain.reveal(step)) }
        return revealed
    }
}
