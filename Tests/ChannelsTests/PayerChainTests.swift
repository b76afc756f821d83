import Ledger
import Stark
import Testing

@testable import Channels

@Suite("Payers' chains")
struct PayerChainTests {
    @Test("Every link leads to the one before it", arguments: [1, 2, 3, 4, 15, 16, 17, 100] as [UInt64])
    func linksFollow(count: UInt64) throws {
        var chain = try PayerChain(seed: seed(1), unitCount: count)
        var last = chain.anchor
        for index in 1...count {
            let next = try chain.reveal()
            #expect(next.index == index)
            #expect(next.link.next() == last)
            last = next.link
        }
        #expect(last == seed(1).tip)
        #expect(code { _ = try chain.reveal() } == .exhausted)
    }

    @Test("A link in √n and a stretch are kept, however far the payer jumps")
    func jumps() throws {
        var chain = try PayerChain(seed: seed(2), unitCount: 1000)
        var reference = try PayerChain(seed: seed(2), unitCount: 1000)
        var links: [PoseidonLink] = [reference.anchor]
        for _ in 0..<1000 { links.append(try reference.reveal().link) }
        for step: UInt64 in [1, 30, 1, 64, 200, 3, 500, 201] {
            let next = try chain.reveal(step)
            #expect(next.link == links[Int(next.index)])
        }
        #expect(chain.remaining == 0)
    }

    @Test("No link is given out twice, and 0 units are none")
    func neverTwice() throws {
        var chain = try PayerChain(seed: seed(3), unitCount: 10)
        #expect(code { _ = try chain.reveal(0) } == .exhausted)
        var seen: Set<PoseidonLink> = [chain.anchor]
        for _ in 0..<10 {
            let link = try chain.reveal().link
            #expect(seen.insert(link).inserted)
        }
        #expect(code { _ = try chain.reveal(11) } == .exhausted)
    }

    @Test("Nonces, commodities, payees, networks and secrets all change the chain")
    func seedsDiffer() throws {
        let first = try PayerChain(seed: seed(1), unitCount: 4).anchor
        #expect(try PayerChain(seed: seed(1), unitCount: 4).anchor == first)
        #expect(try PayerChain(seed: seed(2), unitCount: 4).anchor != first)
        #expect(try PayerChain(seed: seed(1, commodity: .compute), unitCount: 4).anchor != first)
    }

    @Test("A restarted payer goes on where the payee is, and believes no link that is not its own")
    func resumes() throws {
        var chain = try PayerChain(seed: seed(4), unitCount: 100)
        let last = try chain.reveal(37)
        var restarted = try PayerChain(seed: seed(4), unitCount: 100)
        try restarted.resume(from: last)
        let (left, right) = (try restarted.reveal(), try chain.reveal())
        #expect(left == right)
        #expect(code { try restarted.resume(from: ChainLink(index: 36, link: last.link)) } == .badLink)
        #expect(code { try restarted.resume(from: ChainLink(index: 101, link: last.link)) } == .badLink)
        try restarted.resume(from: last)
        #expect(restarted.revealed == 38)
    }

    @Test("Chains are as long as the limit allows")
    func limits() {
        #expect(code { _ = try PayerChain(seed: seed(1), unitCount: 0) } == .exhausted)
        #expect(code { _ = try PayerChain(seed: seed(1), unitCount: PayerChain.maxUnits + 1) } == .exhausted)
    }
}
