import Identity
import Ledger
import Stark

/// The channels that pay a node, their credit and their sessions. A core: it knows no clock, key or disk.
///
/// What it changes for good comes back as records for the log, in the order in which it changed. Sessions are numbers that
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
        /// Whether the log knows the slot: only what was acknowledged is worth keeping.
        var isLogged = false
    }

    /// Slots of a book at most: a session's number has 20 bits for them.
    static let maxSlots = 1 << 20
    private static let maxGeneration: UInt32 = 4_095

    let network: NetworkID
    let node: PublicKey
    var settings: PayeeSettings
    var slots: [Slot?] = []
    var places: [PayeeChannel.Key: Int] = [:]
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
            window: CreditWindow(limit: settings.window, acknowledged: channel.acknowledgedUnits), weight: 1)
    }

    /// Channels here, each commodity for itself.
    var count: Int { places.count }

    // MARK: Sessions

    /// Opens a session, or refuses it with what is wrong.
    ///
    /// - Parameters:
    ///   - record: The channel, as the ledger here has it; nil if it has none.
    ///   - holder: Who is connected.
    mutating func open(
        _ opening: SessionOpening, record: ChannelRecord?, holder: NodeID, at milliseconds: Int64
    ) throws(ChannelsError) -> SessionOpened {
        let key = PayeeChannel.Key(channel: opening.channel, commodity: opening.commodity)
        guard let record, record.id == opening.channel, record.payee == node.node,
            let terms = PayeeChannel.Terms(record, opening.commodity)
        else { throw PayeeChannel.unknown(key) }
        let cost = try check(opening, key, terms, holder: holder, at: milliseconds)
        let place = try place(of: key, terms, openedSequence: record.openedSequence)
        try share(opening, terms, at: place, holder: holder)
        guard var slot = slots[place] else { throw PayeeChannel.unknown(key) }
        slot.channel.update(terms)
        slot.generation = slot.generation % PayeeBook.maxGeneration + 1
        slot.session = Session(holder: holder, permille: cost.permille, expiresMilliseconds: cost.expires)
        slots[place] = slot
        guard let last = slot.channel.last else { throw PayeeChannel.unknown(key) }
        return SessionOpened(
            session: slot.generation << 20 | UInt32(place), last: last,
            owed: UInt32(clamping: slots[slot.credit]?.window.owed ?? 0),
            window: UInt16(clamping: settings.window), permille: cost.permille, expiresMilliseconds: cost.expires)
    }

    /// Everything that can be said about a presented channel without changing anything; the signature comes last.
    private func check(
        _ opening: SessionOpening, _ key: PayeeChannel.Key, _ terms: PayeeChannel.Terms, holder: NodeID,
        at milliseconds: Int64
    ) throws(ChannelsError) -> (permille: UInt32, expires: Int64) {
        let known = places[key].flatMap { slots[$0] }
        if let known, known.wrongLinks >= settings.maxWrongLinks {
            throw ChannelsError(.badLink, "The channel brought \(known.wrongLinks) wrong links; open another one")
        }
        guard terms.closingMilliseconds == nil,
            terms.expiresMilliseconds - milliseconds >= settings.minLifetimeMilliseconds
        else {
            throw ChannelsError(
                .channelEnded,
                "The channel is closing or expires within \(settings.minLifetimeMilliseconds) ms; open another")
        }
        let acknowledged = max(known?.channel.acknowledgedUnits ?? 0, terms.settledUnits)
        let left = terms.maxUnits - min(terms.maxUnits, acknowledged)
        guard left >= settings.minUnits else {
            throw ChannelsError(
                .dust, "The channel pays for \(left) more units; this node wants \(settings.minUnits) at least")
        }
        guard abs(milliseconds - opening.grantMilliseconds) <= settings.grantMilliseconds else {
            throw ChannelsError(
                .notAuthorised,
                "The grant is \(milliseconds - opening.grantMilliseconds) ms old; sign a new one, and check "
                    + "the clock")
        }
        var cost = (
            price: settings.prices[opening.commodity] ?? 1, permille: settings.permille,
            expires: milliseconds + settings.quoteMilliseconds
        )
        if let quote = opening.quote {
            try quote.check(
                network: network, payee: node, payer: terms.payer, commodity: opening.commodity, at: milliseconds)
            cost = (quote.unitPrice, quote.permille, quote.expiresMilliseconds)
        }
        let (price, overflow) = cost.price.multipliedReportingOverflow(by: UInt64(opening.weight))
        guard !overflow, terms.unitPrice >= price else {
            throw ChannelsError(
                .price,
                "The channel pays \(terms.unitPrice) for a unit; this node asks \(cost.price) × \(opening.weight)")
        }
        let grant = SessionGrant(
            network: network, channel: opening.channel, holder: holder, milliseconds: opening.grantMilliseconds)
        guard grant.isValid(opening.grant, by: terms.payerKey) else {
            throw ChannelsError(.notAuthorised, "The channel's payer did not sign that \(holder.short) may use it")
        }
        return (cost.permille, min(cost.expires, terms.expiresMilliseconds))
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
        let slot = PayeeBook.slot(channel, credit: place, settings)
        if place == slots.count { slots.append(slot) } else { slots[place] = slot }
        slots[place]?.generation = UInt32.random(in: 0..<PayeeBook.maxGeneration)
        places[key] = place
        channelsByPayer[terms.payer, default: 0] += 1
        return place
    }

    /// Makes room by forgetting a channel that has nothing to settle: it can be presented again.
    private mutating func evictOne() -> Bool {
        for _ in 0..<slots.count {
            evictionHand = (evictionHand + 1) % slots.count
            guard let slot = slots[evictionHand], !slot.isLogged, slot.wrongLinks < settings.maxWrongLinks else {
                continue
            }
            remove(evictionHand)
            return true
        }
        return false
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

    // MARK: Forgetting

    /// Compares what is here with the ledger.
    ///
    /// - Parameters:
    ///   - sequence: The last entry that the ledger here has applied.
    ///   - record: A channel there; nil for one that is not open.
    mutating func refresh(
        sequence: UInt64, _ record: (ChannelID) -> ChannelRecord?
    ) -> (payments: [ChannelPayment], records: [AckRecord]) {
        var payments: [ChannelPayment] = []
        var records: [AckRecord] = []
        for place in slots.indices {
            guard var slot = slots[place] else { continue }
            let key = slot.channel.key
            guard let found = record(key.channel), let terms = PayeeChannel.Terms(found, key.commodity) else {
                // A copy of the ledger that is behind does not know what it will.
                guard slot.channel.openedSequence <= sequence else { continue }
                if slot.isLogged { records.append(AckRecord(.forget, slot: place)) }
                remove(place)
                continue
            }
            let before = slot.channel.terms
            if before == nil { channelsByPayer[terms.payer, default: 0] += 1 }
            slot.channel.update(terms)
            let from = before?.settledUnits ?? terms.settledUnits
            if terms.settledUnits > from {
                let (amount, overflow) = (terms.settledUnits - from).multipliedReportingOverflow(by: terms.unitPrice)
                payments.append(
                    ChannelPayment(
                        channel: key.channel, commodity: key.commodity, from: from, to: terms.settledUnits,
                        amount: overflow ? .max : amount))
            }
            slots[place] = slot
        }
        return (payments, records)
    }

    private mutating func remove(_ place: Int) {
        guard let slot = slots[place] else { return }
        if let payer = slot.channel.terms?.payer {
            channelsByPayer[payer, default: 1] -= 1
            if channelsByPayer[payer] == 0 { channelsByPayer[payer] = nil }
        }
        places[slot.channel.key] = nil
        slots[place] = nil
        free.append(place)
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
