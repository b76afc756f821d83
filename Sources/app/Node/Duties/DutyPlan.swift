import Blake3
import Identity
import Ledger

/// Decides which duties are due: a pure function of the ledger, the clock and what was tried before.
///
/// What every node must do for itself, it does at a time of its own within the first quarter of the phase, so that a
/// large network does not do it all at once. What one node must do for all goes by rank: each duty puts the nodes into
/// another order, and a node waits for those before it before it does it itself. So it is done once as long as the first
/// is alive, and soon after otherwise. Nobody is special.
struct DutyPlan {
    /// What nodes wait for each one that is ranked before them.
    static let step: Int64 = 1_000
    /// The same as a part of the epoch, if that is shorter, so that short epochs do not end late.
    static let stepPart: Int64 = 40
    /// The longest wait for those of a better rank, in steps: so many nodes dead at once are not waited for one by one.
    static let maxSteps: Int64 = 16
    /// The shortest and the longest pause before a duty that failed is tried again, in milliseconds.
    static let retryPause: ClosedRange<Int64> = 100...10_000
    /// Duties that are remembered as tried.
    static let maxAttempts = 256
    /// Expired channels that are looked at together.
    static let maxExpiries = 64
    /// Expired channels that this node closes in one look: the epoch's duties must not wait for many.
    static let maxExpiriesAtOnce = 8

    let node: NodeID
    private var attempts: [Duty: (count: Int, next: Int64)] = [:]
    /// When the certificate of this sequence was first seen complete.
    private var completed: (sequence: UInt64, time: Int64)?
    /// When it is this node's turn to close an expired channel.
    private var turns: [ChannelID: Int64] = [:]

    init(node: NodeID) { self.node = node }

    /// What is due now, in the order in which it should be done.
    ///
    /// - Parameters:
    ///   - now: The wall clock in milliseconds since 1970. If the ledger's time is ahead of it, that counts.
    ///   - certificate: The sequence of the newest complete certificate, and who may have it: its committee.
    mutating func due(
        _ view: DutyView, now: Int64, certificate: (sequence: UInt64, committee: [NodeID])? = nil,
        wantsReport: Bool = false
    ) -> [Duty] {
        let now = max(now, view.ledgerTime)
        var duties: [Duty] = []
        if let certificate, certificate.sequence > view.certified {
            if completed?.sequence != certificate.sequence { completed = (certificate.sequence, now) }
            let duty = Duty.record(sequence: certificate.sequence)
            let start = completed?.time ?? now
            if now >= start.plus(wait(duty, among: certificate.committee, view)) { duties.append(duty) }
        }
        if view.isParticipating { duties += beacon(view, now, wantsReport) }
        return duties.filter { mayTry($0, now) } + expiries(view, now)
    }

    private func mayTry(_ duty: Duty, _ now: Int64) -> Bool { now >= attempts[duty]?.next ?? .min }

    /// Ranked like other duties, channel by channel, so that the nodes share them.
    private mutating func expiries(_ view: DutyView, _ now: Int64) -> [Duty] {
        guard view.isParticipating, !view.expired.isEmpty else {
            turns = [:]
            return []
        }
        let before = turns
        turns = [:]
        for channel in view.expired.prefix(DutyPlan.maxExpiries) {
            turns[channel] = before[channel] ?? now.plus(wait(.expire(channel), among: view.participants, view))
        }
        let due = view.expired.filter { now >= turns[$0] ?? .max }.map(Duty.expire)
        return Array(due.filter { mayTry($0, now) }.prefix(DutyPlan.maxExpiriesAtOnce))
    }

    private func beacon(_ view: DutyView, _ now: Int64, _ wantsReport: Bool) -> [Duty] {
        let elapsed = now.minus(view.roundStart)
        let length = max(1, view.epochLength)
        let half = length / 2
        let own = offset(view) % max(1, length / 8)
        let (epoch, round) = (view.epoch, view.round)
        var duties: [Duty] = []
        if elapsed < half {
            if view.isEligible, !view.hasCommitted, elapsed >= own {
                duties.append(.commit(epoch: epoch, round: round))
            }
            return duties
        }
        let mayReveal = view.isEligible && view.hasCommitted && !view.hasRevealed
        if mayReveal, elapsed >= half + own, elapsed < length { duties.append(.reveal(epoch: epoch, round: round)) }
        // Measurements cover most of the epoch and still come in time.
        if wantsReport, elapsed >= half + length / 4 + own { duties.append(.report(epoch: epoch)) }
        let advance = Duty.advance(epoch: epoch, round: round)
        if elapsed >= length, elapsed - length >= wait(advance, among: view.participants, view) {
            duties.append(advance)
        }
        return duties
    }

    /// A duty was tried: it is not tried again at once, and ever more seldom.
    mutating func tried(_ duty: Duty, now: Int64, epochLength: Int64) {
        if attempts.count >= DutyPlan.maxAttempts { attempts = [:] }
        let count = (attempts[duty]?.count ?? 0) + 1
        let first = min(max(epochLength / 40, DutyPlan.retryPause.lowerBound), DutyPlan.retryPause.upperBound)
        let pause = min(first << Int64(min(count - 1, 16)), DutyPlan.retryPause.upperBound)
        attempts[duty] = (count, now.plus(pause))
    }

    /// How long to wait for those who are ranked before this node.
    private func wait(_ duty: Duty, among nodes: [NodeID], _ view: DutyView) -> Int64 {
        let own = score(node, duty)
        let better = nodes.count { $0 != node && score($0, duty) < own }
        return min(Int64(better), DutyPlan.maxSteps) * min(DutyPlan.step, max(1, view.epochLength / DutyPlan.stepPart))
    }

    private func score(_ node: NodeID, _ duty: Duty) -> Digest {
        Blake3.hash(node.digest.bytes + Array(duty.label.utf8))
    }

    /// A time of this node's own, another one each round.
    private func offset(_ view: DutyView) -> Int64 {
        let digest = Blake3.hash(node.digest.bytes + Array("\(view.epoch) \(view.round)".utf8))
        return Int64(digest.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }.littleEndian)
    }
}

/// Times come from the ledger and may be anything.
extension Int64 {
    /// The sum, or the nearest number that there is.
    func plus(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the nearest number that there is.
    func minus(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
