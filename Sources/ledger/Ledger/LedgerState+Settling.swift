import AckProofs
import Blake3
import Foundation
import Identity
import Stark

extension LedgerState {
    /// Carries out all settlements that still pay or, because a refusal takes everything back, none.
    ///
    /// Settlements of channels that were closed or have ended are passed over, and proven ones whose chain has moved on
    /// since: one channel whose time ran out while a batch was on its way does not take the others with it. Whatever else
    /// is wrong refuses the transaction, and so does it if nothing is left to pay.
    ///
    /// Refusals cost their sender nothing. So all that is cheap is checked of all settlements, in their order, before
    /// the first signature is verified or the first link is hashed.
    mutating func settle(
        _ settlements: [Settlement], proof: Data, _ signer: Signer, _ timeMilliseconds: Int64
    ) throws(LedgerError) {
        guard (1...Settlement.maxCount).contains(settlements.count) else {
            throw LedgerError(
                .tooLarge, "The transaction has \(settlements.count) settlements; send 1 to \(Settlement.maxCount)")
        }
        try checkVouchers(settlements)
        try checkSteps(settlements)
        try checkProof(settlements, proof, signer)
        var claims = SettlementClaims()
        var passedOver: LedgerError?
        var paid = 0
        for settlement in settlements {
            if let reason = try carryOut(settlement, signer, timeMilliseconds, &claims) {
                passedOver = passedOver ?? reason
            } else {
                paid += 1
            }
        }
        if paid == 0, let passedOver { throw passedOver }
        try claims.verify()
        // Of all, so that every proof on the ledger is a valid one.
        if !proof.isEmpty { try proofCheck.verify(proof, settlements, networkID) }
    }

    /// Pays as if the settlement were proven; what it claims is still to be verified. Returns why it is passed over, if
    /// so.
    private mutating func carryOut(
        _ settlement: Settlement, _ signer: Signer, _ timeMilliseconds: Int64, _ claims: inout SettlementClaims
    ) throws(LedgerError) -> LedgerError? {
        guard var channel = channel(settlement.channel) else { return LedgerState.notOpen(settlement.channel) }
        let payee = try managed(channel.payee, signer)
        let end = channel.endMilliseconds(grace: parameters.channelGraceMilliseconds)
        guard timeMilliseconds <= end else {
            return LedgerError(
                .channelState,
                "The channel \(channel.id) ended at \(end) ms, before \(timeMilliseconds) ms; it pays no more")
        }
        guard let index = channel.chains.firstIndex(where: { $0.commodity == settlement.commodity }) else {
            throw LedgerError(.badSettlement, "The channel \(channel.id) does not pay for \(settlement.commodity)")
        }
        var chain = channel.chains[index]
        let before = chain.settledUnits
        switch settlement.lane {
        case .reveal(let link, let steps):
            claims.links.append(AckClaim(from: chain.link, to: link, steps: steps))
            try chain.settle(link: link, steps: steps)
        case .voucher(let units, let signature):
            let voucher = Voucher(
                network: networkID, channel: channel.id, commodity: settlement.commodity, units: units)
            claims.vouchers.append((voucher, signature, channel.payerKey))
            try chain.settle(units: units)
        case .proof(let from, let link, let steps):
            guard chain.link == from, steps > chain.settledUnits &- chain.linkUnits else {
                return LedgerError(
                    .alreadyDone, "The channel \(channel.id) is settled beyond what the proof begins with; prove anew")
            }
            try chain.settle(link: link, steps: steps)
        }
        let (payment, overflow) = (chain.settledUnits - before).multipliedReportingOverflow(by: chain.unitPrice)
        guard !overflow, payment <= channel.refund else {
            throw LedgerError(.badSettlement, "More than the deposit of channel \(channel.id) would be paid")
        }
        channel.chains[index] = chain
        channel.settled += payment
        channelTable.put(channel)
        if payment > 0 { try pay(payment, to: payee.operatorAccount) }
        return nil
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

    /// That proof and proven settlements belong together, and that the network takes them.
    private func checkProof(_ settlements: [Settlement], _ proof: Data, _ signer: Signer) throws(LedgerError) {
        let claims = SettlementProof.claims(of: settlements)
        guard claims.isEmpty == proof.isEmpty else {
            throw LedgerError(
                .badSettlement, "The transaction has \(claims.count) proven links and a proof of \(proof.count) bytes")
        }
        guard !claims.isEmpty else { return }
        guard parameters.settlementBytes > 0 else {
            throw LedgerError(
                .unsupported, "This network takes no settlement proofs; reveal a link or send a voucher")
        }
        // Who signs a false proof is the one who loses stake for it.
        guard case .node = signer else {
            throw LedgerError(.notAuthorised, "A settlement with a proof is signed by the node that is paid")
        }
        try SettlementProof.checkBounds(claims)
        var chains: Set<Settlement> = []
        for settlement in settlements {
            guard case .proof(let from, _, _) = settlement.lane else { continue }
            // The same but for what it claims.
            let chain = Settlement(
                channel: settlement.channel, commodity: settlement.commodity, lane: .reveal(link: from, steps: 0))
            guard chains.insert(chain).inserted else {
                throw LedgerError(
                    .badSettlement, "The channel \(settlement.channel) is proven twice from one link")
            }
        }
    }
}

extension SettlementProof {
    /// - Throws: `.badSettlement` for a claim of no steps or too many, `.tooLarge` for too many in all.
    static func checkBounds(_ claims: [AckClaim]) throws(LedgerError) {
        var sum: UInt64 = 0
        for claim in claims {
            guard (1...Settlement.maxProvenSteps).contains(claim.steps) else {
                throw LedgerError(
                    .badSettlement,
                    "A link is proven \(claim.steps) steps behind the last; 1 to \(Settlement.maxProvenSteps) may be")
            }
            sum += claim.steps
        }
        guard sum <= Settlement.maxProvenStepsInAll else {
            throw LedgerError(
                .tooLarge,
                "The transaction proves \(sum) steps; at most \(Settlement.maxProvenStepsInAll) fit, send several")
        }
    }
}

/// How a transaction's proof is verified. There is one way; tests of what follows from a verifier that is wrong have
/// another.
struct SettlementProofCheck: Sendable {
    let verify: @Sendable (Data, [Settlement], NetworkID) throws(LedgerError) -> Void

    static let stark = SettlementProofCheck { (proof, settlements, network) throws(LedgerError) in
        try SettlementProof.verify(proof, of: settlements, network: network)
    }
}

/// What settlements say that takes signature checks or hashing to believe.
private struct SettlementClaims {
    /// Revealed links, from the chain's last one as it is before the settlement.
    var links: [AckClaim] = []
    /// Vouchers, signatures, and the keys of those who must have made them.
    var vouchers: [(Voucher, Data, PublicKey)] = []

    func verify() throws(LedgerError) {
        for (voucher, signature, payer) in vouchers {
            guard voucher.isValid(signature, by: payer) else {
                throw LedgerError(
                    .badSettlement,
                    "The voucher for \(voucher.units) units of channel \(voucher.channel) is not signed by its payer")
            }
        }
        if let index = LinkRehash.firstFalse(links) {
            throw LedgerError(
                .badSettlement, "The revealed link \(index) is not \(links[index].steps) steps behind the last one")
        }
    }
}

extension ChannelRecord.Chain {
    /// Moves to a link that is said to be `steps` behind the last revealed one.
    fileprivate mutating func settle(link: PoseidonLink, steps: UInt64) throws(LedgerError) {
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
