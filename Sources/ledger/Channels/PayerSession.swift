import Ledger

/// One session as its payer sees it: when to ask for a unit, and what to reveal for those that came. A core.
///
/// It asks for no more than the node may deliver on credit, and acknowledges only what was checked. Units that were asked
/// for and of which nothing more was heard may have been delivered as far as the node can tell; they are paid, so that the
/// credit is not used up for good, but only up to ``maxLostUnits(paid:)``. So each side loses that much at most.
public struct PayerSession: Sendable {
    /// Units that are paid without having come, before anything came: 64.
    public static let maxLostUnits: UInt64 = 64

    /// Of this many units that were paid over the channel, one more may be lost: connections break and sessions end.
    private static let unitsForEachLost: UInt64 = 64

    /// Units of a channel that are paid without having come, at most, when so many have been paid in all.
    public static func maxLostUnits(paid: UInt64) -> UInt64 { maxLostUnits + paid / unitsForEachLost }

    /// As the node numbered it.
    public let number: UInt32
    /// What a unit costs, in thousandths of a link.
    public let permille: UInt32
    /// Until when it holds; milliseconds since 1970.
    public let expiresMilliseconds: Int64
    /// The chain that pays; it goes on to the next session.
    public private(set) var chain: PayerChain
    /// Units that were paid without having come.
    public private(set) var lostUnits: UInt64

    private var window: CreditWindow
    /// What was received and checked, in thousandths of a link, in all.
    private var received: UInt64
    /// Units that are asked for and did not come yet.
    private var asked: UInt64 = 0
    /// Links that the node was not sent yet, oldest first: one for each unit that came.
    private var due: [ChainLink] = []

    /// Goes on where the node is with this chain.
    ///
    /// - Parameter lostUnits: What earlier sessions of the channel paid without having got it.
    /// - Throws: `.badLink` if the node names a link that is not the chain's, `.credit` if it says that more is owed than
    ///   a payer gives for nothing, `.exhausted`.
    public init(
        _ opened: SessionOpened, chain: PayerChain, lostUnits: UInt64 = 0
    ) throws(ChannelsError) {
        var chain = chain
        try chain.resume(from: opened.last)
        number = opened.session
        permille = opened.permille
        expiresMilliseconds = opened.expiresMilliseconds
        // A node that was killed has lost the last acknowledgments; it may count units that they paid as owed.
        let behind = chain.revealed - opened.last.index
        due = chain.again(after: opened.last.index)
        let owed = UInt64(opened.owed) - min(UInt64(opened.owed), behind)
        guard owed + lostUnits <= PayerSession.maxLostUnits(paid: chain.revealed) else {
            throw ChannelsError(
                .credit, "The node says that \(owed) units are owed that never came, after \(lostUnits); take another")
        }
        for links in RadixChains.steps(owed, maxGap: PayerChain.maxGap) { due.append(try chain.reveal(links)) }
        self.lostUnits = lostUnits + owed
        window = CreditWindow(limit: UInt64(opened.window), acknowledged: chain.revealed)
        received = chain.revealed &* 1000
        self.chain = chain
    }

    /// Units that are on their way.
    public var askedUnits: UInt64 { asked }

    /// Whether the chain has the links for so many units more.
    public func canPay(_ units: UInt64 = 1) -> Bool {
        window.isWithin(chain.unitCount, units, permille: permille)
    }

    /// Counts units as asked for, if the credit and the chain allow so many.
    public mutating func ask(_ units: UInt64 = 1) -> Bool {
        guard canPay(units), window.admits(units, permille: permille) else { return false }
        window.charge(units, permille: permille)
        asked += units
        return true
    }

    /// Units that were asked for came, and are what they should be: each gets its acknowledgment.
    ///
    /// - Throws: `.exhausted` if the chain has no links left for them.
    public mutating func accept(_ units: UInt64 = 1) throws(ChannelsError) {
        asked -= min(units, asked)
        for _ in 0..<units { try pay() }
    }

    /// The node said that it does not deliver the units.
    public mutating func refuse(_ units: UInt64 = 1) {
        asked -= min(units, asked)
        window.refund(units, permille: permille)
    }

    /// Nothing more will be heard of units, so the node may count them as delivered.
    ///
    /// - Throws: `.credit` once too many were lost, `.exhausted`.
    public mutating func lose(_ units: UInt64 = 1) throws(ChannelsError) {
        asked -= min(units, asked)
        guard lostUnits + units <= PayerSession.maxLostUnits(paid: chain.revealed) else {
            throw ChannelsError(.credit, "\(lostUnits) units were paid and never came; take another node")
        }
        lostUnits += units
        for _ in 0..<units { try pay() }
    }

    private mutating func pay() throws(ChannelsError) {
        received += UInt64(permille)
        let links = received / 1000 + (received % 1000 == 0 ? 0 : 1)
        guard links > chain.revealed else { return }
        let more = links - chain.revealed
        due.append(try chain.reveal(more))
        window.acknowledge(more)
    }

    /// Links that the node was not sent.
    public var dueCount: Int { due.count }

    /// The oldest of them, at most `count`; the caller sends them.
    public mutating func takeDue(_ count: Int) -> [ChainLink] {
        let taken = Array(due.prefix(count))
        due.removeFirst(taken.count)
        return taken
    }
}
