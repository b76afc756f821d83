import Testing

@testable import Channels

@Suite("Paying sessions")
struct PayerSessionTests {
    private func opened(
        _ last: ChainLink, owed: UInt32 = 0, window: UInt16 = 16, permille: UInt32 = 1000
    ) -> SessionOpened {
        SessionOpened(
            session: 5, last: last, owed: owed, window: window, permille: permille, expiresMilliseconds: hour)
    }

    private func chain(_ units: UInt64 = 300) throws -> PayerChain { try PayerChain(seed: seed(1), unitCount: units) }

    @Test("It asks within its credit and gives a link for each unit")
    func pays() throws {
        var chain = try chain()
        var session = try PayerSession(opened(chain.newest()), chain: chain)
        var links: [ChainLink] = []
        for _ in 0..<20 {
            var asked: UInt64 = 0
            while session.ask(2) { asked += 2 }
            #expect(asked >= 2)
            #expect(session.askedUnits <= 16)
            try session.accept(asked)
            links += session.takeDue(100)
        }
        #expect(links.map(\.index) == Array(1...UInt64(links.count)))
        #expect(session.chain.revealed == UInt64(links.count))
        _ = try chain.reveal()
    }

    @Test("Both sides agree on the credit, whatever a unit costs", arguments: [1, 500, 1000, 1500, 2750] as [UInt32])
    func agrees(permille: UInt32) throws {
        var chain = try chain(3000)
        var session = try PayerSession(opened(chain.newest(), permille: permille), chain: chain)
        var payee = CreditWindow(limit: 16)
        for _ in 0..<200 {
            while session.ask() {
                #expect(payee.admits(permille: permille))
                payee.charge(permille: permille)
            }
            guard session.askedUnits > 0 else { break }
            try session.accept()
            for link in session.takeDue(100) { payee.acknowledge(link.index - payee.acknowledged) }
        }
        #expect(payee.acknowledged > 0)
        _ = try chain.reveal()
    }

    @Test("What a payer restarts with is what the node has, and what it owes it pays up to a limit")
    func resumes() throws {
        var chain = try chain()
        let last = try chain.reveal(40)
        let fresh = try self.chain()
        var session = try PayerSession(opened(last, owed: 16), chain: fresh)
        #expect(value { session.takeDue(9) }.map(\.index) == [56])
        #expect(session.lostUnits == 16)
        #expect(code { _ = try PayerSession(opened(last, owed: 65), chain: fresh) } == .credit)
        #expect(code { _ = try PayerSession(opened(ChainLink(index: 41, link: last.link)), chain: fresh) } == .badLink)
        _ = try PayerSession(opened(last, owed: 64), chain: fresh)
        #expect(code { _ = try PayerSession(opened(last, owed: 16), chain: fresh, lostUnits: 49) } == .credit)
        #expect(PayerSession.maxLostUnits(paid: 640) == 74)
    }

    @Test("A node that lost acknowledgments gets them again, in steps that it hashes")
    func catchesUp() throws {
        var chain = try chain()
        let last = try chain.reveal(10)
        _ = try chain.reveal(190)
        var session = try PayerSession(opened(last, owed: 5), chain: chain)
        #expect(value { session.takeDue(9) }.map(\.index) == [74, 138, 200])
        #expect(session.lostUnits == 0)
        var other = try PayerSession(opened(last, owed: 195), chain: chain)
        #expect(value { other.takeDue(9) }.map(\.index) == [74, 138, 200, 205])
        #expect(other.lostUnits == 5)
    }

    @Test("Refused units cost nothing; lost ones are paid, but not without end")
    func losses() throws {
        var chain = try chain()
        var session = try PayerSession(opened(chain.newest()), chain: chain)
        for _ in 0..<10 {
            #expect(value { session.ask(2) })
            session.refuse(2)
        }
        #expect(session.dueCount == 0)
        for _ in 0..<32 {
            #expect(value { session.ask(2) })
            try session.lose(2)
        }
        #expect(session.lostUnits == 64)
        // 64 that were paid allow one more.
        #expect(value { session.ask(1) })
        #expect(code { try session.lose(1) } == nil)
        #expect(value { session.ask(1) })
        #expect(code { try session.lose(1) } == .credit)
        _ = try chain.reveal()
    }
}
