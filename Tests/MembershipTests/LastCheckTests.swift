import Foundation
import Identity
import Testing

@testable import Membership

@Suite struct LastCheckTests {
    /// A core whose last check of node 1 began at the returned time; its nonce.
    private func onTrial() throws -> (core: Core, nonce: UInt64, since: Duration) {
        var core = core(members: 4)
        core.hears([suspect(1, 0, by: 2)], from: 2)
        while core.suspicions[1]?.isChecking == false {
            let now = core.nextDeadline
            for case .send(.probe(let nonce, _, _), let to) in core.onTick(now: now) {
                if to == nodeID(1), core.suspicions[1]?.isChecking == true { return (core, nonce, now) }
                // Others answer, so that this node does not doubt itself.
                let answer = SwimMessage.probeAck(nonce: nonce, claims: [], coordinate: .origin)
                if to != nodeID(1) { _ = core.onMessage(answer, from: to, now: now) }
            }
        }
        Issue.record("no last check")
        return (core, 0, .zero)
    }

    @Test func theMemberIsAskedEachHalfSecondUntilHalfASecondBeforeTheEnd() throws {
        var (core, nonce, since) = try onTrial()
        let scale = core.localHealth + 1
        let end = since + core.settings.roundTimeout * scale
        let actions = core.runAlone(until: end - .milliseconds(1))
        let repeats = actions.compactMap { at, action -> Duration? in
            guard case .send(.probe(nonce, _, _), nodeID(1)) = action else { return nil }
            return at - since
        }
        #expect(repeats == (1...4).map { core.repeatInterval * scale * $0 })
        #expect(core.suspicions[1]?.failedChecks == 0)
    }

    @Test func anAnswerToTheLastRepeatAcquitsButMeasuresNothing() throws {
        var (core, nonce, since) = try onTrial()
        let end = since + core.settings.roundTimeout * (core.localHealth + 1)
        _ = core.runAlone(until: end - .milliseconds(1))
        let before = core.coordinate
        let answer = SwimMessage.probeAck(nonce: nonce, claims: [], coordinate: .origin)
        _ = core.onMessage(answer, from: nodeID(1), now: end - .milliseconds(1))
        #expect(core.state(1) == .alive)
        #expect(core.estimatedRoundTrip(to: nodeID(1)).map { $0 < .milliseconds(100) } ?? true)
        #expect(core.coordinate == before, "Which of the probes it answers is unknown")
        #expect(core.members(now: end).first { $0.id == nodeID(1) }?.roundTrip == nil)
    }

    @Test func pagesBeginWithWhoWentLately() throws {
        let limit = SwimMessage.maxRecentClaims
        var core = core(members: 200)
        for number in 1...limit + 1 { core.hears([left(number, 7)], from: 150, at: .seconds(number)) }
        let after = nodeID(100)
        let page = core.page(after: after, now: .seconds(60))
        let told = page.claims.filter { $0.state == .left }
        #expect(told == (2...limit + 1).reversed().map { left($0, 7) }, "the latest, one past the limit not")
        let last = Duration.seconds(limit + 1) + .milliseconds(Core.recentMillis)
        #expect(core.page(after: after, now: last).claims.contains(left(limit + 1, 7)))
        let later = last + .milliseconds(1)
        #expect(!core.page(after: after, now: later).claims.contains { $0.state == .left })
        // They take their part of the page.
        for number in 20..<200 { core.hears([alive(number, 5)], from: number, at: .seconds(60)) }
        #expect(core.page(after: nil, now: .seconds(60)).claims.count == SwimMessage.maxPageClaims)
    }
}
