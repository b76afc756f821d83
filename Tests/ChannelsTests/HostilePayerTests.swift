import Blake3
import Foundation
import Identity
import Ledger
import Stark
import Testing

@testable import Channels

@Suite("Payers who mean harm")
struct HostilePayerTests {
    private let key = SigningKey()
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func ledger(_ settings: PayeeSettings = .init()) throws -> PayeeLedger {
        var log = AckLogSettings()
        log.byteCount = 64 << 10
        return try PayeeLedger(folder: folder.path, key: key, network: testNetwork, settings: settings, log: log)
    }

    private func payer(
        units: UInt64 = 200, number: UInt64 = 1, key: SigningKey? = nil, commodity: Commodity = .bytes
    ) throws -> TestPayer {
        try TestPayer(payee: self.key.publicKey, units: units, number: number, key: key, commodity: commodity)
    }

    private func open(_ payer: TestPayer, _ ledger: PayeeLedger) throws -> SessionOpened {
        try ledger.open(try payer.opening(), record: payer.record, holder: payer.holder, at: 0)
    }

    @Test("Numbers at the ends of their ranges are refused and end nothing")
    func extremes() throws {
        let ledger = try ledger()
        let payer = try payer()
        for time in [Int64.min, .min + 1, -300_001, 300_001, .max - 1, .max] {
            for now in [Int64(0), 1_800_000_000_000] {
                let opening = SessionOpening(
                    channel: payer.record.id, commodity: .bytes, grantMilliseconds: time, grant: Data(count: 64))
                #expect(
                    code { _ = try ledger.open(opening, record: payer.record, holder: payer.holder, at: now) } != nil)
            }
        }
        let session = try open(payer, ledger).session
        for index in [.max, .max - 1, 1 << 63, 201] as [UInt64] {
            for units in [.max, 1 << 62, 17] as [UInt64] {
                let request = UnitRequest(
                    holder: payer.holder, session: session,
                    acknowledgments: [ChainLink(index: index, link: payer.chain.anchor)], units: units,
                    commodity: .bytes)
                #expect(ledger.admit([request], at: 1).allSatisfy { $0.refusal != nil && $0.acknowledged == 0 })
            }
        }
        #expect(
            code { try ledger.charge(.max, session: session, holder: payer.holder, commodity: .bytes, at: 1) }
                == .exhausted)
        let ticket = try ledger.charge(session: session, holder: payer.holder, commodity: .bytes, at: 1)
        ledger.chargeAfterwards(.max, on: ticket)
        ledger.chargeAfterwards(.max, on: ticket)
        #expect(try ledger.owed(session: session, holder: payer.holder) > 1 << 40)
    }

    @Test("A session for computing time pays for no bytes, and none for bytes pays for calls")
    func commodities() throws {
        let ledger = try ledger()
        for (paid, wanted) in [(Commodity.compute, Commodity.bytes), (.bytes, .compute)] {
            let payer = try payer(commodity: paid)
            let session = try open(payer, ledger).session
            let holder = payer.holder
            #expect(
                code { try ledger.charge(session: session, holder: holder, commodity: wanted, at: 1) }
                    == .unknownChannel)
            let request = UnitRequest(
                holder: holder, session: session, acknowledgments: [], units: 1, commodity: wanted)
            #expect(ledger.admit([request], at: 1).first?.refusal?.code == .unknownChannel)
            #expect(code { try ledger.charge(session: session, holder: holder, commodity: paid, at: 1) } == nil)
        }
    }

    @Test("What a call used is owed whatever became of its session: replaced, or ended by a wrong link")
    func chargesOutliveSessions() throws {
        let ledger = try ledger()
        let owner = SigningKey()
        let payer = try payer(key: owner, commodity: .compute)
        func begin() throws -> UnitTicket {
            let session = try open(payer, ledger).session
            return try ledger.charge(session: session, holder: payer.holder, commodity: .compute, at: 1)
        }
        // Another holder of the same channel ends the session.
        let first = try begin()
        let other = NodeID(Blake3.hash([9]))
        let opening = try payer.opening(holder: other)
        let second = try ledger.open(opening, record: payer.record, holder: other, at: 0)
        ledger.chargeAfterwards(49, on: first)
        #expect(try ledger.owed(session: second.session, holder: other) == 50)
        // And so does a wrong link.
        let wrong = SessionAck(session: second.session, link: ChainLink(index: 1, link: payer.chain.anchor))
        #expect(code { _ = try ledger.acknowledge(wrong, holder: other) } == .badLink)
        ledger.chargeAfterwards(10, on: first)
        #expect(try open(payer, ledger).owed == 60)
        #expect(code { _ = try begin() } == .credit)
    }

    @Test("A voucher that the payer did not sign ends the session, and three end the channel's use")
    func forgedVouchers() throws {
        let ledger = try ledger()
        let payer = try payer()
        for _ in 0..<3 {
            let session = try open(payer, ledger).session
            let forged = SessionVoucher(
                session: session, voucher: .init(units: 9, signature: Data(repeating: 7, count: 64)))
            #expect(code { _ = try ledger.take(forged, holder: payer.holder) } == .badVoucher)
            #expect(code { _ = try ledger.take(forged, holder: payer.holder) } == .unknownSession)
        }
        #expect(code { _ = try open(payer, ledger) } == .badLink)
        // One that only comes too late is no fault.
        let honest = try self.payer(number: 2)
        let session = try open(honest, ledger).session
        let voucher = Voucher(network: testNetwork, channel: honest.record.id, commodity: .bytes, units: 5)
        let signed = SessionVoucher(
            session: session, voucher: .init(units: 5, signature: try voucher.sign(with: honest.key)))
        #expect(try ledger.take(signed, holder: honest.holder) == 5)
        #expect(code { _ = try ledger.take(signed, holder: honest.holder) } == .badVoucher)
        #expect(code { try ledger.charge(session: session, holder: honest.holder, commodity: .bytes, at: 1) } == nil)
    }

    @Test("Channels that share somebody's credit without a right to it count for their payer all the same")
    func sharingDoesNotHide() throws {
        var settings = PayeeSettings()
        settings.maxChannelsPerPayer = 3
        let ledger = try ledger(settings)
        let owner = SigningKey()
        for number: UInt64 in 1...3 {
            let payer = try payer(number: number, key: owner)
            let opening = try payer.opening(sharing: 0xfff_fffff)
            #expect(
                code { _ = try ledger.open(opening, record: payer.record, holder: payer.holder, at: 0) }
                    == .unknownSession)
        }
        let fourth = try payer(number: 4, key: owner)
        #expect(code { _ = try open(fourth, ledger) } == .limitReached)
    }

    @Test("A node that is full gives up channels that are settled, and none that is not")
    func fullOfSettled() async throws {
        var settings = PayeeSettings()
        settings.maxChannels = 4
        var ledger = try ledger(settings)
        var records: [ChannelID: ChannelRecord] = [:]
        for number: UInt64 in 1...4 {
            var payer = try payer(number: number)
            let session = try open(payer, ledger).session
            let link = try payer.chain.reveal(3)
            _ = try ledger.acknowledge(SessionAck(session: session, link: link), holder: payer.holder)
            records[payer.record.id] = number == 2 ? payer.settled(units: 3, link: link) : payer.record
        }
        let late = try payer(number: 9)
        #expect(code { _ = try open(late, ledger) } == .limitReached)
        try ledger.refresh(sequence: 20) { records[$0] }
        #expect(try open(late, ledger).owed == 0)
        #expect(code { _ = try open(try payer(number: 10), ledger) } == nil, "who never paid goes first")
        #expect(ledger.openChannels.reduce(0) { $0 + $1.unsettledUnits } == 9)
        try await ledger.flush()
        ledger.close()
        // What was given up is not there again.
        ledger = try self.ledger(settings)
        try ledger.refresh(sequence: 20) { records[$0] }
        #expect(ledger.openChannels.map(\.acknowledgedUnits).sorted() == [3, 3, 3])
        ledger.close()
    }

    @Test("Requests that come together are answered as one after the other", arguments: 1...6 as ClosedRange<UInt64>)
    func together(seed: UInt64) throws {
        var random = Split(state: seed)
        let book = PayeeBook(network: testNetwork, node: key.publicKey, settings: .init(), recovered: [])
        var payers = try (0..<24).map { try payer(units: 64, number: UInt64($0)) }
        var books = (one: book, many: book)
        let sessions = try payers.map { payer -> UInt32 in
            let opening = try payer.opening()
            let opened = try books.one.openVerified(opening, record: payer.record, holder: payer.holder, at: 0)
            let again = try books.many.openVerified(opening, record: payer.record, holder: payer.holder, at: 0)
            // Their generations are drawn by chance.
            #expect(opened.session & 0xf_ffff == again.session & 0xf_ffff)
            return again.session
        }
        for index in books.one.slots.indices { books.one.slots[index]?.generation = sessions[index] >> 20 }
        for _ in 0..<20 {
            let requests = try (0..<Int.random(in: 1...60, using: &random)).map { _ -> UnitRequest in
                let who = Int.random(in: 0..<payers.count, using: &random)
                var links: [ChainLink] = []
                for _ in 0..<Int.random(in: 0...2, using: &random) where payers[who].chain.remaining > 4 {
                    links.append(try payers[who].chain.reveal(UInt64.random(in: 1...2, using: &random)))
                }
                if Int.random(in: 0..<40, using: &random) == 0 {
                    links.append(ChainLink(index: 60, link: payers[who].chain.anchor))
                }
                if Bool.random(using: &random) { links.reverse() }
                return UnitRequest(
                    holder: payers[who].holder, session: sessions[who], acknowledgments: links,
                    units: UInt64.random(in: 0...2, using: &random), commodity: .bytes)
            }
            let together = books.many.admit(requests, at: 1)
            let apart = requests.flatMap { books.one.admit([$0], at: 1) }
            #expect(together.map(\.acknowledged) == apart.map(\.acknowledged))
            #expect(together.map(\.refusal?.code) == apart.map(\.refusal?.code))
            #expect(books.one.unwritten == books.many.unwritten)
        }
        #expect(books.one.positions == books.many.positions)
    }

    private struct Split: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }
}
