import Blake3
import Foundation
import Identity
import Testing

@testable import Channels
@testable import Ledger

@Suite("What sessions say")
struct SessionMessageTests {
    private let key = SigningKey()

    private func opening(_ quote: SessionQuote?) throws -> SessionOpening {
        SessionOpening(
            channel: ChannelID(Blake3.hash([1])), commodity: .bytes, grantMilliseconds: -5,
            grant: Data(repeating: 3, count: 64), sharing: 77, weight: 4096, quote: quote)
    }

    @Test("Messages come back as they were")
    func roundTrips() throws {
        let quote = try SessionQuote(
            network: testNetwork, payer: key.publicKey.account, commodity: .compute, unitPrice: 5, permille: 1250,
            expiresMilliseconds: 9, key: key)
        #expect(quote.bytes.count == SessionQuote.byteCount)
        #expect(try SessionQuote(bytes: quote.bytes) == quote)
        for opening in [try opening(nil), try opening(quote)] {
            #expect(try SessionOpening(bytes: opening.bytes) == opening)
        }
        #expect(try opening(quote).bytes.count == SessionOpening.maxByteCount)
        var chain = try PayerChain(seed: seed(1), unitCount: 9)
        let link = try chain.reveal(3)
        let opened = SessionOpened(
            session: 9, last: link, owed: 4, window: 16, permille: 1000, expiresMilliseconds: 1 << 40)
        #expect(try SessionOpened(bytes: opened.bytes) == opened)
        let ack = SessionAck(session: 4, link: link)
        #expect(ack.bytes.count == SessionAck.byteCount)
        #expect(try SessionAck(bytes: ack.bytes) == ack)
        let voucher = SessionVoucher(session: 1, voucher: .init(units: 8, signature: Data(repeating: 1, count: 64)))
        #expect(try SessionVoucher(bytes: voucher.bytes) == voucher)
        let request = QuoteRequest(payer: key.publicKey.account, commodity: .compute)
        #expect(try QuoteRequest(bytes: request.bytes) == request)
    }

    @Test("Shorter and longer ones are refused, and links that are not canonical")
    func lengths() throws {
        let bytes = try opening(nil).bytes
        for count in 0..<bytes.count {
            #expect(code { _ = try SessionOpening(bytes: Array(bytes.prefix(count))) } != nil)
        }
        #expect(code { _ = try SessionOpening(bytes: bytes + [0]) } == .malformed)
        var chain = try PayerChain(seed: seed(1), unitCount: 9)
        let ack = SessionAck(session: 4, link: try chain.reveal()).bytes
        #expect(code { _ = try SessionAck(bytes: ack + [0]) } == .malformed)
        #expect(code { _ = try SessionAck(bytes: ack.dropLast(4) + [0xff, 0xff, 0xff, 0xff]) } == .malformed)
    }

    @Test("A plan made again is the same channel")
    func plans() throws {
        func plan(_ nonce: UInt64) throws -> ChannelPlan {
            try ChannelPlan(
                key: key, network: testNetwork, payee: key.publicKey.node, nonce: nonce, expiresMilliseconds: hour,
                purchases: [
                    .init(commodity: .compute, unitPrice: 2, maxUnits: 50),
                    .init(commodity: .bytes, unitPrice: 1, maxUnits: 100),
                ])
        }
        #expect(try plan(1).channel == plan(1).channel)
        #expect(try plan(1).channel != plan(2).channel)
        #expect(try plan(1).channel.chains.map(\.commodity) == [.bytes, .compute])
    }
}
