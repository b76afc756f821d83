import Blake3
import Ledger
import Stark
import Testing

@testable import Channels

@Suite("Sessions for computing time")
struct ComputeSessionTests {
    private func chain(_ units: UInt64, _ number: UInt64) throws -> PayerChain {
        try PayerChain(seed: seed(number, commodity: .compute), unitCount: units)
    }

    private func larger(_ weight: UInt16, _ chain: PayerChain) throws -> LargerChain {
        try #require(
            LargerChain(channel: ChannelID(Blake3.hash([UInt8(weight >> 6)])), weight: weight, chain: chain))
    }

    private func opened(_ number: UInt32, _ chain: PayerChain, owed: UInt32 = 0) -> SessionOpened {
        SessionOpened(
            session: number, last: ChainLink(index: 0, link: chain.anchor), owed: owed, window: 16, permille: 1000,
            expiresMilliseconds: hour)
    }

    /// A session with these chains, of which the node has nothing.
    private func session(_ chains: [PayerChain], owed: UInt32 = 0) throws -> ComputeSession {
        try ComputeSession(
            opened(1, chains[0], owed: owed), chain: chains[0],
            larger: [
                (opened(2, chains[1]), try larger(64, chains[1])), (opened(3, chains[2]), try larger(4096, chains[2])),
            ])
    }

    private func chains(_ links: [UInt64]) throws -> [PayerChain] {
        try links.enumerated().map { try chain($1, UInt64($0)) }
    }

    @Test("What a call used is paid with as few links as its amount has digits")
    func digits() throws {
        let chains = try chains([100, 100, 4])
        var session = try session(chains)
        #expect(session.remaining == 100 + 6_400 + 16_384)
        session.begin()
        session.end(milliseconds: 5_000)
        let (links, units) = try session.pay(5_000)
        #expect(units == 5_000 && links.map(\.session) == [1, 2, 3] && links.map(\.link.index) == [8, 14, 1])
        for (ack, chain) in zip(links, chains) {
            #expect(ack.link.link.advanced(by: Int(ack.link.index)) == chain.anchor)
        }
        #expect(session.remaining == 100 + 6_400 + 16_384 - 5_000)
        #expect(try value { try session.pay(9) }.units == 0)
    }

    @Test("No more is paid than calls can have used, nor more than the chains can make up")
    func bounds() throws {
        var session = try session(chains([1, 10, 1]))
        session.end(milliseconds: 131)
        #expect(try value { try session.pay(9_000) }.units == 129)
        #expect(session.parts.map(\.chain.revealed) == [1, 2, 0])
        session.end(milliseconds: 9_000)
        #expect(try value { try session.pay(9_000) }.units == 8 * 64 + 4_096)
        #expect(session.remaining == 0)
    }

    @Test("One chain pays by itself, in steps of what a node hashes")
    func alone() throws {
        let chain = try chain(400, 1)
        var session = try ComputeSession(opened(1, chain), chain: chain)
        session.end(milliseconds: 151)
        let (links, units) = try session.pay(150)
        #expect(units == 150 && links.map(\.link.index) == [64, 128, 150])
    }

    @Test("What a node lacks of each chain is sent again, and is no debt")
    func again() throws {
        var first = try session(chains([100, 100, 4]))
        first.end(milliseconds: 4_461)
        _ = try first.pay(4_460)
        let revealed = first.parts.map(\.chain)
        #expect(revealed.map(\.revealed) == [44, 5, 1])
        let second = try session(revealed, owed: 4_470)
        #expect(second.owedBefore == 10)
        #expect(second.again.map(\.session) == [1, 2, 3] && second.again.map(\.link.index) == [44, 5, 1])
        // 64 units and one for each 64 that were paid.
        #expect(try session(revealed, owed: 4_460 + 133).owedBefore == 133)
        #expect(code { _ = try session(revealed, owed: 4_460 + 134) } == .credit)
    }

    @Test("A link that a node names and that is none of the chain's ends it, whichever chain it is")
    func foreignLink() throws {
        let chains = try chains([100, 100, 4])
        let wrong = SessionOpened(
            session: 2, last: ChainLink(index: 1, link: chains[0].anchor), owed: 0, window: 16, permille: 1000,
            expiresMilliseconds: hour)
        let middle = try larger(64, chains[1])
        #expect(
            code { _ = try ComputeSession(opened(1, chains[0]), chain: chains[0], larger: [(wrong, middle)]) }
                == .badLink)
    }

    @Test("A larger chain has one of the weights", arguments: [0, 1, 2, 63, 4095, .max] as [UInt16])
    func weights(weight: UInt16) throws {
        #expect(LargerChain(channel: ChannelID(Blake3.hash([1])), weight: weight, chain: try chain(1, 1)) == nil)
    }
}
