import Identity
import Ledger
import Stark

/// What happens in a session.
extension PayeeBook {
    /// Takes an acknowledgment.
    ///
    /// - Returns: Units that it adds, and what the log must be told.
    /// - Throws: What ``PayeeChannel/steps(to:maxGap:)`` throws; a wrong link also ends the session.
    mutating func acknowledge(
        _ ack: SessionAck, holder: NodeID
    ) throws(ChannelsError) -> (units: UInt64, records: [AckRecord]) {
        let place = try place(of: ack.session, holder)
        let steps = try steps(to: ack.link, at: place)
        return try take(ack.link, hashed: ack.link.link.advanced(by: Int(steps)), at: place)
    }

    /// As above for many at a time: single steps of different chains are hashed in 16 lanes.
    mutating func acknowledge(
        _ acks: [(holder: NodeID, ack: SessionAck)]
    ) -> [Result<(units: UInt64, records: [AckRecord]), ChannelsError>] {
        var results = [Result<(units: UInt64, records: [AckRecord]), ChannelsError>?](repeating: nil, count: acks.count)
        var lanes: [PoseidonLink] = []
        var owners: [(index: Int, place: Int)] = []
        lanes.reserveCapacity(acks.count)
        owners.reserveCapacity(acks.count)
        var taken: Set<UInt32> = []
        for (index, (holder, ack)) in acks.enumerated() {
            guard let place = try? place(of: ack.session, holder), let channel = slots[place]?.channel,
                (try? channel.steps(to: ack.link, maxGap: 1)) == 1, taken.insert(ack.session).inserted
            else { continue }
            lanes.append(ack.link.link)
            owners.append((index, place))
        }
        PoseidonLink.advance(&lanes, by: 1)
        for (lane, owner) in owners.enumerated() {
            results[owner.index] = Result { () throws(ChannelsError) in
                try take(acks[owner.index].ack.link, hashed: lanes[lane], at: owner.place)
            }
        }
        return acks.enumerated().map { index, item in
            results[index]
                ?? Result { () throws(ChannelsError) in try acknowledge(item.ack, holder: item.holder) }
        }
    }

    private func steps(to link: ChainLink, at place: Int) throws(ChannelsError) -> UInt64 {
        guard let slot = slots[place] else { return 0 }
        return try slot.channel.steps(to: link, maxGap: settings.maxGap)
    }

    private mutating func take(
        _ link: ChainLink, hashed: PoseidonLink, at place: Int
    ) throws(ChannelsError) -> (units: UInt64, records: [AckRecord]) {
        guard let before = slots[place]?.channel.acknowledgedUnits, let last = slots[place]?.channel.last,
            let isLogged = slots[place]?.isLogged
        else { return (0, []) }
        do throws(ChannelsError) {
            try slots[place]?.channel.take(link, hashed: hashed)
        } catch {
            // An honest payer has no wrong links: whoever sends one makes this node hash for nothing.
            slots[place]?.session = nil
            slots[place]?.wrongLinks += 1
            throw error
        }
        if link == last { return (0, []) }
        let units = credit(since: before, at: place)
        if isLogged { return (units, [AckRecord(link: link, slot: place)]) }
        return (units, firstRecords(at: place))
    }

    /// Takes a voucher for the chain of a session.
    mutating func take(
        _ voucher: SessionVoucher, holder: NodeID
    ) throws(ChannelsError) -> (units: UInt64, records: [AckRecord]) {
        let place = try place(of: voucher.session, holder)
        guard var channel = slots[place]?.channel, let isLogged = slots[place]?.isLogged else { return (0, []) }
        let before = channel.acknowledgedUnits
        _ = try channel.accept(voucher.voucher, network: network)
        slots[place]?.channel = channel
        let units = credit(since: before, at: place)
        return (units, isLogged ? AckRecord.records(of: voucher.voucher, slot: place) : firstRecords(at: place))
    }

    private mutating func credit(since before: UInt64, at place: Int) -> UInt64 {
        guard let slot = slots[place] else { return 0 }
        let units = slot.channel.acknowledgedUnits - before
        let (links, overflow) = units.multipliedReportingOverflow(by: slot.weight)
        slots[slot.credit]?.window.acknowledge(overflow ? .max : links)
        return units
    }

    private mutating func firstRecords(at place: Int) -> [AckRecord] {
        slots[place]?.isLogged = true
        return slots[place].map { AckRecord.records(of: $0.channel, slot: place) } ?? []
    }

    // MARK: Delivering

    /// Counts `units` as delivered, before they are.
    ///
    /// - Parameter isAfter: The units are used already, as computing time is: they are counted in any case.
    /// - Throws: `.credit`, `.quoteExpired`, `.channelEnded` or `.unknownSession`.
    mutating func charge(
        _ units: UInt64, session: UInt32, holder: NodeID, isAfter: Bool = false, at milliseconds: Int64
    ) throws(ChannelsError) {
        let place = try place(of: session, holder)
        guard let slot = slots[place], let terms = slot.session, let window = slots[slot.credit]?.window else { return }
        if !isAfter {
            guard slot.channel.isOpen(at: milliseconds) else {
                throw ChannelsError(.channelEnded, "The channel is closing or has expired; open another")
            }
            guard milliseconds < terms.expiresMilliseconds else {
                throw ChannelsError(.quoteExpired, "The session's price held until now; open it again")
            }
            let most = slot.isSharing ? UInt64.max : slot.channel.terms?.maxUnits ?? 0
            guard window.isWithin(most, units, permille: terms.permille) else {
                throw ChannelsError(.exhausted, "The channel pays for \(most) units in all; open another")
            }
            guard window.admits(units, permille: terms.permille) else {
                throw ChannelsError(
                    .credit, "\(window.owed) units are delivered and not acknowledged; acknowledge some first")
            }
        }
        slots[slot.credit]?.window.charge(units, permille: terms.permille)
    }

    /// Takes back what could not be delivered.
    mutating func refund(_ units: UInt64, session: UInt32, holder: NodeID) {
        guard let place = try? place(of: session, holder), let slot = slots[place], let terms = slot.session else {
            return
        }
        slots[slot.credit]?.window.refund(units, permille: terms.permille)
    }

    /// What a session owes, in units of weight 1.
    func owed(session: UInt32, holder: NodeID) throws(ChannelsError) -> UInt64 {
        let place = try place(of: session, holder)
        return slots[place].flatMap { slots[$0.credit]?.window.owed } ?? 0
    }
}
