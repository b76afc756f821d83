import Identity
import Ledger
import Stark

/// What happens in a session.
extension PayeeBook {
    /// Takes an acknowledgment.
    ///
    /// - Returns: Units that it adds.
    /// - Throws: What ``PayeeChannel/steps(to:maxGap:)`` throws; a wrong link also ends the session.
    mutating func acknowledge(_ ack: SessionAck, holder: NodeID) throws(ChannelsError) -> UInt64 {
        try acknowledge(ack.link, at: try place(of: ack.session, holder))
    }

    private mutating func acknowledge(_ link: ChainLink, at place: Int) throws(ChannelsError) -> UInt64 {
        guard let steps = try slots[place]?.channel.steps(to: link, maxGap: settings.maxGap) else { return 0 }
        return try take(link, hashed: link.link.advanced(by: Int(steps)), at: place)
    }

    private mutating func take(
        _ link: ChainLink, hashed: PoseidonLink, at place: Int
    ) throws(ChannelsError) -> UInt64 {
        guard let before = slots[place]?.channel.acknowledgedUnits, let last = slots[place]?.channel.last,
            let isLogged = slots[place]?.isLogged
        else { return 0 }
        do throws(ChannelsError) {
            try slots[place]?.channel.take(link, hashed: hashed)
        } catch {
            blame(place)
            throw error
        }
        if link == last { return 0 }
        if isLogged { unwritten.append(AckRecord(link: link, slot: place)) } else { begin(place) }
        return credit(since: before, at: place)
    }

    // MARK: Many at a time

    /// Takes what each request acknowledges and counts its units, in their order: as one after the other, but the first
    /// links of requests, where they are for the next unit of different chains, are hashed in 16 lanes.
    ///
    /// - Returns: An answer for each.
    mutating func admit(_ requests: [UnitRequest], at milliseconds: Int64) -> [UnitAnswer] {
        let lanes = hashed(requests)
        var answers = [UnitAnswer](repeating: UnitAnswer(), count: requests.count)
        for (index, request) in requests.enumerated() {
            do throws(ChannelsError) {
                let place = try place(of: request.session, request.holder)
                for (number, link) in request.acknowledgments.enumerated() {
                    let units = try acknowledge(link, hashed: number == 0 ? lanes[index] : nil, at: place, of: request)
                    answers[index].acknowledged &+= units
                }
                guard request.units > 0 else { continue }
                _ = try charge(
                    request.units, session: request.session, holder: request.holder, commodity: request.commodity,
                    at: milliseconds)
            } catch {
                answers[index].refusal = error
            }
        }
        return answers
    }

    /// A pass over 16 lanes takes as long as about seven links one after the other, however many are filled.
    private static let leastLanes = 8

    /// The hash of each request's first link, where it is one that a lane was filled with.
    private func hashed(_ requests: [UnitRequest]) -> [PoseidonLink?] {
        var results = [PoseidonLink?](repeating: nil, count: requests.count)
        guard requests.count >= PayeeBook.leastLanes else { return results }
        var lanes: [PoseidonLink] = []
        var owners: [Int] = []
        var taken: Set<Int> = []
        lanes.reserveCapacity(requests.count)
        owners.reserveCapacity(requests.count)
        for (index, request) in requests.enumerated() {
            let place = Int(request.session & 0xf_ffff)
            guard let link = request.acknowledgments.first, place < slots.count,
                slots[place]?.generation == request.session >> 20, slots[place]?.session?.holder == request.holder,
                slots[place]?.channel.isNext(link) == true, taken.insert(place).inserted
            else { continue }
            lanes.append(link.link)
            owners.append(index)
        }
        if lanes.count % LinkRehash.lanes < PayeeBook.leastLanes { lanes.removeLast(lanes.count % LinkRehash.lanes) }
        PoseidonLink.advance(&lanes, by: 1)
        for (owner, link) in zip(owners, lanes) { results[owner] = link }
        return results
    }

    private mutating func acknowledge(
        _ link: ChainLink, hashed: PoseidonLink?, at place: Int, of request: UnitRequest
    ) throws(ChannelsError) -> UInt64 {
        // An earlier request of the same chain may have come further than the lane knew.
        if let hashed, slots[place]?.channel.isNext(link) == true {
            return try take(link, hashed: hashed, at: place)
        }
        do throws(ChannelsError) {
            return try acknowledge(link, at: place)
        } catch {
            // Requests overtake each other at the payer's, and so may acknowledgments: an older one says nothing new.
            if error.code == .stale, request.units > 0 { return 0 }
            throw error
        }
    }

    // MARK: Vouchers

    /// What of a voucher must be verified before it is taken.
    func check(_ voucher: SessionVoucher, holder: NodeID) throws(ChannelsError) -> PayeeChannel.VoucherClaim {
        let place = try place(of: voucher.session, holder)
        guard let slot = slots[place] else { throw ChannelsError(.unknownSession, "The session is over") }
        return try slot.channel.check(voucher.voucher, network: network)
    }

    /// Takes a voucher whose signature was verified.
    ///
    /// - Returns: Units that it adds.
    mutating func takeVerified(_ voucher: SessionVoucher, holder: NodeID) throws(ChannelsError) -> UInt64 {
        let place = try place(of: voucher.session, holder)
        guard var channel = slots[place]?.channel, let isLogged = slots[place]?.isLogged else { return 0 }
        let before = channel.acknowledgedUnits
        _ = try channel.take(voucher.voucher)
        slots[place]?.channel = channel
        if isLogged { unwritten += AckRecord.records(of: voucher.voucher, slot: place) } else { begin(place) }
        return credit(since: before, at: place)
    }

    private mutating func credit(since before: UInt64, at place: Int) -> UInt64 {
        guard let after = slots[place]?.channel.acknowledgedUnits, let weight = slots[place]?.weight,
            let credit = slots[place]?.credit
        else { return 0 }
        let units = after - before
        let (links, overflow) = units.multipliedReportingOverflow(by: weight)
        slots[credit]?.window.acknowledge(overflow ? .max : links)
        noteDebt(of: credit)
        return units
    }

    /// Nobody knows beforehand what a call costs, so it may owe far more than the window: the log keeps that, or each restart
    /// would forgive it. What blocks owe is within the window.
    private mutating func noteDebt(of place: Int) {
        guard slots[place]?.channel.key.commodity == .compute, let debt = slots[place]?.window.debt,
            debt != slots[place]?.channel.debt, let isLogged = slots[place]?.isLogged
        else { return }
        slots[place]?.channel.debt = debt
        if isLogged { unwritten.append(AckRecord(.debt, slot: place, number: debt)) } else { begin(place) }
    }

    /// From now on the log knows the slot.
    private mutating func begin(_ place: Int) {
        slots[place]?.isLogged = true
        if let channel = slots[place]?.channel { unwritten += AckRecord.records(of: channel, slot: place) }
    }

    // MARK: Delivering

    /// Counts `units` as delivered, before they are.
    ///
    /// - Throws: `.credit`, `.quoteExpired`, `.channelEnded`, `.exhausted`, `.unknownSession`, or `.unknownChannel` for a
    ///   session that pays for something else.
    mutating func charge(
        _ units: UInt64, session: UInt32, holder: NodeID, commodity: Commodity, at milliseconds: Int64
    ) throws(ChannelsError) -> UnitTicket {
        let place = try place(of: session, holder)
        // Read one by one: a copy of the slot costs more than all of this.
        guard let terms = slots[place]?.session, let key = slots[place]?.channel.key,
            let credit = slots[place]?.credit, let window = slots[credit]?.window
        else { throw ChannelsError(.unknownSession, "The session is over; open the channel again") }
        guard key.commodity == commodity else {
            throw ChannelsError(.unknownChannel, "The session pays for \(key.commodity), not for \(commodity)")
        }
        guard slots[place]?.channel.isOpen(at: milliseconds) == true,
            credit == place || slots[credit]?.channel.isOpen(at: milliseconds) == true
        else {
            throw ChannelsError(.channelEnded, "The channel is closing or has expired; open another")
        }
        guard milliseconds < terms.expiresMilliseconds else {
            throw ChannelsError(.quoteExpired, "The session's price held until now; open it again")
        }
        let isSharing = slots[place]?.isSharing ?? false
        let most = isSharing ? UInt64.max : slots[place]?.channel.terms?.maxUnits ?? 0
        guard window.isWithin(most, units, permille: terms.permille) else {
            throw ChannelsError(.exhausted, "The channel pays for \(most) units in all; open another")
        }
        guard window.admits(units, permille: terms.permille) else {
            throw ChannelsError(
                .credit, "\(window.owed) units are delivered and not acknowledged; acknowledge some first")
        }
        slots[credit]?.window.charge(units, permille: terms.permille)
        noteDebt(of: credit)
        return UnitTicket(place: place, key: key, permille: terms.permille)
    }

    /// Counts units that were used before anybody knew how many: in any case, and whatever became of the session. Those of
    /// a channel that is gone are lost.
    mutating func charge(_ units: UInt64, on ticket: UnitTicket) {
        guard slots.indices.contains(ticket.place), slots[ticket.place]?.channel.key == ticket.key,
            let credit = slots[ticket.place]?.credit
        else { return }
        slots[credit]?.window.charge(units, permille: ticket.permille)
        noteDebt(of: credit)
    }

    /// Whether the channel of a ticket owes no more than what is delivered on credit; false for one that is gone.
    func isWithinCredit(_ ticket: UnitTicket) -> Bool {
        guard slots.indices.contains(ticket.place), slots[ticket.place]?.channel.key == ticket.key,
            let credit = slots[ticket.place]?.credit, let window = slots[credit]?.window
        else { return false }
        return window.admits(0, permille: ticket.permille)
    }

    /// Takes back what could not be delivered.
    mutating func refund(_ units: UInt64, session: UInt32, holder: NodeID) {
        guard let place = try? place(of: session, holder), let slot = slots[place], let terms = slot.session else {
            return
        }
        slots[slot.credit]?.window.refund(units, permille: terms.permille)
        noteDebt(of: slot.credit)
    }

    /// What a session owes, in units of weight 1.
    func owed(session: UInt32, holder: NodeID) throws(ChannelsError) -> UInt64 {
        let place = try place(of: session, holder)
        return slots[place].flatMap { slots[$0.credit]?.window.owed } ?? 0
    }
}
