import Blake3
import Identity
import Ledger
import Testing

@testable import Node

@Suite("Which duties are due")
struct DutyPlanTests {
    static let length: Int64 = 8_000
    static let start: Int64 = 1_000_000
    let nodes = (0..<5).map { _ in SigningKey().publicKey.node }

    func view(_ change: (inout DutyView) -> Void = { _ in }) -> DutyView {
        var view = DutyView(
            epoch: 7, round: 0, roundStart: Self.start, epochLength: Self.length, ledgerTime: Self.start)
        view.isEligible = true
        view.isParticipating = true
        view.participants = nodes
        change(&view)
        return view
    }

    @Test("A node commits once in the first quarter of the commit phase, at a time of its own")
    func commits() {
        var times: Set<Int64> = []
        for node in nodes {
            var plan = DutyPlan(node: node)
            let first = (0..<Self.length).first { !plan.due(view(), now: Self.start + $0).isEmpty } ?? -1
            #expect((0..<Self.length / 8).contains(first))
            #expect(plan.due(view(), now: Self.start + first) == [.commit(epoch: 7, round: 0)])
            #expect(plan.due(view { $0.hasCommitted = true }, now: Self.start + first).isEmpty)
            #expect(plan.due(view { $0.isEligible = false }, now: Self.start + first).isEmpty)
            #expect(plan.due(view { $0.isParticipating = false }, now: Self.start + first).isEmpty)
            times.insert(first)
        }
        #expect(times.count > 1)
    }

    @Test("A node reveals what it committed to in the reveal phase, and never later")
    func reveals() {
        var plan = DutyPlan(node: nodes[0])
        let committed = view { $0.hasCommitted = true }
        let reveal = Duty.reveal(epoch: 7, round: 0)
        let half = Self.length / 2
        for elapsed in stride(from: 0, to: half, by: 50) {
            #expect(plan.due(committed, now: Self.start + elapsed).isEmpty)
        }
        let first = (half..<Self.length).first { !plan.due(committed, now: Self.start + $0).isEmpty } ?? -1
        #expect((half..<half + Self.length / 8).contains(first))
        #expect(plan.due(committed, now: Self.start + first) == [reveal])
        #expect(!plan.due(committed, now: Self.start + Self.length).contains(reveal))
        #expect(plan.due(view { ($0.hasCommitted, $0.hasRevealed) = (true, true) }, now: Self.start + first).isEmpty)
        #expect(plan.due(view(), now: Self.start + first).isEmpty, "who did not commit has nothing to reveal")
    }

    @Test("One node ends the epoch at once, the others each a step later")
    func advances() {
        let duty = Duty.advance(epoch: 7, round: 0)
        let step = min(DutyPlan.step, Self.length / DutyPlan.stepPart)
        var waits: [Int64] = []
        for node in nodes {
            var plan = DutyPlan(node: node)
            #expect(!plan.due(view(), now: Self.start + Self.length - 1).contains(duty))
            let first = (Self.length...2 * Self.length).first { plan.due(view(), now: Self.start + $0).contains(duty) }
            waits.append((first ?? -1) - Self.length)
        }
        #expect(waits.sorted() == (0..<5).map { $0 * step })
    }

    @Test("Another epoch, another order")
    func orders() {
        var firsts: Set<NodeID> = []
        for epoch in 0..<64 as Range<UInt64> {
            let now = Self.start + Self.length
            for node in nodes {
                var plan = DutyPlan(node: node)
                let due = plan.due(view { $0.epoch = epoch }, now: now)
                if due.contains(.advance(epoch: epoch, round: 0)) { firsts.insert(node) }
            }
        }
        #expect(firsts == Set(nodes))
    }

    @Test("A duty that was tried waits, ever longer up to a limit")
    func retries() {
        var plan = DutyPlan(node: nodes[0])
        let duty = Duty.advance(epoch: 7, round: 0)
        var now = Self.start + 10 * Self.length
        var pauses: [Int64] = []
        for _ in 0..<12 {
            #expect(plan.due(view(), now: now) == [duty])
            plan.tried(duty, now: now, epochLength: Self.length)
            let next = (1...DutyPlan.retryPause.upperBound).first { !plan.due(view(), now: now + $0).isEmpty } ?? -1
            pauses.append(next)
            now += next
        }
        #expect(pauses.first == Self.length / 40)
        #expect(pauses == pauses.sorted())
        #expect(pauses.last == DutyPlan.retryPause.upperBound)
    }

    @Test("What was tried is forgotten beyond the limit, not kept for ever")
    func attemptsAreBounded() {
        var plan = DutyPlan(node: nodes[0])
        let now = Self.start + 10 * Self.length
        plan.tried(.advance(epoch: 7, round: 0), now: now, epochLength: Self.length)
        for epoch in 0..<UInt64(DutyPlan.maxAttempts - 1) {
            plan.tried(.report(epoch: epoch), now: now, epochLength: Self.length)
        }
        #expect(plan.due(view(), now: now).isEmpty)
        plan.tried(.report(epoch: 1_000), now: now, epochLength: Self.length)
        #expect(plan.due(view(), now: now) == [.advance(epoch: 7, round: 0)])
    }

    @Test("A certificate goes onto the ledger once, by one member after the other until it is there")
    func records() {
        var waits: [Int64] = []
        let now = Self.start + Self.length / 2 - 1
        let idle = view { ($0.hasCommitted, $0.certified) = (true, 90) }
        for node in nodes {
            var plan = DutyPlan(node: node)
            #expect(plan.due(idle, now: now, certificate: (90, nodes)).isEmpty, "it is there already")
            let first = (0...Self.length).first { elapsed in
                plan.due(idle, now: now + elapsed, certificate: (100, nodes)).contains(.record(sequence: 100))
            }
            waits.append(first ?? -1)
        }
        #expect(waits.min() == 0)
        #expect(Set(waits).count == nodes.count)
        // A member that left still brings what it has.
        var plan = DutyPlan(node: nodes[0])
        let left = view { ($0.isParticipating, $0.certified) = (false, 90) }
        _ = plan.due(left, now: now, certificate: (100, nodes))
        #expect(plan.due(left, now: now + Self.length, certificate: (100, nodes)) == [.record(sequence: 100)])
    }

    @Test("Measurements are reported in the last quarter, once asked for")
    func reports() {
        var plan = DutyPlan(node: nodes[0])
        let done = view { ($0.hasCommitted, $0.hasRevealed) = (true, true) }
        let first = (0..<Self.length).first {
            !plan.due(done, now: Self.start + $0, wantsReport: true).isEmpty
        }
        #expect((Self.length * 3 / 4..<Self.length).contains(first ?? -1))
        #expect(plan.due(done, now: Self.start + (first ?? 0)).isEmpty)
    }

    @Test("Nodes share the closing of expired channels, and each is closed although the first node is dead")
    func expiries() {
        let channels = (0..<40).map { ChannelID(Blake3.hash([UInt8($0)])) }.sorted()
        let now = Self.start + Self.length / 4
        let idle = view { ($0.hasCommitted, $0.expired) = (true, channels) }
        let step = min(DutyPlan.step, Self.length / DutyPlan.stepPart)
        var waits: [ChannelID: [Int64]] = [:]
        var atOnce: [Int] = []
        for node in nodes {
            var plan = DutyPlan(node: node)
            var left = channels
            for elapsed in stride(from: 0, through: step * 5, by: Int(step)) {
                let due = plan.due(view { ($0.hasCommitted, $0.expired) = (true, left) }, now: now + elapsed)
                for case .expire(let channel) in due {
                    waits[channel, default: []].append(elapsed)
                    left.removeAll { $0 == channel }
                }
                atOnce.append(due.count)
            }
            var absent = DutyPlan(node: node)
            #expect(absent.due(view { ($0.isParticipating, $0.expired) = (false, channels) }, now: now).isEmpty)
        }
        #expect(Set(waits.keys) == Set(channels))
        #expect((atOnce.max() ?? 0) <= DutyPlan.maxExpiriesAtOnce)
        // Somebody begins with each channel, and no two nodes begin with the same ones.
        var firsts: [NodeID: Set<ChannelID>] = [:]
        for node in nodes {
            var plan = DutyPlan(node: node)
            for case .expire(let channel) in plan.due(idle, now: now) { firsts[node, default: []].insert(channel) }
        }
        #expect(firsts.values.reduce(0) { $0 + $1.count } == Set(firsts.values.joined()).count)
        #expect(firsts.count > 1)
    }

    @Test("A channel that another node closed meanwhile is forgotten, and one that cannot be closed is tried seldom")
    func expiryRetries() {
        let channel = ChannelID(Blake3.hash([1]))
        var plan = DutyPlan(node: nodes[0])
        let now = Self.start + Self.length / 4
        let open = view { ($0.hasCommitted, $0.expired, $0.participants) = (true, [channel], [nodes[0]]) }
        #expect(plan.due(open, now: now) == [.expire(channel)])
        plan.tried(.expire(channel), now: now, epochLength: Self.length)
        #expect(plan.due(open, now: now).isEmpty)
        #expect(plan.due(view { $0.hasCommitted = true }, now: now).isEmpty)
        #expect(plan.due(open, now: now + Self.length / 40) == [.expire(channel)])
    }

    @Test("A slow wall clock follows the ledger's time; absurd times and lengths do no harm")
    func clocks() {
        var plan = DutyPlan(node: nodes[0])
        let ahead = view { $0.ledgerTime = Self.start + 3 * Self.length }
        #expect(plan.due(ahead, now: 0) == [.advance(epoch: 7, round: 0)])
        for roundStart in [Int64.min, 0, Int64.max] {
            for length in [Int64.min, -1, 0, 1, Int64.max] {
                for now in [Int64.min, 0, Int64.max] {
                    let view = view { ($0.roundStart, $0.epochLength, $0.ledgerTime) = (roundStart, length, now) }
                    _ = plan.due(view, now: now, certificate: (100, nodes), wantsReport: true)
                    plan.tried(.report(epoch: 1), now: now, epochLength: length)
                }
            }
        }
    }
}
