import Blake3
import Foundation
import Identity
import Stark
import Testing

@testable import Channels
@testable import Ledger

@Suite("Payees' channels")
struct PayeeChannelTests {
    private let node = SigningKey().publicKey

    private func channel(_ payer: TestPayer) throws -> PayeeChannel {
        let terms = try #require(PayeeChannel.Terms(payer.record, .bytes))
        return PayeeChannel(
            key: .init(channel: payer.record.id, commodity: .bytes), openedSequence: 1, terms: terms)
    }

    @Test("Links are taken in any steps up to 64, and a gap above that is refused")
    func gaps() throws {
        var payer = try TestPayer(payee: node)
        var channel = try channel(payer)
        #expect(try value { try channel.accept(payer.chain.reveal(), maxGap: 64) } == 1)
        #expect(try value { try channel.accept(payer.chain.reveal(64), maxGap: 64) } == 64)
        let far = try payer.chain.reveal(65)
        #expect(code { _ = try channel.accept(far, maxGap: 64) } == .gap)
        #expect(channel.units == 65)
        // Nothing was hashed and nothing lost: a payer that reveals what lies between goes on.
        var other = try PayerChain(
            seed: ChainSeed(key: payer.key, network: testNetwork, payee: node.node, nonce: 1, commodity: .bytes),
            unitCount: 200)
        _ = try other.reveal(65)
        #expect(try value { try channel.accept(other.reveal(64), maxGap: 64) } == 64)
        #expect(try value { try channel.accept(far, maxGap: 64) } == 1)
    }

    @Test("A huge gap is refused before a single hash", arguments: [66, 1 << 20, .max] as [UInt64])
    func hugeGap(index: UInt64) throws {
        let payer = try TestPayer(payee: node, units: 200)
        var channel = try channel(payer)
        let forged = ChainLink(index: index, link: payer.chain.anchor)
        #expect(code { _ = try channel.accept(forged, maxGap: 64) } == (index > 200 ? .exhausted : .gap))
    }

    @Test("Stale and replayed acknowledgments change nothing")
    func stale() throws {
        var payer = try TestPayer(payee: node)
        var channel = try channel(payer)
        let first = try payer.chain.reveal()
        let second = try payer.chain.reveal()
        _ = try channel.accept(second, maxGap: 64)
        #expect(try value { try channel.accept(second, maxGap: 64) } == 0)
        #expect(code { _ = try channel.accept(first, maxGap: 64) } == .stale)
        #expect(code { _ = try channel.accept(ChainLink(index: 0, link: payer.chain.anchor), maxGap: 64) } == .stale)
        #expect(code { _ = try channel.accept(ChainLink(index: 2, link: first.link), maxGap: 64) } == .stale)
        #expect(channel.units == 2)
    }

    @Test("A link of another chain, another place or of nowhere is wrong")
    func wrongLinks() throws {
        var payer = try TestPayer(payee: node)
        var other = try TestPayer(payee: node, number: 2)
        var channel = try channel(payer)
        let foreign = try other.chain.reveal()
        let own = try payer.chain.reveal(2)
        #expect(code { _ = try channel.accept(foreign, maxGap: 64) } == .badLink)
        #expect(code { _ = try channel.accept(ChainLink(index: 1, link: own.link), maxGap: 64) } == .badLink)
        #expect(code { _ = try channel.accept(ChainLink(index: 3, link: own.link), maxGap: 64) } == .badLink)
        #expect(channel.units == 0)
        #expect(try value { try channel.accept(own, maxGap: 64) } == 2)
    }

    @Test("Vouchers are the payer's, for this channel and commodity, and for more than was acknowledged")
    func vouchers() throws {
        let payer = try TestPayer(payee: node)
        var channel = try channel(payer)
        func signed(_ units: UInt64, _ commodity: Commodity = .bytes, _ id: ChannelID? = nil, by key: SigningKey? = nil)
            throws -> PayeeChannel.SignedVoucher
        {
            let voucher = Voucher(
                network: testNetwork, channel: id ?? payer.record.id, commodity: commodity, units: units)
            return .init(units: units, signature: try voucher.sign(with: key ?? payer.key))
        }
        #expect(try value { try channel.accept(signed(150), network: testNetwork) } == 150)
        #expect(channel.acknowledgedUnits == 150)
        for wrong in [
            try signed(150), try signed(10), try signed(201), try signed(160, .compute),
            try signed(160, .bytes, ChannelID(Blake3.hash([9]))), try signed(160, by: SigningKey()),
            .init(units: 160, signature: Data()), .init(units: 160, signature: try signed(161).signature),
        ] {
            #expect(code { _ = try channel.accept(wrong, network: testNetwork) } == .badVoucher)
        }
        #expect(channel.voucher?.units == 150)
    }

    @Test("A voucher for just what links acknowledge is taken, and one for less is not")
    func vouchersOfLinks() throws {
        var payer = try TestPayer(payee: node)
        var channel = try channel(payer)
        let (id, key) = (payer.record.id, payer.key)
        func signed(_ units: UInt64) throws -> PayeeChannel.SignedVoucher {
            let voucher = Voucher(network: testNetwork, channel: id, commodity: .bytes, units: units)
            return .init(units: units, signature: try voucher.sign(with: key))
        }
        let none = try signed(0)
        #expect(code { _ = try channel.accept(none, network: testNetwork) } == .badVoucher)
        let link = try payer.chain.reveal(20)
        #expect(try value { try channel.accept(link, maxGap: 64) } == 20)
        let (less, just) = (try signed(19), try signed(20))
        #expect(code { _ = try channel.accept(less, network: testNetwork) } == .badVoucher)
        #expect(try value { try channel.accept(just, network: testNetwork) } == 0)
        #expect(channel.voucher?.units == 20 && channel.acknowledgedUnits == 20)
        #expect(code { _ = try channel.accept(just, network: testNetwork) } == .badVoucher)
        // What the ledger has paid needs none.
        let next = try payer.chain.reveal(10)
        #expect(try value { try channel.accept(next, maxGap: 64) } == 10)
        channel.update(try #require(PayeeChannel.Terms(payer.settled(units: 30, link: next), .bytes)))
        let late = try signed(30)
        #expect(code { _ = try channel.accept(late, network: testNetwork) } == .badVoucher)
        #expect(channel.voucher?.units == 20 && !channel.hasUnsettled)
    }

    @Test("A voucher that runs far ahead of the links is refused: links behind it could not be settled")
    func vouchersAhead() throws {
        var payer = try TestPayer(payee: node, units: 9_000)
        var channel = try channel(payer)
        let (id, key) = (payer.record.id, payer.key)
        func signed(_ units: UInt64) throws -> PayeeChannel.SignedVoucher {
            let voucher = Voucher(network: testNetwork, channel: id, commodity: .bytes, units: units)
            return .init(units: units, signature: try voucher.sign(with: key))
        }
        let (most, more) = (try signed(4_096), try signed(4_097))
        #expect(code { _ = try channel.accept(more, network: testNetwork) } == .badVoucher)
        #expect(try value { try channel.accept(most, network: testNetwork) } == 4_096)
        // Nor does a second one go further than the links allow.
        #expect(code { _ = try channel.accept(more, network: testNetwork) } == .badVoucher)
        let link = try payer.chain.reveal(1)
        #expect(try value { try channel.accept(link, maxGap: 64) } == 1)
        #expect(try value { try channel.accept(more, network: testNetwork) } == 1)
    }

    @Test("What the ledger settled beyond what is known here is taken over")
    func ledgerIsAhead() throws {
        var payer = try TestPayer(payee: node)
        var channel = try channel(payer)
        let link = try payer.chain.reveal(20)
        channel.update(try #require(PayeeChannel.Terms(payer.settled(units: 20, link: link), .bytes)))
        #expect(channel.units == 20)
        #expect(!channel.hasUnsettled)
        #expect(try value { try channel.accept(payer.chain.reveal(), maxGap: 64) } == 1)
        #expect(channel.hasUnsettled)
    }

    @Test("A channel without the commodity is none for this node")
    func otherCommodities() throws {
        #expect(PayeeChannel.Terms(try TestPayer(payee: node).record, .compute) == nil)
    }
}
