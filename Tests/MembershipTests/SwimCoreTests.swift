import Foundation
import Identity
import Testing

@testable import Membership

@Suite struct SwimCoreTests {
    @Test func nodesOfTheLedgerBeginAliveAndOthersAreGone() {
        let core = core()
        #expect(core.state(3) == .alive)
        #expect(core.claim(about: nodeID(3))?.incarnation == 0)
        #expect(core.state(77) == .left)
        #expect(core.estimatedRoundTrip(to: nodeID(3)) == nil)
    }

    @Test func silenceLeadsToHelpThenSuspicionThenALastCheckThenDeath() throws {
        var core = core(members: 3)
        let actions = core.runAlone(until: .seconds(60))
        let target = try #require(
            actions.compactMap { _, action in
                if case .send(.probe, let to) = action { to } else { nil }
            }.first)
        let steps = actions.compactMap { at, action -> String? in
            switch action {
            case .send(.probe, let to) where to == target: "probe"
            case .send(.indirectProbe(_, let about, _, _), _) where about == target: "help"
            case .changed(let event) where event.node == target: "\(event.to)"
            default: nil
            }
        }
        #expect(steps.prefix(3) == ["probe", "help", "suspect"])
        let death = try #require(steps.firstIndex(of: "dead"))
        let checks = steps[..<death].filter { $0 == "probe" }.count - 1
        #expect(checks >= 4 * core.settings.lastChecks, "Each last check asks again and again itself")
        #expect(core.state(of: target) == .dead)
        #expect(core.counters.deaths >= 1)
    }

    @Test func whatOthersSayAloneNeverMakesAMemberDead() {
        var core = core(members: 12)
        for accuser in 2..<12 {
            var claim = suspect(1, 0, by: accuser)
            claim.state = .dead
            core.hears([claim], from: accuser)
        }
        #expect(core.state(1) == .suspect)
    }

    @Test func aLastCheckThatIsAnsweredClearsTheSuspicion() {
        var core = core(members: 4)
        core.hears([suspect(1, 0, by: 2)], from: 2)
        #expect(core.state(1) == .suspect)
        var now = Duration.zero
        while core.state(1) == .suspect, now < .seconds(120) {
            now = core.nextDeadline
            for case .send(.probe(let nonce, let claims, _), let to) in core.onTick(now: now) where to == nodeID(1) {
                guard core.suspicions[1]?.isChecking == true else { continue }
                #expect(claims.first == suspect(1, 0, by: 2), "It learns first what it is accused of")
                let answer = SwimMessage.probeAck(nonce: nonce, claims: [alive(1, 5)], coordinate: .origin)
                _ = core.onMessage(answer, from: nodeID(1), now: now)
            }
        }
        #expect(core.state(1) == .alive)
        #expect(core.claim(about: nodeID(1))?.incarnation == 5)
    }

    @Test func accusersCountOnceAndShortenTheTime() throws {
        var core = core(members: 20)
        core.hears([suspect(1, 0, by: 2)], from: 2)
        let first = try #require(core.suspicions[1]?.deadline)
        core.hears([suspect(1, 0, by: 2)], from: 3)
        #expect(core.suspicions[1]?.deadline == first)
        var deadlines = [first]
        for accuser in 3...6 {
            core.hears([suspect(1, 0, by: accuser)], from: accuser)
            deadlines.append(try #require(core.suspicions[1]?.deadline))
        }
        #expect(deadlines[0] > deadlines[1] && deadlines[1] > deadlines[2] && deadlines[2] > deadlines[3])
        #expect(deadlines[3] == deadlines[4], "One past the wanted confirmations changes nothing")
        #expect(core.suspicions[1]?.accusers.count == 4)
        let limits = core.suspicionLimits
        #expect(deadlines[0] == limits.longest && deadlines[3] == limits.shortest)
    }

    @Test func accusersThatAreUnknownOrTheAccusedItselfDoNotCount() {
        var core = core()
        core.hears([suspect(1, 0, by: 99), suspect(1, 0, by: 1), suspect(99, 0, by: 2)], from: 2)
        #expect(core.state(1) == .alive)
        #expect(core.counters.unknownNodes == 3)
        #expect(core.onMessage(probe([]), from: nodeID(99), now: .zero) == [])
        #expect(core.counters.unknownNodes == 4)
    }

    @Test func anAccusedNodeRefutesAtMostOnceInAnInterval() {
        var core = core()
        core.hears([suspect(0, 99, by: 2)], from: 2)
        #expect(core.incarnation == 100, "An old life needs no defence")
        core.hears([suspect(0, 100, by: 2)], from: 2)
        #expect(core.incarnation == 101)
        core.hears([suspect(0, 101, by: 2)], from: 2, at: .milliseconds(500))
        #expect(core.incarnation == 101)
        _ = core.runAlone(until: .seconds(1))
        #expect(core.incarnation == 102)
        #expect(core.counters.refutations == 2)
    }

    @Test func anEarlierLifeThatWasAheadIsOvertaken() throws {
        var core = core()
        let actions = core.hears([alive(0, 5_000)], from: 2)
        #expect(core.incarnation == 5_001)
        guard case .send(.probeAck(_, let claims, _), _)? = actions.last else {
            Issue.record("no answer")
            return
        }
        #expect(claims.first == alive(0, 5_001))
    }

    @Test func aPeerThatSpeaksWithAnOldIncarnationIsTold() {
        var core = core()
        core.hears([alive(1, 50)], from: 1)
        let actions = core.hears([alive(1, 20)], from: 1)
        guard case .send(.probeAck(_, let claims, _), _)? = actions.last else {
            Issue.record("no answer")
            return
        }
        #expect(claims.first == alive(1, 50))
    }

    @Test func incarnationsEndBelowTheirLimit() {
        var core = core(incarnation: .max)
        #expect(core.incarnation == Core.maxIncarnation)
        core.hears([suspect(0, Core.maxIncarnation, by: 2), alive(1, Core.maxIncarnation)], from: 2)
        #expect(core.incarnation == Core.maxIncarnation)
        #expect(core.claim(about: nodeID(1))?.incarnation == Core.maxIncarnation)
        core.hears([alive(2, Core.maxIncarnation + 1)], from: 3)
        #expect(core.claim(about: nodeID(2))?.incarnation == 0)
    }

    @Test func aMemberThatLeftStaysSoUntilItsNextLife() {
        var core = core()
        core.hears([left(1, 7)], from: 2)
        #expect(core.state(1) == .left)
        core.hears([suspect(1, 7, by: 3), alive(1, 7)], from: 2)
        #expect(core.state(1) == .left)
        core.hears([alive(1, 8)], from: 2)
        #expect(core.state(1) == .alive)
    }

    @Test func leavingTellsSomeAndKeepsSilentAfterwards() {
        var core = core(members: 30)
        let actions = core.leave(now: .zero)
        #expect(actions.count == core.settings.leaveFanout)
        for case .send(let message, _) in actions { #expect(message.claims.contains(left(0, 101))) }
        #expect(core.nextDeadline == .never)
        #expect(core.onTick(now: .seconds(100)) == [])
        #expect(core.leave(now: .zero) == [])
        core.hears([suspect(0, 101, by: 2)], from: 2)
        #expect(core.incarnation == 101)
    }

    /// The same claims in any order lead to the same belief.
    @Test(arguments: 1...50) func claimsCommute(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        let claims = (0..<6).map { _ -> MemberClaim in
            let incarnation = UInt64.random(in: 1...3, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: return alive(1, incarnation)
            case 1: return suspect(1, incarnation, by: Int.random(in: 2...4, using: &random))
            // A life that ends so is no other's.
            default: return left(1, 4)
            }
        }
        let beliefs = (0..<20).map { _ -> String in
            var core = core(members: 8)
            for claim in claims.shuffled(using: &random) { core.hears([claim], from: 7) }
            let accusers = core.suspicions[1]?.accusers.sorted() ?? []
            return "\(core.state(1)) \(core.claim(about: nodeID(1))?.incarnation ?? 0) \(accusers)"
        }
        #expect(Set(beliefs).count == 1, "seed \(seed): \(Set(beliefs))")
    }

    @Test func localHealthGrowsInSilenceAndIsBounded() {
        var settings = MembershipSettings()
        settings.maxLocalHealth = 3
        var core = core(members: 40, settings: settings)
        _ = core.runAlone(until: .seconds(60))
        #expect(core.localHealth == 3)
        var accused = SwimCoreTests.fresh()
        for step in 0..<20 {
            accused.hears([suspect(0, accused.incarnation, by: 2)], from: 2, at: .seconds(step * 2))
        }
        #expect(accused.localHealth == Core.maxHealthByAccusation)
    }

    private static func fresh() -> Core { core() }

    @Test func halfOfTheHelpersIsNotEnough() throws {
        for reached in 0...3 {
            var core = core(members: 6)
            var asked: [(NodeID, UInt64, NodeID)] = []
            for (_, action) in core.runAlone(until: .milliseconds(2_100)) {
                if case .send(.indirectProbe(let nonce, let target, _, _), let helper) = action {
                    asked.append((helper, nonce, target))
                }
            }
            let target = try #require(asked.first?.2)
            let helpers = asked.filter { $0.2 == target }
            #expect(helpers.count == 3)
            for (index, helper) in helpers.enumerated() {
                let answer = SwimMessage.indirectProbeAck(nonce: helper.1, reached: index < reached, claims: [])
                _ = core.onMessage(answer, from: helper.0, now: .milliseconds(2_200))
                // The same helper again counts for nothing.
                _ = core.onMessage(answer, from: helper.0, now: .milliseconds(2_200))
            }
            _ = core.runAlone(until: .seconds(4))
            #expect(core.state(of: target) == (reached >= 2 ? .alive : .suspect), "\(reached) of 3")
        }
    }

    @Test func indirectProbesAreLimitedByPeerAndInAll() {
        var settings = MembershipSettings()
        settings.indirectProbesPerSecond = 2
        settings.maxIndirectProbes = 3
        var core = core(members: 6, settings: settings)
        func ask(_ sender: Int, _ target: Int, at now: Duration) -> SwimAction? {
            core.onMessage(
                .indirectProbe(nonce: 1, target: nodeID(target), timeout: .seconds(1), claims: []),
                from: nodeID(sender), now: now
            ).last
        }
        let refusal = SwimAction.refuse(.tooManyProbes, nonce: 1, to: nodeID(1))
        #expect(ask(1, 2, at: .zero) != refusal)
        #expect(ask(1, 2, at: .zero) != refusal)
        #expect(ask(1, 2, at: .zero) == refusal)
        #expect(ask(3, 2, at: .zero) != .refuse(.tooManyProbes, nonce: 1, to: nodeID(3)))
        #expect(ask(3, 2, at: .zero) == .refuse(.tooManyProbes, nonce: 1, to: nodeID(3)), "three are under way")
        #expect(ask(4, 99, at: .zero) == .refuse(.unknownNode, nonce: 1, to: nodeID(4)))
        let ended = core.onTick(now: .seconds(1)).filter {
            if case .send(.indirectProbeAck(_, false, _), _) = $0 { true } else { false }
        }
        #expect(ended.count == 3)
        #expect(ask(1, 2, at: .seconds(1)) != refusal)
    }

    @Test func messagesHoldNoMoreThanTheirLimit() {
        var core = core(members: 100)
        for number in 1..<100 { core.hears([alive(number, 5)], from: number) }
        let actions = core.hears([alive(1, 5)], from: 1)
        for case .send(let message, _) in actions {
            #expect(message.claims.count == SwimMessage.maxClaims)
            #expect(message.byteCount <= 1_400)
        }
        #expect(core.page(after: nil, now: .zero).claims.count == SwimMessage.maxPageClaims)
        var seen = 0
        var after: NodeID?
        repeat {
            let page = core.page(after: after, now: .zero)
            seen += page.claims.count
            after = page.next
        } while after != nil
        #expect(seen == 100)
        core.hears((0..<70).map { alive($0 + 1, 6) }, from: 99)
        #expect(core.claim(about: nodeID(64))?.incarnation == 6)
        #expect(core.claim(about: nodeID(65))?.incarnation == 5, "one past the page")
    }

    @Test func aChangedRosterKeepsWhatIsKnown() {
        var core = core(members: 6)
        core.hears([alive(3, 9), suspect(4, 2, by: 5), suspect(2, 2, by: 1)], from: 3)
        let known = core.claim(about: nodeID(4))
        _ = core.setRoster(MemberRoster([0, 2, 3, 4, 5, 8].map(nodeID)), now: .seconds(1))
        #expect(core.state(1) == .left)
        #expect(core.state(8) == .alive)
        #expect(core.claim(about: nodeID(3)) == alive(3, 9))
        #expect(core.claim(about: nodeID(4)) == known)
        #expect(core.state(2) == .alive, "its only accuser is gone")
        _ = core.setRoster(MemberRoster([]), now: .seconds(2))
        #expect(core.runAlone(until: .seconds(10)).isEmpty)
    }

    @Test func aRecordStaysSmall() { #expect(MemoryLayout<Core.Record>.stride == 24) }

    private func full(_ number: Int, _ incarnation: UInt64) -> MemberClaim {
        MemberClaim(node: nodeID(number), state: .alive, incarnation: incarnation, isFull: true)
    }

    @Test func whoIsFullIsToldUntilItsNextLife() {
        var core = core()
        let news = core.hears([full(1, 5)], from: 2)
        #expect(core.fullMembers == [nodeID(1)])
        #expect(core.members(now: .zero).filter(\.isFull).map(\.id) == [nodeID(1)])
        let event = MembershipEvent(node: nodeID(1), from: .alive, to: .alive, incarnation: 5)
        #expect(news.contains(.changed(event)))
        #expect(core.claims(for: 3).contains(full(1, 5)))
        // Whoever does not know it says nothing against it.
        core.hears([alive(1, 5)], from: 3)
        #expect(core.fullMembers == [nodeID(1)])
        core.hears([full(1, 4)], from: 3)
        core.hears([suspect(1, 5, by: 3)], from: 3)
        #expect(core.state(1) == .suspect && core.fullMembers == [nodeID(1)])
        core.hears([alive(1, 6)], from: 2)
        #expect(core.fullMembers.isEmpty && core.fullCount == 0)
        core.hears([full(1, 5)], from: 3)
        #expect(core.fullMembers.isEmpty)
        core.hears([full(1, 6)], from: 3)
        _ = core.setRoster(roster(1), now: .zero)
        #expect(core.fullCount == 0)
    }

    @Test func aFullNodeSaysSoAndTakesUpANewLifeToTakeItBack() {
        var core = core()
        core.setFull(true)
        #expect(core.ownClaim == full(0, 100))
        #expect(core.hears([alive(0, 100)], from: 1).count == 1, "nothing to refute")
        core.setFull(true)
        core.setFull(false)
        #expect(core.ownClaim == alive(0, 101))
        core.setFull(false)
        #expect(core.incarnation == 101)
        core.setFull(true)
        _ = core.leave(now: .zero)
        #expect(core.ownClaim == left(0, 102))
    }

    @Test func fewerClaimsFitWhileSomebodyIsFull() {
        var core = core(members: 200)
        core.hears((1...60).map { alive($0, 5) }, from: 1)
        #expect(core.claims(for: 150).count == SwimMessage.maxClaims)
        #expect(core.page(after: nil, now: .zero).claims.count == 61)
        core.hears((1...60).map { full($0, 5) }, from: 1)
        #expect(core.claims(for: 150).count == SwimMessage.maxClaimsWithFull)
        let page = core.page(after: nil, now: .zero)
        #expect(page.claims.count == SwimMessage.maxPageClaimsWithFull && page.next != nil)
    }
}
