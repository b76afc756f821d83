import Blake3
import Foundation
import Identity
import Stark
import Synchronization
import Testing

@testable import Channels
@testable import Ledger

@Suite("What a node is paid")
struct PayeeLedgerTests {
    private let key = SigningKey()
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func ledger(
        _ settings: PayeeSettings = .init(), onSettled: @escaping @Sendable ([ChannelPayment]) -> Void = { _ in }
    ) throws -> PayeeLedger {
        var log = AckLogSettings()
        log.byteCount = 64 << 10
        return try PayeeLedger(
            folder: folder.path, key: key, network: testNetwork, settings: settings, log: log, onSettled: onSettled)
    }

    private func payer(
        units: UInt64 = 200, price: UInt64 = 10, number: UInt64 = 1, expires: Int64 = hour, key: SigningKey? = nil
    ) throws -> TestPayer {
        try TestPayer(
            payee: self.key.publicKey, units: units, price: price, number: number, expires: expires, key: key)
    }

    private func open(_ payer: TestPayer, _ ledger: PayeeLedger, at milliseconds: Int64 = 0) throws -> SessionOpened {
        try ledger.open(
            try payer.opening(at: milliseconds), record: payer.record, holder: payer.holder, at: milliseconds)
    }

    // MARK: Sessions

    @Test("A session is delivered to within its credit, and each acknowledgment gives as much back")
    func delivers() throws {
        let ledger = try ledger()
        var payer = try payer()
        let session = try open(payer, ledger).session
        var delivered = 0
        for _ in 0..<50 {
            while code({ try ledger.charge(session: session, holder: payer.holder, commodity: .bytes, at: 1) }) == nil {
                delivered += 1
            }
            #expect(
                code { try ledger.charge(session: session, holder: payer.holder, commodity: .bytes, at: 1) } == .credit)
            #expect(try ledger.owed(session: session, holder: payer.holder) <= 16)
            let ack = SessionAck(session: session, link: try payer.chain.reveal())
            #expect(try ledger.acknowledge(ack, holder: payer.holder) == 1)
        }
        #expect(delivered == 50 + 16 - 1)
        #expect(ledger.openChannels.map(\.acknowledgedUnits) == [50])
    }

    @Test("Credit belongs to the channel: a new session brings none")
    func creditStays() throws {
        let ledger = try ledger()
        let payer = try payer()
        for round in 0..<5 {
            let opened = try open(payer, ledger)
            #expect(opened.owed == (round == 0 ? 0 : 2))
            if round == 0 {
                try ledger.charge(2, session: opened.session, holder: payer.holder, commodity: .bytes, at: 1)
            }
            #expect(
                code { try ledger.charge(session: opened.session, holder: payer.holder, commodity: .bytes, at: 1) }
                    == .credit)
        }
    }

    @Test("Only the present session of the holder is known")
    func replacedSessions() throws {
        let ledger = try ledger()
        var payer = try payer()
        let old = try open(payer, ledger).session
        let new = try open(payer, ledger).session
        let link = try payer.chain.reveal()
        #expect(old != new)
        #expect(
            code { _ = try ledger.acknowledge(SessionAck(session: old, link: link), holder: payer.holder) }
                == .unknownSession)
        let stranger = NodeID(Blake3.hash([1]))
        #expect(
            code { _ = try ledger.acknowledge(SessionAck(session: new, link: link), holder: stranger) }
                == .unknownSession)
        for number in [0, 1, 0xf_ffff, UInt32.max] {
            #expect(
                code { try ledger.charge(session: number, holder: payer.holder, commodity: .bytes, at: 1) }
                    == .unknownSession)
        }
        #expect(try ledger.acknowledge(SessionAck(session: new, link: link), holder: payer.holder) == 1)
    }

    @Test("A channel is presented under the payer's fresh signature for this holder")
    func grants() throws {
        let ledger = try ledger()
        let payer = try payer()
        let thief = NodeID(Blake3.hash([1]))
        func refusal(_ opening: SessionOpening, _ holder: NodeID, at milliseconds: Int64 = 0) -> ChannelsError.Code? {
            code { _ = try ledger.open(opening, record: payer.record, holder: holder, at: milliseconds) }
        }
        #expect(refusal(try payer.opening(), thief) == .notAuthorised)
        #expect(refusal(try payer.opening(signer: SigningKey()), payer.holder) == .notAuthorised)
        #expect(refusal(try payer.opening(at: 0), payer.holder, at: 300_001) == .notAuthorised)
        #expect(refusal(try payer.opening(at: 300_001), payer.holder, at: 0) == .notAuthorised)
        #expect(refusal(try payer.opening(at: 0), payer.holder, at: 300_000) == nil)
        #expect(refusal(try payer.opening(holder: thief), thief) == nil)
    }

    @Test("Dust, cheap, expiring, closing, foreign and unknown channels are refused")
    func refusals() throws {
        let ledger = try ledger()
        func refusal(_ payer: TestPayer, _ record: ChannelRecord?) throws -> ChannelsError.Code? {
            let opening = try payer.opening()
            return code { _ = try ledger.open(opening, record: record, holder: payer.holder, at: 0) }
        }
        let good = try payer()
        let dust = try payer(units: 63)
        #expect(try refusal(dust, dust.record) == .dust)
        var nearlyUsed = try payer(units: 200, number: 3)
        let link = try nearlyUsed.chain.reveal(137)
        #expect(try refusal(nearlyUsed, nearlyUsed.settled(units: 137, link: link)) == .dust)
        let limit = try payer(units: 64, number: 4)
        #expect(try refusal(limit, limit.record) == nil)
        let free = try payer(price: 0, number: 5)
        #expect(try refusal(free, free.record) == .price)
        let late = try payer(number: 6, expires: 59_999)
        #expect(try refusal(late, late.record) == .channelEnded)
        #expect(try refusal(good, good.closing(at: 1)) == .channelEnded)
        #expect(try refusal(good, nil) == .unknownChannel)
        #expect(try refusal(good, dust.record) == .unknownChannel)
        let foreign = try TestPayer(payee: SigningKey().publicKey)
        #expect(try refusal(foreign, foreign.record) == .unknownChannel)
    }

    @Test("A payer has so many channels here and no more, and so have all together")
    func limits() throws {
        var settings = PayeeSettings()
        settings.maxChannelsPerPayer = 2
        settings.maxChannels = 3
        let ledger = try ledger(settings)
        let rich = SigningKey()
        for number: UInt64 in 1...2 {
            var payer = try payer(number: number, key: rich)
            let session = try open(payer, ledger).session
            let ack = SessionAck(session: session, link: try payer.chain.reveal())
            _ = try ledger.acknowledge(ack, holder: payer.holder)
        }
        let third = try payer(number: 3, key: rich)
        #expect(code { _ = try open(third, ledger) } == .limitReached)
        // Who never acknowledged anything makes room for others; who did does not.
        for _ in 0..<5 { _ = try open(payer(), ledger) }
        #expect(ledger.openChannels.count == 3)
        var last = try payer()
        let session = try open(last, ledger).session
        _ = try ledger.acknowledge(SessionAck(session: session, link: last.chain.reveal()), holder: last.holder)
        let late = try payer()
        #expect(code { _ = try open(late, ledger) } == .limitReached)
    }

    // MARK: Quotes

    @Test("A quote holds for its payer, commodity and time; a changed or foreign one does not")
    func quotes() throws {
        let ledger = try ledger()
        let payer = try payer()
        let request = QuoteRequest(payer: payer.key.publicKey.account, commodity: .bytes)
        ledger.setMultiplier(permille: 1500)
        let quote = try ledger.quote(request, at: 0)
        ledger.setMultiplier(permille: 3000)
        func open(_ quote: SessionQuote?, _ payer: TestPayer, at milliseconds: Int64 = 0) throws -> SessionOpened {
            try ledger.open(
                try payer.opening(at: milliseconds, quote: quote), record: payer.record, holder: payer.holder,
                at: milliseconds)
        }
        #expect(try open(quote, payer).permille == 1500)
        #expect(try open(nil, payer).permille == 3000)
        #expect(try open(quote, payer, at: 599_999).permille == 1500)
        #expect(code { _ = try open(quote, payer, at: 600_000) } == .quoteExpired)
        let other = try self.payer(number: 2)
        #expect(code { _ = try open(quote, other) } == .badQuote)
        let compute = try ledger.quote(QuoteRequest(payer: payer.key.publicKey.account, commodity: .compute), at: 0)
        #expect(code { _ = try open(compute, payer) } == .badQuote)
        let forged = try SessionQuote(
            network: testNetwork, payer: payer.key.publicKey.account, commodity: .bytes, unitPrice: 1, permille: 1,
            expiresMilliseconds: hour, key: SigningKey())
        #expect(code { _ = try open(forged, payer) } == .badQuote)
        for place in [32, 97, 104, 108, 116, 117, 180] {
            var bytes = quote.bytes
            bytes[place] ^= 1
            #expect(code { _ = try open(try SessionQuote(bytes: bytes), payer) } != nil)
        }
    }

    @Test("Under a quote nothing is delivered when its time is over, and units cost what it says")
    func quotedCost() throws {
        let ledger = try ledger()
        var payer = try payer()
        ledger.setMultiplier(permille: 2000)
        let opened = try open(payer, ledger)
        try ledger.charge(2, session: opened.session, holder: payer.holder, commodity: .bytes, at: 1)
        #expect(try ledger.owed(session: opened.session, holder: payer.holder) == 4)
        _ = try ledger.acknowledge(
            SessionAck(session: opened.session, link: payer.chain.reveal(4)), holder: payer.holder)
        #expect(try ledger.owed(session: opened.session, holder: payer.holder) == 0)
        #expect(
            code { try ledger.charge(session: opened.session, holder: payer.holder, commodity: .bytes, at: 600_000) }
                == .quoteExpired)
    }

    // MARK: Restarts

    @Test("A payee that restarts at any point has what was flushed, and the payer goes on behind it")
    func payeeRestarts() async throws {
        var payer = try payer()
        for round: UInt64 in 1...5 {
            let ledger = try ledger()
            try ledger.refresh(sequence: 10) { $0 == payer.record.id ? payer.record : nil }
            let opened = try open(payer, ledger)
            #expect(opened.last.index == (round - 1) * 3)
            #expect(opened.owed == 0)
            try payer.chain.resume(from: opened.last)
            for _ in 0..<3 {
                try ledger.charge(session: opened.session, holder: payer.holder, commodity: .bytes, at: 1)
                let ack = SessionAck(session: opened.session, link: try payer.chain.reveal())
                _ = try ledger.acknowledge(ack, holder: payer.holder)
            }
            if round % 2 == 0 { try await ledger.flush() }
            ledger.close()
        }
    }

    @Test("Two processes do not share a log")
    func locked() throws {
        let first = try ledger()
        #expect(code { _ = try ledger() } == .log)
        first.close()
        let second = try ledger()
        second.close()
        var payer = try payer()
        let closed = try open(payer, second).session
        #expect(
            code {
                _ = try second.acknowledge(
                    SessionAck(session: closed, link: payer.chain.reveal()), holder: payer.holder)
            } == .log)
    }

    @Test("A log that was begun under an older copy of the ledger is kept until the ledger has come as far")
    func ledgerBehind() async throws {
        var payer = try payer(number: 7)
        var ledger = try ledger()
        let session = try open(payer, ledger).session
        _ = try ledger.acknowledge(SessionAck(session: session, link: payer.chain.reveal(5)), holder: payer.holder)
        ledger.close()
        ledger = try self.ledger()
        try ledger.refresh(sequence: 6) { _ in nil }
        #expect(ledger.openChannels.isEmpty)
        try ledger.refresh(sequence: 7) { $0 == payer.record.id ? payer.record : nil }
        #expect(ledger.openChannels.map(\.last.index) == [5])
        // Closed on the ledger: forgotten here, also after the next start.
        try ledger.refresh(sequence: 8) { _ in nil }
        #expect(ledger.openChannels.isEmpty)
        ledger.close()
        ledger = try self.ledger()
        try ledger.refresh(sequence: 7) { _ in payer.record }
        #expect(ledger.openChannels.isEmpty)
        ledger.close()
    }

    @Test("Settlements are told once, with what they paid")
    func settled() throws {
        let payments = Mutex<[ChannelPayment]>([])
        let ledger = try ledger { new in payments.withLock { $0 += new } }
        var payer = try payer()
        let session = try open(payer, ledger).session
        let link = try payer.chain.reveal(10)
        _ = try ledger.acknowledge(SessionAck(session: session, link: link), holder: payer.holder)
        #expect(ledger.openChannels.first?.unsettledUnits == 10)
        #expect(ledger.openChannels.first?.unsettledAmount == 100)
        let settled = payer.settled(units: 10, link: link)
        for _ in 0..<2 { try ledger.refresh(sequence: 20) { _ in settled } }
        let told = payments.withLock { $0 }
        #expect(told.map(\.amount) == [100])
        #expect(told.map(\.to) == [10])
        #expect(ledger.openChannels.first?.unsettledUnits == 0)
        #expect(ledger.openChannels.first?.settledLink == link)
    }

    // MARK: Enemies

    @Test("A thousand hostile clients cost one bad link each and leave honest ones alone")
    func hostileStreams() throws {
        let ledger = try ledger()
        var honest = try payer()
        let session = try open(honest, ledger).session
        let junk = try payer(number: 99).chain.anchor
        var refused = 0
        for number: UInt64 in 0..<1000 {
            let enemy = try payer(units: 64, number: number)
            let opened = try open(enemy, ledger)
            // More credit than two units for nothing there is not.
            try ledger.charge(2, session: opened.session, holder: enemy.holder, commodity: .bytes, at: 1)
            #expect(
                code { try ledger.charge(session: opened.session, holder: enemy.holder, commodity: .bytes, at: 1) }
                    == .credit)
            for step: UInt64 in [64, 1, 1000] {
                let ack = SessionAck(session: opened.session, link: ChainLink(index: step, link: junk))
                if code({ _ = try ledger.acknowledge(ack, holder: enemy.holder) }) != nil { refused += 1 }
            }
            #expect(
                code { try ledger.charge(session: opened.session, holder: enemy.holder, commodity: .bytes, at: 1) }
                    == .unknownSession)
            if number % 100 == 0 {
                let ack = SessionAck(session: session, link: try honest.chain.reveal())
                #expect(try ledger.acknowledge(ack, holder: honest.holder) == 1)
            }
        }
        #expect(refused == 3000)
        #expect(ledger.openChannels.filter { $0.acknowledgedUnits > 0 }.count == 1)
    }

    @Test("After three wrong links a channel is refused")
    func wrongLinks() throws {
        let ledger = try ledger()
        var enemy = try payer()
        for _ in 0..<3 {
            let session = try open(enemy, ledger).session
            let ack = SessionAck(session: session, link: ChainLink(index: 1, link: enemy.chain.anchor))
            #expect(code { _ = try ledger.acknowledge(ack, holder: enemy.holder) } == .badLink)
        }
        #expect(code { _ = try open(enemy, ledger) } == .badLink)
        _ = try enemy.chain.reveal()
    }

    @Test("Many acknowledgments at a time give what each alone would")
    func batches() throws {
        let ledger = try ledger()
        var payers: [TestPayer] = []
        var sessions: [UInt32] = []
        for number: UInt64 in 0..<40 {
            payers.append(try payer(number: number))
            sessions.append(try open(payers[Int(number)], ledger).session)
        }
        var requests: [UnitRequest] = []
        func add(_ payer: Int, _ link: ChainLink) {
            requests.append(
                UnitRequest(
                    holder: payers[payer].holder, session: sessions[payer], acknowledgments: [link], units: 0,
                    commodity: .bytes))
        }
        for index in payers.indices {
            let step: UInt64 = index % 7 == 3 ? 5 : 1
            add(
                index,
                index == 11
                    ? ChainLink(index: 1, link: payers[index].chain.anchor) : try payers[index].chain.reveal(step))
        }
        // The same chain twice, and the same acknowledgment twice.
        add(0, try payers[0].chain.reveal())
        add(1, requests[1].acknowledgments[0])
        for (index, answer) in ledger.admit(requests, at: 1).enumerated() {
            let refusal: ChannelsError.Code? = index == 11 ? .badLink : nil
            #expect(answer.refusal?.code == refusal)
            switch index {
            case 11, 41: #expect(answer.acknowledged == 0)
            case 40: #expect(answer.acknowledged == 1)
            default: #expect(answer.acknowledged == (index % 7 == 3 ? 5 : 1))
            }
        }
        let acknowledged = ledger.openChannels.map(\.acknowledgedUnits).reduce(0, +)
        let expected: UInt64 = 40 + 6 * 4 - 1 + 1
        #expect(acknowledged == expected)
    }

    @Test("Chains of larger units share the credit of the first")
    func radix() throws {
        let ledger = try ledger()
        let owner = SigningKey()
        var small = try payer(price: 10, number: 1, key: owner)
        var large = try payer(price: 640, number: 2, key: owner)
        let first = try open(small, ledger).session
        let second = try ledger.open(
            try large.opening(sharing: first, weight: 64), record: large.record, holder: owner.publicKey.node, at: 0
        ).session
        let ticket = try ledger.charge(session: first, holder: owner.publicKey.node, commodity: .bytes, at: 0)
        ledger.chargeAfterwards(129, on: ticket)
        let holder = owner.publicKey.node
        #expect(
            try value {
                try ledger.acknowledge(SessionAck(session: second, link: large.chain.reveal(2)), holder: holder)
            } == 2)
        #expect(try ledger.owed(session: first, holder: holder) == 2)
        #expect(
            try value {
                try ledger.acknowledge(SessionAck(session: first, link: small.chain.reveal(2)), holder: holder)
            } == 2)
        #expect(try ledger.owed(session: second, holder: holder) == 0)
        let cheap = try payer(price: 639, number: 3, key: owner)
        let opening = try cheap.opening(sharing: first, weight: 64)
        #expect(code { _ = try ledger.open(opening, record: cheap.record, holder: holder, at: 0) } == .price)
        let stranger = try payer(price: 640, number: 4)
        let foreign = try stranger.opening(holder: holder, sharing: first, weight: 64)
        #expect(code { _ = try ledger.open(foreign, record: stranger.record, holder: holder, at: 0) } == .notAuthorised)
    }
}
