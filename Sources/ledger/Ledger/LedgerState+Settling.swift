import Blake3
import Foundation
import Identity

extension LedgerState {
    /// Carries out all settlements or, because a refusal takes everything back, none.
    ///
    /// Refusals cost their sender nothing. So all that is cheap is checked of all settlements, in their order, before
    /// the first signature is verified or the first link is hashed.
    mutating func settle(
        _ settlements: [Settlement], _ signer: Signer, _ timeMilliseconds: Int64
    ) throws(LedgerError) {
        guard (1...Settlement.maxCount).contains(settlements.count) else {
            throw LedgerError(
                .tooLarge, "The transaction has \(settlements.count) settlements; send 1 to \(Settlement.maxCount)")
        }
        try checkVouchers(settlements)
        try checkSteps(settlements)
        var claims: [SettlementClaim] = []
        for settlement in settlements { claims.append(try carryOut(settlement, signer, timeMilliseconds)) }
        for claim in claims { try claim.verify() }
    }

    /// Pays as if the settlement were proven; what it claims is still to be verified.
    private mutating func carryOut(
        _ settlement: Settlement, _ signer: Signer, _ timeMilliseconds: Int64
    ) throws(LedgerError) -> SettlementClaim {
        var channel = try opened(settlement.channel)
        let payee = try managed(channel.payee, signer)
        let end = channel.endMilliseconds(grace: parameters.channelGraceMilliseconds)
        guard timeMilliseconds <= end else {
            throw LedgerError(
                .channelState,
                "The channel \(channel.id) ended at \(end) ms, before \(timeMilliseconds) ms; it pays no more")
        }
        guard let index = channel.chains.firstIndex(where: { $0.commodity == settlement.commodity }) else {
            throw LedgerError(.badSettlement, "The channel \(channel.id) does not pay for \(settlement.commodity)")
        }
        var chain = channel.chains[index]
        let before = chain.settledUnits
        let claim: SettlementClaim
        switch settlement.lane {
        case .reveal(let link, let steps):
            claim = SettlementClaim.link(link, steps: steps, of: chain)
            try chain.settle(link: link, steps: steps)
        case .voucher(let units, let signature):
            let voucher = Voucher(
                network: networkID, channel: channel.id, commodity: settlement.commodity, units: units)
            claim = SettlementClaim.voucher(voucher, signature, by: channel.payerKey)
            try chain.settle(units: units)
        case .proof:
            throw LedgerError(
                .unsupported, "This version verifies no settlement proofs; reveal a link or send a voucher")
        }
        let (payment, overflow) = (chain.settledUnits - before).multipliedReportingOverflow(by: chain.unitPrice)
        guard !overflow, payment <= channel.refund else {
            throw LedgerError(.badSettlement, "More than the deposit of channel \(channel.id) would be paid")
        }
        channel.chains[index] = chain
        channel.settled += payment
        channelTable.put(channel)
        if payment > 0 { try pay(payment, to: payee.operatorAccount) }
        return claim
    }

    // MARK: Bounds

    private func checkVouchers(_ settlements: [Settlement]) throws(LedgerError) {
        let count = settlements.count { if case .voucher = $0.lane { true } else { false } }
        guard count <= Settlement.maxVouchers else {
            throw LedgerError(
                .tooLarge,
                "The transaction has \(count) vouchers; at most \(Settlement.maxVouchers) fit, send several")
        }
    }

    private func checkSteps(_ settlements: [Settlement]) throws(LedgerError) {
        let most = parameters.channelStepsPerReveal
        var sum: UInt64 = 0
        for case .reveal(_, let steps) in settlements.map(\.lane) {
            guard (1...most).contains(steps) else {
                throw LedgerError(
                    .badSettlement,
                    "A link is revealed \(steps) steps behind the last; this network allows 1 to \(most)")
            }
            sum += steps
        }
        guard sum <= max(most, Settlement.maxSteps) else {
            throw LedgerError(
                .tooLarge,
                "The transaction reveals \(sum) steps; at most \(max(most, Settlement.maxSteps)) fit, send several")
        }
    }
}

/// What a settlement says that takes a signature check or hashing to believe.
private enum SettlementClaim {
    /// That the link is so many steps behind the last one of the chain, as the chain is before the settlement.
    case link(Digest, steps: UInt64, of: ChannelRecord.Chain)
    /// That the payer, whose key is given, signed the voucher.
    case voucher(Voucher, Data, by: PublicKey)

    func verify() throws(LedgerError) {
        switch self {
        case .link(let link, let steps, let chain):
            var hashed = link
            for _ in 0..<steps {
                guard let next = ChannelLink.next(hashed, function: chain.linkFunction) else {
                    throw LedgerError(.unsupported, "The chain's link function \(chain.linkFunction) is unknown here")
                }
                hashed = next
            }
            guard hashed == chain.link else {
                throw LedgerError(
                    .badSettlement,
                    "The revealed link is not \(steps) steps behind the one of unit \(chain.linkUnits)")
            }
        case .voucher(let voucher, let signature, let payer):
            guard voucher.isValid(signature, by: payer) else {
                throw LedgerError(
                    .badSettlement,
                    "The voucher for \(voucher.units) units of channel \(voucher.channel) is not signed by its payer")
            }
        }
    }
}

extension ChannelRecord.Chain {
    /// Moves to a link that is said to be `steps` behind the last revealed one.
    fileprivate mutating func settle(link: Digest, steps: UInt64) throws(LedgerError) {
        let (units, overflow) = linkUnits.addingReportingOverflow(steps)
        guard !overflow else {
            throw LedgerError(
                .badSettlement, "The link is \(steps) steps behind unit \(linkUnits), which no chain reaches")
        }
        try settle(units: units)
        self.link = link
        linkUnits = units
    }

    /// Moves to `units` in all.
    fileprivate mutating func settle(units: UInt64) throws(LedgerError) {
        guard units > settledUnits, units <= maxUnits else {
            throw LedgerError(
                .badSettlement,
                "\(units) units in all cannot be settled: \(settledUnits) are, and \(maxUnits) is the most")
        }
        settledUnits = units
    }
}
