import Ledger
import Stark

/// Decides which acknowledgments a node settles now, and in which lane: a pure function of what is pending, the clock and
/// how earlier batches ended. One batch is on its way at a time.
///
/// A batch is due when a whole one is pending, when the last round is long ago, when somebody asks, and for a channel that
/// ends: at once when its payer closes it or it has expired, and with a margin before its end in any case. Nothing of this
/// is kept: after a restart the same follows from the acknowledgments and the ledger.
struct SettlementPlan: Sendable {
    /// When and how much.
    struct Policy: Sendable, Equatable {
        /// Between two rounds in which everything is settled, in milliseconds. Default 10 minutes: more settles seldom,
        /// less keeps less at the payers' disposal.
        var interval: Int64 = 600_000
        /// A channel that ends is settled this many milliseconds before it does, however little there is. Default 2
        /// minutes: proving and inclusion take seconds.
        var margin: Int64 = 120_000
        /// Steps in all up to which hashing them again costs the ledger less than a proof.
        var crossover: UInt64 = 4_500
        /// Steps of a proof at most; proving takes memory in proportion. Default one less than 2^16 rows.
        var batchSteps: UInt64 = 65_535
        /// Channels of a proof at most. Default 1,000: what fits into a transaction.
        var maxProven = 1_000
        /// Links of a transaction that reveals at most: what fits into the default size of a transaction.
        var maxRevealed = 512
        /// The shortest and the longest pause after a batch that failed, in milliseconds.
        var retryPause: ClosedRange<Int64> = 1_000...60_000
        /// How long proofs are left alone after the ledger did not believe one, or none was made, in milliseconds.
        var proofPause: Int64 = 3_600_000
    }

    /// How a batch ended.
    enum End: Equatable, Sendable {
        /// The ledger has it.
        case applied
        /// Nobody took it: again later.
        case notTaken
        /// The ledger refused it: what it settles was closed or settled meanwhile, or the proof lane was just closed.
        case refused
        /// The ledger does not believe it: this node's links or its prover are wrong.
        case disbelieved
        /// The prover gave up.
        case notProven
    }

    let policy: Policy
    private var nextRound: Int64?
    /// Whether all that is pending is being settled, batch after batch.
    private(set) var isInRound = false
    private var failures = 0
    private var pausedUntil = Int64.min
    private var noProofsUntil = Int64.min
    private var batch: SettlementBatch?

    init(policy: Policy = Policy()) { self.policy = policy }

    /// Begins a round: everything that is pending is settled as soon as possible.
    mutating func startRound() {
        isInRound = true
        pausedUntil = .min
    }

    /// Begins a round, or goes on with one, as soon as the pause after a failure allows.
    mutating func continueRound() { isInRound = true }

    /// The batch that is due, if one is and none is on its way. Tell ``ended(_:now:)`` what became of it.
    mutating func next(_ view: SettlementView, now: Int64) -> SettlementBatch? {
        guard batch == nil, now >= pausedUntil else { return nil }
        let first = nextRound ?? now.plus(policy.interval)
        nextRound = first
        if now >= first { isInRound = true }
        let proves = view.takesProofs && now >= noProofsUntil
        let all = view.pending.sorted(by: SettlementPlan.isBefore)
        let steps = all.reduce(UInt64(0)) { $0.addingClamped($1.steps) }
        var chosen = all
        if !isInRound, steps < policy.batchSteps { chosen = all.filter { isEnding($0, now) } }
        let next = chosen.isEmpty ? nil : compose(chosen, view, proves: proves, now: now)
        if isInRound, next.map({ isLast($0, chosen) }) ?? true {
            isInRound = false
            nextRound = now.plus(policy.interval)
        }
        batch = next
        return next
    }

    /// Takes note of what became of the batch.
    ///
    /// - Parameter isProven: Whether a proof was submitted, where something else was than the batch.
    mutating func ended(_ end: End, isProven: Bool? = nil, now: Int64) {
        guard let batch else { return }
        self.batch = nil
        switch end {
        case .applied: failures = 0
        case .notTaken, .refused, .disbelieved, .notProven:
            if isProven ?? batch.isProven, end == .disbelieved || end == .notProven {
                noProofsUntil = now.plus(policy.proofPause)
            }
            failures += 1
            let pause = policy.retryPause.lowerBound << Int64(min(failures - 1, 16))
            pausedUntil = now.plus(min(pause, policy.retryPause.upperBound))
            // What was to be settled still is.
            nextRound = min(nextRound ?? now, pausedUntil)
        }
    }

    // MARK: Composing

    /// Who ends first comes first, then who owes most.
    private static func isBefore(_ one: SettlementView.Pending, _ other: SettlementView.Pending) -> Bool {
        if one.isEnding != other.isEnding { return one.isEnding }
        if one.isEnding, one.end != other.end { return one.end < other.end }
        if one.value != other.value { return one.value > other.value }
        let (left, right) = (one.acknowledged, other.acknowledged)
        return (left.channel, left.commodity) < (right.channel, right.commodity)
    }

    private func isEnding(_ chain: SettlementView.Pending, _ now: Int64) -> Bool {
        chain.isEnding || now >= chain.end.minus(policy.margin)
    }

    private func compose(
        _ pending: [SettlementView.Pending], _ view: SettlementView, proves: Bool, now: Int64
    ) -> SettlementBatch? {
        // A signature is cheaper than 200 steps, and a voucher ends a chain in one go.
        let vouchers = pending.filter {
            $0.prefersVoucher(stepsPerReveal: view.stepsPerReveal, isLast: isEnding($0, now))
        }.prefix(Settlement.maxVouchers)
        if !vouchers.isEmpty {
            return SettlementBatch(
                isProven: false,
                parts: vouchers.compactMap { chain in
                    chain.acknowledged.voucher.map { .voucher(chain.acknowledged, $0) }
                })
        }
        let chains = pending.filter { $0.acknowledged.units > $0.settledUnits }
        let steps = chains.reduce(UInt64(0)) { $0.addingClamped($1.steps) }
        if proves, steps > policy.crossover {
            let parts = proven(chains)
            if !parts.isEmpty { return SettlementBatch(isProven: true, parts: parts) }
        }
        let parts = revealed(chains, view.stepsPerReveal)
        return parts.isEmpty ? nil : SettlementBatch(isProven: false, parts: parts)
    }

    private func proven(_ chains: [SettlementView.Pending]) -> [SettlementBatch.Part] {
        var parts: [SettlementBatch.Part] = []
        var room = policy.batchSteps
        // A payer who opens a second channel in the middle of a chain can have both at one link, which a proof has once.
        var settled: Set<PoseidonLink> = []
        for chain in chains.prefix(policy.maxProven) {
            let steps = min(chain.steps, room, Settlement.maxProvenSteps)
            // A stretch that ends in front of what a voucher paid would settle nothing.
            guard chain.linkUnits + steps > chain.settledUnits, settled.insert(chain.settledLink).inserted else {
                continue
            }
            parts.append(
                .stretch(chain.acknowledged, from: chain.settledLink, steps: steps, back: chain.steps - steps))
            room -= steps
            if room == 0 { break }
        }
        return parts
    }

    /// Long ways in several reveals, one behind the other. The first one ends behind what vouchers paid, and cannot where
    /// that is too far: then only a voucher or a proof settles the chain.
    private func revealed(_ chains: [SettlementView.Pending], _ most: UInt64) -> [SettlementBatch.Part] {
        var parts: [SettlementBatch.Part] = []
        var room = max(Settlement.maxSteps, most)
        for chain in chains {
            var done: UInt64 = 0
            while done < chain.steps, parts.count < policy.maxRevealed, room > 0 {
                let steps = min(chain.steps - done, most, room)
                guard chain.linkUnits + done + steps > chain.settledUnits else { break }
                done += steps
                room -= steps
                // The ledger measures a reveal from the one before, so what it starts from need not be told.
                parts.append(
                    .stretch(chain.acknowledged, from: chain.settledLink, steps: steps, back: chain.steps - done))
            }
        }
        return parts
    }

    /// Whether nothing of the round is left behind the batch.
    private func isLast(_ batch: SettlementBatch, _ chosen: [SettlementView.Pending]) -> Bool {
        let ends = batch.parts.filter { part in
            switch part {
            // A voucher that pays more follows.
            case .stretch(let chain, _, _, let back): back == 0 && chain.voucher?.units ?? 0 <= chain.units
            case .voucher: true
            }
        }
        return Set(ends.map { ChainKey($0.chain) }) == Set(chosen.map { ChainKey($0.acknowledged) })
    }
}

/// Which chain.
struct ChainKey: Hashable, Sendable {
    let channel: ChannelID
    let commodity: Commodity

    init(_ channel: ChannelID, _ commodity: Commodity) {
        self.channel = channel
        self.commodity = commodity
    }

    init(_ chain: AcknowledgedChain) { self.init(chain.channel, chain.commodity) }
}

extension UInt64 {
    fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
