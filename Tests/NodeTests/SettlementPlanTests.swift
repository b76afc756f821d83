import Blake3
import Foundation
import Ledger
import Stark
import Testing

@testable import Node

@Suite("What is settled, when, and in which lane")
struct SettlementPlanTests {
    private static let start: Int64 = 1_000_000_000
    private static let tip = PoseidonLink(bytes: [7] + Array(repeating: 0, count: 31))

    private func policy(_ change: (inout SettlementPlan.Policy) -> Void = { _ in }) -> SettlementPlan.Policy {
        var policy = SettlementPlan.Policy()
        policy.batchSteps = 10_000
        policy.crossover = 100
        change(&policy)
        return policy
    }

    /// A chain of 100,000 links whose newest one is so many steps behind the settled one.
    private func pending(
        _ number: Int, steps: UInt64, settled: UInt64 = 0, price: UInt64 = 1, end: Int64 = .max, isEnding: Bool = false,
        voucher: UInt64? = nil, paidByVoucher: UInt64 = 0
    ) throws -> SettlementView.Pending {
        let link = try #require(Self.tip).advanced(by: number)
        return SettlementView.Pending(
            acknowledged: AcknowledgedChain(
                channel: ChannelID(Blake3.hash(Array("\(number)".utf8))), commodity: .bytes, units: settled + steps,
                link: link, voucher: voucher.map { .init(units: $0, signature: Data([1])) }),
            settledLink: link, linkUnits: settled, settledUnits: settled + paidByVoucher, unitPrice: price, end: end,
            isEnding: isEnding)
    }

    private func view(
        _ pending: [SettlementView.Pending], proofs: Bool = true, perReveal: UInt64 = 8_192
    ) -> SettlementView {
        SettlementView(takesProofs: proofs, stepsPerReveal: perReveal, pending: pending)
    }

    private func stretches(_ batch: SettlementBatch?) -> [(steps: UInt64, back: UInt64)] {
        (batch?.parts ?? []).compactMap { part in
            guard case .stretch(_, _, let steps, let back) = part else { return nil }
            return (steps, back)
        }
    }

    @Test("Nothing is due at first; a round is after the interval, and then not before the next")
    func rounds() throws {
        var plan = SettlementPlan(policy: policy())
        let chain = try pending(1, steps: 5)
        #expect(plan.next(view([chain]), now: Self.start) == nil)
        #expect(plan.next(view([chain]), now: Self.start + 599_999) == nil)
        let batch = plan.next(view([chain]), now: Self.start + 600_000)
        #expect(batch?.parts.count == 1)
        // One at a time.
        #expect(plan.next(view([chain]), now: Self.start + 600_001) == nil)
        plan.ended(.applied, now: Self.start + 601_000)
        #expect(!plan.isInRound)
        #expect(plan.next(view([chain]), now: Self.start + 1_199_999) == nil)
        #expect(plan.next(view([chain]), now: Self.start + 1_200_000) != nil)
    }

    @Test("A whole batch is due at once, and so is what somebody asks for")
    func fullBatches() throws {
        var plan = SettlementPlan(policy: policy())
        #expect(plan.next(view([try pending(1, steps: 9_999)]), now: Self.start) == nil)
        let full = plan.next(view([try pending(1, steps: 10_000)]), now: Self.start)
        #expect(full?.isProven == true && full?.steps == 10_000)
        var asked = SettlementPlan(policy: policy())
        asked.startRound()
        #expect(asked.next(view([try pending(1, steps: 1)]), now: Self.start) != nil)
        // A round with nothing to do is over at once.
        var idle = SettlementPlan(policy: policy())
        idle.startRound()
        #expect(idle.next(view([]), now: Self.start) == nil)
        #expect(!idle.isInRound)
    }

    @Test("Channels that end are settled alone, with a margin")
    func endings() throws {
        let end = Self.start + 500_000
        let quiet = try pending(1, steps: 9)
        for (chain, due) in [
            (try pending(2, steps: 3, end: end), end - 120_000),
            (try pending(2, steps: 3, end: end, isEnding: true), Self.start),
        ] {
            var plan = SettlementPlan(policy: policy())
            if due > Self.start { #expect(plan.next(view([quiet, chain]), now: due - 1) == nil) }
            let batch = plan.next(view([quiet, chain]), now: due)
            #expect(batch?.parts.map(\.chain) == [chain.acknowledged])
        }
        // Who ends first comes first, before who owes most.
        var plan = SettlementPlan(policy: policy { $0.batchSteps = 500 })
        plan.startRound()
        let chains = [
            try pending(1, steps: 400), try pending(2, steps: 200, end: end, isEnding: true),
            try pending(3, steps: 200, end: end - 1, isEnding: true),
        ]
        let batch = plan.next(view(chains), now: Self.start)
        #expect(batch?.parts.map(\.chain) == [chains[2], chains[1], chains[0]].map(\.acknowledged))
        #expect(stretches(batch).map(\.steps) == [200, 200, 100])
        #expect(stretches(batch).map(\.back) == [0, 0, 300])
        #expect(plan.isInRound, "the rest of the round follows")
    }

    @Test("The cheapest lane: links up to the crossover, then a proof; vouchers where they pay as much")
    func lanes() throws {
        let cases: [([SettlementView.Pending], Bool, String)] = [
            ([try pending(1, steps: 100)], true, "reveal"), ([try pending(1, steps: 101)], true, "proof"),
            ([try pending(1, steps: 60), try pending(2, steps: 60)], true, "proof"),
            ([try pending(1, steps: 9_000)], false, "reveal"),
            ([try pending(1, steps: 8_191, voucher: 8_191)], true, "voucher"),
            ([try pending(1, steps: 8_191, voucher: 8_190)], true, "proof"),
            ([try pending(1, steps: 0, voucher: 50)], true, "voucher"),
        ]
        for (index, (chains, proofs, lane)) in cases.enumerated() {
            var plan = SettlementPlan(policy: policy())
            plan.startRound()
            #expect(plan.next(view(chains, proofs: proofs), now: Self.start)?.lane == lane, "\(index)")
        }
    }

    @Test("Without proofs a long way is revealed in several steps that fit the ledger's bounds")
    func longReveals() throws {
        var plan = SettlementPlan(policy: policy())
        plan.startRound()
        let chain = try pending(1, steps: 20_000)
        let batch = plan.next(view([chain], proofs: false), now: Self.start)
        #expect(stretches(batch).map(\.steps) == [8_192, 8_192, 3_616])
        #expect(stretches(batch).map(\.back) == [11_808, 3_616, 0])
        plan.ended(.applied, now: Self.start)
        // More than a transaction reveals goes on in the next.
        var long = SettlementPlan(policy: policy())
        long.startRound()
        let first = long.next(view([try pending(1, steps: 70_000)], proofs: false), now: Self.start)
        #expect(first?.steps == Settlement.maxSteps)
        #expect(long.isInRound)
        long.ended(.applied, now: Self.start)
        let second = long.next(
            view([try pending(1, steps: 70_000 - Settlement.maxSteps, settled: Settlement.maxSteps)], proofs: false),
            now: Self.start)
        #expect(second?.steps == 70_000 - Settlement.maxSteps)
        #expect(!long.isInRound)
    }

    @Test("No stretch ends in front of what a voucher paid")
    func behindVouchers() throws {
        // 300 of 500 steps were paid by a voucher: a proof of 200 steps would settle nothing, nor would a link.
        let chain = try pending(1, steps: 500, paidByVoucher: 300)
        for (batchSteps, perReveal, lane) in [
            (200, 200, nil), (200, 400, "reveal"), (400, 200, "proof"),
        ] as [(UInt64, UInt64, String?)] {
            var plan = SettlementPlan(policy: policy { $0.batchSteps = batchSteps })
            plan.startRound()
            let batch = plan.next(view([chain], perReveal: perReveal), now: Self.start)
            #expect(batch?.lane == lane && stretches(batch).first?.steps == (lane == nil ? nil : 400))
        }
    }

    @Test("No voucher is settled behind which links could not be, until nothing more can come")
    func vouchersThatLead() throws {
        let end = Self.start + 500_000
        func lane(_ pending: SettlementView.Pending, at now: Int64 = Self.start) -> String? {
            var plan = SettlementPlan(policy: policy())
            plan.startRound()
            return plan.next(view([pending]), now: now)?.lane
        }
        // A payer signs for 9,000 units and reveals links on: the ledger's link would be too far behind.
        #expect(lane(try pending(1, steps: 9_000, end: end, voucher: 9_000)) == "proof")
        #expect(lane(try pending(1, steps: 0, end: end, voucher: 9_000)) == nil)
        for (chain, now) in [
            (try pending(1, steps: 9_000, end: end, isEnding: true, voucher: 9_000), Self.start),
            (try pending(1, steps: 0, end: end, voucher: 9_000), end - 120_000),
        ] {
            #expect(lane(chain, at: now) == "voucher")
        }
        // Links first, then the voucher that is a little ahead of them: both in one round.
        var plan = SettlementPlan(policy: policy())
        plan.startRound()
        #expect(plan.next(view([try pending(1, steps: 9_000, voucher: 9_500)]), now: Self.start)?.lane == "proof")
        #expect(plan.isInRound)
        plan.ended(.applied, now: Self.start)
        let rest = try pending(1, steps: 0, settled: 9_000, voucher: 9_500)
        #expect(plan.next(view([rest]), now: Self.start)?.lane == "voucher")
        #expect(!plan.isInRound)
    }

    @Test("Of two channels that a payer has brought to one link a proof has one, and the next the other")
    func oneLinkTwice() throws {
        var plan = SettlementPlan(policy: policy())
        plan.startRound()
        let first = try pending(1, steps: 500)
        var second = try pending(2, steps: 400)
        second.settledLink = first.settledLink
        let batch = plan.next(view([first, second]), now: Self.start)
        #expect(batch?.isProven == true && batch?.parts.map(\.chain) == [first.acknowledged] && plan.isInRound)
        plan.ended(.applied, now: Self.start)
        #expect(plan.next(view([second]), now: Self.start)?.parts.map(\.chain) == [second.acknowledged])
        #expect(!plan.isInRound)
    }

    @Test("Bounds of a batch: steps, channels, vouchers")
    func bounds() throws {
        var plan = SettlementPlan(policy: policy { $0.maxProven = 3 })
        plan.startRound()
        let chains = try (0..<5).map { try pending($0, steps: 1_000) }
        #expect(plan.next(view(chains), now: Self.start)?.parts.count == 3)
        #expect(plan.isInRound)
        var signed = SettlementPlan(policy: policy())
        signed.startRound()
        let vouchers = try (0...Settlement.maxVouchers).map { try pending($0, steps: 0, voucher: 9) }
        #expect(signed.next(view(vouchers), now: Self.start)?.parts.count == Settlement.maxVouchers)
        var revealed = SettlementPlan(policy: policy { $0.maxRevealed = 4 })
        revealed.startRound()
        let few = try (0..<9).map { try pending($0, steps: 2) }
        #expect(revealed.next(view(few), now: Self.start)?.parts.count == 4)
    }

    @Test("What failed is tried again, ever more seldom; after a proof that was not believed, without proofs")
    func failures() throws {
        var plan = SettlementPlan(policy: policy())
        plan.startRound()
        let chain = try pending(1, steps: 500)
        var now = Self.start
        for pause: Int64 in [1_000, 2_000, 4_000] {
            #expect(plan.next(view([chain]), now: now)?.isProven == true)
            plan.ended(.notTaken, now: now)
            #expect(plan.next(view([chain]), now: now + pause - 1) == nil)
            now += pause
        }
        // That a channel was closed meanwhile is no fault of the prover: a payer who closes at the right moment switches
        // nothing off.
        #expect(plan.next(view([chain]), now: now)?.isProven == true)
        plan.ended(.refused, now: now)
        now += 60_000
        #expect(plan.next(view([chain]), now: now)?.isProven == true)
        plan.ended(.disbelieved, now: now)
        now += 60_000
        #expect(plan.next(view([chain]), now: now)?.lane == "reveal")
        plan.ended(.applied, now: now)
        now += 3_600_000
        #expect(plan.next(view([chain]), now: now)?.lane == "proof")
    }

    @Test("The links of a batch are where its stretches end")
    func links() throws {
        let tip = try #require(Self.tip)
        let chain = AcknowledgedChain(
            channel: ChannelID(Blake3.hash([1])), commodity: .bytes, units: 30, link: tip)
        let anchor = tip.advanced(by: 30)
        let batch = SettlementBatch(
            isProven: true,
            parts: [
                .stretch(chain, from: anchor, steps: 10, back: 20), .stretch(chain, from: anchor, steps: 20, back: 0),
            ])
        var trail = LinkTrail()
        let lanes = try batch.settlements(&trail).map(\.lane)
        #expect(
            lanes == [
                .proof(from: anchor, link: tip.advanced(by: 20), steps: 10), .proof(from: anchor, link: tip, steps: 20),
            ])
        var revealed = batch
        revealed.isProven = false
        let first = try revealed.settlements(&trail).first?.lane
        #expect(first == .reveal(link: tip.advanced(by: 20), steps: 10))
        #expect(throws: CancellationError.self) {
            var fresh = LinkTrail()
            _ = try revealed.settlements(&fresh) { true }
        }
    }
}
