import Identity
import Ledger
import Stark

/// The channels that pay a node, their credit and their sessions. A core: it knows no clock, key or disk.
///
/// What it changes for good is in ``unwritten``, for the log, in the order in which it changed. Sessions are numbers that
/// name a place here, so an acknowledgment costs no look-up.
struct PayeeBook: Sendable {
    struct Session: Sendable {
        let holder: NodeID
        let permille: UInt32
        let expiresMilliseconds: Int64
    }

    struct Slot: Sendable {
        var channel: PayeeChannel
        /// The slot whose credit this one shares: itself for most.
        var credit: Int
        var window: CreditWindow
        var weight: UInt64
        /// Whether other chains pay for the same units.
        var isSharing = false
        var session: Session?
        /// Counts the sessions, so that an old number is known.
        var generation: UInt32 = 0
        var wrongLinks = 0
        /// Whether the log knows the slot: only what was acknowledged, or is owed for calls, is worth keeping.
        var isLogged = false
        /// Whether the slot counts for its payer's limit.
        var isCounted = false
    }

    /// Slots of a book at most: a session's number has 20 bits for them.
    static let maxSlots = 1 << 20
    private static let maxGeneration: UInt32 = 4_095
    /// Slots that are looked at for one that can be given up, for one channel that comes: some microseconds.
    private static let maxEvictionLooks = 512

    let network: NetworkID
    let node: PublicKey
    var settings: PayeeSettings
    var slots: [Slot?] = []
    var places: [PayeeChannel.Key: Int] = [:]
    /// What the log must be told, in its order; whoever tells it empties it.
    var unwritten: [AckRecord] = []
    private var free: [Int] = []
    private var channelsByPayer: [AccountID: Int] = [:]
    private var evictionHand = 0

    /// - Parameter recovered: What the log had, in its order: their numbers in the log stay.
    init(network: NetworkID, node: PublicKey, settings: PayeeSettings, recovered: [PayeeChannel]) {
        self.network = network
        self.node = node
        self.settings = settings
        for (place, channel) in recovered.enumerated() {
            var slot = PayeeBook.slot(channel, credit: place, settings)
            slot.isLogged = true
            slots.append(slot)
            places[channel.key] = place
        }
    }

    private static func slot(_ channel: PayeeChannel, credit: Int, _ settings: PayeeSettings) -> Slot {
        Slot(
            channel: channel, credit: credit,
            window: CreditWindow(
                limit: settings.window, acknowledged: channel.acknowledgedUnits, debt: channel.debt), weight: 1)
    }

    /// Channels here, each commodity for itself.
    var count: Int { places.count }

    // MARK: Sessions

    /// Opens a session whose signatures were verified, see ``check(_:_:at:)`` and
    /// ``SessionOpening/verify(network:payee:terms:holder:at:)``, or refuses it with what is wrong.
    ///
    /// - Parameters:
    ///   - record: The channel, as the ledger here has it; nil if it has none.
    ///   - holder: Who is connected.
    mutating func openVerified(
        _ opening: SessionOpening, record: ChannelRecord?, holder: NodeID, at milliseconds: Int64
    ) throws(ChannelsError) -> SessionOpened {
        let (terms, cost) = try check(opening, record, at: milliseconds)
        let key = PayeeChannel.Key(channel: opening.channel, commodity: opening.commodity)
        let place = try place(of: key, terms, openedSequence: record?.openedSequence ?? 0)
        try share(opening, terms, at: place, holder: holder)
        guard var slot = slots[place] else { throw PayeeChannel.unknown(key) }
        slot.channel.update(terms)
        slot.generation = slot.generation % PayeeBook.maxGeneration + 1
        slot.session = Session(holder: holder, permille: cost.permille, expiresMilliseconds: cost.expires)
        count(&slot)
        slots[place] = slot
        guard let last = slot.channel.last else { throw PayeeChannel.unknown(key) }
        return SessionOpened(
            session: slot.generation << 20 | UInt32(place), last: last,
            owed: UInt32(clamping: slots[slot.credit]?.window.owed ?? 0),
            window: UInt16(clamping: settings.window), permille: cost.permille, expiresMilliseconds: cost.expires)
    }

    /// What a unit costs in a session, in thousandths of a link, and until when.
    typealias Cost = (permille: UInt32, expires: Int64)

    /// Everything that can be said about a presented channel without a signature being verified.
    func check(
        _ opening: SessionOpening, _ record: ChannelRecord?, at milliseconds: Int64
    ) throws(ChannelsError) -> (terms: PayeeChannel.Terms, cost: Cost) {
        let key = PayeeChannel.Key(channel: opening.channel, commodity: opening.commodity)
        guard let record, record.id == opening.channel, record.payee == node.node,
            let terms = PayeeChannel.Terms(record, opening.commodity)
        else { throw PayeeChannel.unknown(key) }
        let known = places[key].flatMap { slots[$0] }
        if let known, known.wrongLinks >= settings.maxWrongLinks {
            throw ChannelsError(
                .badLink, "The channel brought \(known.wrongLinks) wrong links or vouchers; open another one")
        }
        let (left, isLongOver) = terms.expiresMilliseconds.subtractingReportingOverflow(milliseconds)
        guard terms.closingMilliseconds == nil, !isLongOver, left >= settings.minLifetimeMilliseconds else {
            throw ChannelsError(
                .channelEnded,
                "The channel is closing or expires within \(settings.minLifetimeMilliseconds) ms; open another")
        }
        let acknowledged = max(known?.channel.acknowledgedUnits ?? 0, terms.settledUnits)
        let unused = terms.maxUnits - min(terms.maxUnits, acknowledged)
        let (units, isPlenty) = unused.multipliedReportingOverflow(by: UInt64(opening.weight))
        guard isPlenty || units >= settings.minUnits else {
            throw ChannelsError(
                .dust, "The channel pays for \(units) more units; this node wants \(settings.minUnits) at least")
        }
        // The time is the peer's and may be any number.
        let (age, isFarOff) = milliseconds.subtractingReportingOverflow(opening.grantMilliseconds)
        guard !isFarOff, age.magnitude <= settings.grantMilliseconds.magnitude else {
            throw ChannelsError(
                .notAuthorised,
                "The grant is of \(opening.grantMilliseconds) ms, and it is \(milliseconds) ms here; sign a new one, "
                    + "and check the clock")
        }
        var price = settings.prices[opening.commodity] ?? 1
        var cost: Cost = (settings.permille, milliseconds + settings.quoteMilliseconds)
        if let quote = opening.quote {
            price = quote.unitPrice
            cost = (quote.permille, quote.expiresMilliseconds)
        }
        let (least, overflow) = price.multipliedReportingOverflow(by: UInt64(opening.weight))
        guard !overflow, terms.unitPrice >= least else {
            throw ChannelsError(
                .price, "The channel pays \(terms.unitPrice) for a unit; this node asks \(price) × \(opening.weight)")
        }
        return (terms, (cost.permille, min(cost.expires, terms.expiresMilliseconds)))
    }

    private mutating func place(
        of key: PayeeChannel.Key, _ terms: PayeeChannel.Terms, openedSequence: UInt64
    ) throws(ChannelsError) -> Int {
        if let place = places[key] { return place }
        let ofPayer = channelsByPayer[terms.payer, default: 0]
        guard ofPayer < settings.maxChannelsPerPayer else {
            throw ChannelsError(
                .limitReached,
                "The payer has \(ofPayer) channels in use here; close some, or wait until they are settled")
        }
        if count >= min(settings.maxChannels, PayeeBook.maxSlots), !evictOne() {
            throw ChannelsError(.limitReached, "\(count) channels pay this node, as many as it keeps; try another node")
        }
        let channel = PayeeChannel(key: key, openedSequence: openedSequence, terms: terms)
        let place = free.popLast() ?? slots.count
        // A place's generations go on, so that a session of the channel that was here before stays unknown.
        var slot = PayeeBook.slot(channel, credit: place, settings)
        slot.generation = UInt32.random(in: 0..<PayeeBook.maxGeneration)
        count(&slot)
        if place == slots.count { slots.append(slot) } else { slots[place] = slot }
        places[key] = place
        return place
    }

    /// Counts the slot for its payer, whom a recovered channel has only once the ledger was read.
    private mutating func count(_ slot: inout Slot) {
        guard !slot.isCounted, let payer = slot.channel.terms?.payer else { return }
        slot.isCounted = true
        channelsByPayer[payer, default: 0] += 1
    }

    /// Makes room by forgetting a channel that has nothing to settle: it can be presented again. Those of which the log knows
    /// nothing go first, then those of which everything that they paid is settled.
    private mutating func evictOne() -> Bool {
        var settled: Int?
        for _ in 0..<min(slots.count, PayeeBook.maxEvictionLooks) {
            evictionHand = (evictionHand + 1) % slots.count
            guard let slot = slots[evictionHand] else { continue }
            if !slot.isLogged {
                remove(evictionHand)
                return true
            }
            // Of a recovered channel the ledger has not yet said what is settled.
            if settled == nil, slot.channel.terms != nil, !slot.channel.hasUnsettled { settled = evictionHand }
        }
        guard let settled else { return false }
        remove(settled)
        return true
    }

    private mutating func share(
        _ opening: SessionOpening, _ terms: PayeeChannel.Terms, at place: Int, holder: NodeID
    ) throws(ChannelsError) {
        var credit = place
        if opening.sharing != 0 {
            let other = try self.place(of: opening.sharing, holder)
            guard other != place, let first = slots[other], first.credit == other,
                first.channel.key.commodity == opening.commodity,
                let firstTerms = first.channel.terms, firstTerms.payer == terms.payer
            else {
                throw ChannelsError(
                    .notAuthorised,
                    "Only channels of one payer for one commodity share their credit with the first of them")
            }
            // Its links can be settled for as long as the first channel is delivered to.
            guard terms.expiresMilliseconds >= firstTerms.expiresMilliseconds else {
                throw ChannelsError(
                    .channelEnded, "The channel expires before the one whose credit it shares; open one that does not")
            }
            // A link takes its weight off what the first chain owes: it must be worth as much, whatever the node asks.
            let paid = UInt128(terms.unitPrice) * UInt128(first.weight)
            guard paid >= UInt128(firstTerms.unitPrice) * UInt128(opening.weight) else {
                throw ChannelsError(
                    .price,
                    "The channel pays \(terms.unitPrice) for a link of weight \(opening.weight); the one whose credit "
                        + "it shares pays \(firstTerms.unitPrice) for weight \(first.weight)")
            }
            credit = other
            slots[other]?.isSharing = true
            slots[place]?.isSharing = true
        }
        slots[place]?.credit = credit
        slots[place]?.weight = UInt64(opening.weight)
    }

    /// Where a session's slot is.
    ///
    /// - Throws: `.unknownSession` unless it is this holder's present one.
    func place(of session: UInt32, _ holder: NodeID) throws(ChannelsError) -> Int {
        let place = Int(session & 0xf_ffff)
        guard place < slots.count, let generation = slots[place]?.generation, generation == session >> 20,
            slots[place]?.session?.holder == holder
        else { throw ChannelsError(.unknownSession, "The session is not known, or over; open the channel again") }
        return place
    }

    /// Ends a session whose holder sent a link or a voucher that an honest payer never has: it makes this node compute for
    /// nothing.
    mutating func blame(_ place: Int) {
        slots[place]?.session = nil
        slots[place]?.wrongLinks += 1
    }

    // MARK: Forgetting

    /// A channel here, and where.
    struct Known: Sendable {
        let place: Int
        let key: PayeeChannel.Key
    }

    /// All channels, to be looked up on the ledger.
    var known: [Known] {
        slots.indices.compactMap { place in slots[place].map { Known(place: place, key: $0.channel.key) } }
    }

    /// Compares what is here with the ledger.
    ///
    /// - Parameters:
    ///   - sequence: The last entry that the ledger here has applied.
    ///   - found: What the ledger says of channels that were here; nil for one that is not open.
    mutating func refresh(
        sequence: UInt64, _ found: [(known: Known, record: ChannelRecord?)]
    ) -> [ChannelPayment] {
        var payments: [ChannelPayment] = []
        for (known, record) in found {
            // Another channel may have come to the place meanwhile.
            guard var slot = slots[known.place], slot.channel.key == known.key else { continue }
            guard let record, let terms = PayeeChannel.Terms(record, known.key.commodity) else {
                // A copy of the ledger that is behind does not know what it will.
                if slot.channel.openedSequence <= sequence { remove(known.place) }
                continue
            }
            let before = slot.channel.terms
            // A session may have been opened with a newer state.
            let from = before?.settledUnits ?? terms.settledUnits
            guard terms.settledUnits >= from else { continue }
            slot.channel.update(terms)
            // Once that is over, its links are worth nothing: they pay no more for what others get.
            if terms.closingMilliseconds != nil { slot.credit = known.place }
            count(&slot)
            if terms.settledUnits > from {
                let (amount, overflow) = (terms.settledUnits - from).multipliedReportingOverflow(by: terms.unitPrice)
                payments.append(
                    ChannelPayment(
                        channel: known.key.channel, commodity: known.key.commodity, from: from,
                        to: terms.settledUnits, amount: overflow ? .max : amount))
            }
            slots[known.place] = slot
        }
        return payments
    }

    private mutating func remove(_ place: Int) {
        guard let slot = slots[place] else { return }
        if slot.isLogged { unwritten.append(AckRecord(.forget, slot: place)) }
        if slot.isCounted, let payer = slot.channel.terms?.payer {
            let left = channelsByPayer[payer, default: 1] - 1
            channelsByPayer[payer] = left > 0 ? left : nil
        }
        places[slot.channel.key] = nil
        slots[place] = nil
        free.append(place)
        guard slot.isSharing else { return }
        // Who shared its credit has its own from now on.
        for other in slots.indices where slots[other]?.credit == place { slots[other]?.credit = other }
    }

    // MARK: Reading

    var positions: [PayeePosition] { slots.compactMap { $0.flatMap { PayeePosition($0.channel) } } }

    /// The records of everything that is worth keeping.
    var records: [AckRecord] {
        slots.enumerated().flatMap { place, slot -> [AckRecord] in
            guard let slot, slot.isLogged else { return [] }
            return AckRecord.records(of: slot.channel, slot: place)
        }
    }
}
