import Identity
import Stark
import Testing

@testable import Channels
@testable import Ledger

/// Three channels of one payer, whose links are worth 1, 64 and 4,096 units, at a node.
@Suite("Channels that pay together")
struct SharedCreditTests {
    private let key = SigningKey()
    private let owner = SigningKey()
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private var holder: NodeID { owner.publicKey.node }

    private func ledger() throws -> PayeeLedger {
        var log = AckLogSettings()
        log.byteCount = 64 << 10
        return try PayeeLedger(folder: folder.path, key: key, network: testNetwork, log: log)
    }

    private func payer(_ weight: UInt64, links: UInt64 = 100, expires: Int64 = hour) throws -> TestPayer {
        try TestPayer(
            payee: key.publicKey, units: links, price: weight, number: weight, expires: expires, key: owner,
            commodity: .compute)
    }

    private func open(
        _ payer: TestPayer, _ ledger: PayeeLedger, with sharing: UInt32 = 0, weight: UInt16 = 1, at now: Int64 = 0
    ) throws -> UInt32 {
        try ledger.open(
            try payer.opening(at: now, sharing: sharing, weight: weight), record: payer.record, holder: holder, at: now
        ).session
    }

    private func charge(_ ledger: PayeeLedger, _ session: UInt32, at now: Int64 = 1) -> ChannelsError.Code? {
        code { try ledger.charge(session: session, holder: holder, commodity: .compute, at: now) }
    }

    @Test("What is dust is reckoned in units: one large link is worth as much as many small ones")
    func dust() throws {
        let ledger = try ledger()
        let first = try open(try payer(1, links: 64), ledger)
        _ = try open(try payer(64, links: 1), ledger, with: first, weight: 64)
        _ = try open(try payer(4096, links: 1), ledger, with: first, weight: 4096)
        #expect(code { _ = try open(try payer(2, links: 63), ledger) } == .dust)
    }

    @Test("A call of thousands of units is paid with a link of each chain, whichever session is asked")
    func pays() throws {
        let ledger = try ledger()
        var payers = try [payer(1), payer(64), payer(4096)]
        let first = try open(payers[0], ledger)
        let sessions = [
            first, try open(payers[1], ledger, with: first, weight: 64),
            try open(payers[2], ledger, with: first, weight: 4096),
        ]
        let ticket = try ledger.charge(session: first, holder: holder, commodity: .compute, at: 1)
        ledger.chargeAfterwards(4_999, on: ticket)
        #expect(charge(ledger, sessions[2]) == .credit)
        for (index, links) in RadixChains.split(5_000, remaining: [100, 100, 100]).enumerated() {
            let ack = SessionAck(session: sessions[index], link: try payers[index].chain.reveal(links))
            #expect(try ledger.acknowledge(ack, holder: holder) == links)
        }
        #expect(try sessions.allSatisfy { try ledger.owed(session: $0, holder: holder) == 0 })
        #expect(charge(ledger, sessions[2]) == nil)
        #expect(ledger.openChannels.reduce(0) { $0 + $1.unsettledAmount } == 5_000)
    }

    @Test("A restart of the node costs no more than the sessions: each chain goes on where it was")
    func restart() async throws {
        var ledger = try ledger()
        var payers = try [payer(1), payer(64)]
        var first = try open(payers[0], ledger)
        var second = try open(payers[1], ledger, with: first, weight: 64)
        let ticket = try ledger.charge(session: first, holder: holder, commodity: .compute, at: 1)
        ledger.chargeAfterwards(129, on: ticket)
        for (index, session) in [first, second].enumerated() {
            let ack = SessionAck(session: session, link: try payers[index].chain.reveal(2))
            _ = try ledger.acknowledge(ack, holder: holder)
        }
        try await ledger.flush()
        ledger.close()
        ledger = try self.ledger()
        #expect(charge(ledger, first) == .unknownSession)
        let opened = try ledger.open(
            try payers[0].opening(), record: payers[0].record, holder: holder, at: 0)
        first = opened.session
        #expect(opened.last.index == 2 && opened.owed == 0)
        second = try open(payers[1], ledger, with: first, weight: 64)
        let again = try ledger.charge(session: first, holder: holder, commodity: .compute, at: 1)
        ledger.chargeAfterwards(63, on: again)
        let ack = SessionAck(session: second, link: try payers[1].chain.reveal(1))
        #expect(try ledger.acknowledge(ack, holder: holder) == 1)
        #expect(try ledger.owed(session: first, holder: holder) == 0)
        ledger.close()
    }

    @Test("What calls owe outlives a restart of the node, whichever chains pay for it")
    func debt() async throws {
        var ledger = try ledger()
        var payers = try [payer(1), payer(64)]
        func sessions() throws -> (first: UInt32, second: UInt32) {
            let first = try open(payers[0], ledger)
            return (first, try open(payers[1], ledger, with: first, weight: 64))
        }
        func restart() async throws {
            try await ledger.flush()
            ledger.close()
            ledger = try self.ledger()
        }
        var session = try sessions()
        let ticket = try ledger.charge(session: session.first, holder: holder, commodity: .compute, at: 1)
        ledger.chargeAfterwards(4_999, on: ticket)
        // Nothing was ever paid, and still it is not forgotten.
        try await restart()
        session = try sessions()
        #expect(try ledger.owed(session: session.first, holder: holder) == 5_000)
        #expect(charge(ledger, session.second) == .credit)
        let ack = SessionAck(session: session.second, link: try payers[1].chain.reveal(64))
        #expect(try ledger.acknowledge(ack, holder: holder) == 64)
        try await restart()
        session = try sessions()
        #expect(try ledger.owed(session: session.first, holder: holder) == 5_000 - 64 * 64)
        #expect(charge(ledger, session.first) == .credit)
        let larger = SessionAck(session: session.second, link: try payers[1].chain.reveal(14))
        _ = try ledger.acknowledge(larger, holder: holder)
        let last = SessionAck(session: session.first, link: try payers[0].chain.reveal(8))
        _ = try ledger.acknowledge(last, holder: holder)
        try await restart()
        session = try sessions()
        #expect(try ledger.owed(session: session.first, holder: holder) == 0)
        #expect(charge(ledger, session.first) == nil)
        ledger.close()
    }

    @Test("Links of a channel that is closing, which will be worth nothing, pay no more for what others get")
    func closing() throws {
        let ledger = try ledger()
        let base = try payer(1)
        var large = try payer(64)
        let first = try open(base, ledger)
        let second = try open(large, ledger, with: first, weight: 64)
        #expect(charge(ledger, first) == nil)
        let records = [base.record.id: base.record, large.record.id: large.closing(at: hour / 2)]
        try ledger.refresh(sequence: 100) { records[$0] }
        // It can still be settled, and so it is taken.
        let ack = SessionAck(session: second, link: try large.chain.reveal(1))
        #expect(try ledger.acknowledge(ack, holder: holder) == 1)
        #expect(try ledger.owed(session: first, holder: holder) == 1)
        #expect(charge(ledger, first) == nil)
        #expect(charge(ledger, first) == .credit)
        #expect(charge(ledger, second) == .channelEnded)
    }

    @Test("Nothing is delivered through the others once the first is closing or has expired")
    func firstEnds() throws {
        let ledger = try ledger()
        let base = try payer(1, expires: hour / 2)
        let large = try payer(64)
        let first = try open(base, ledger)
        let second = try open(large, ledger, with: first, weight: 64)
        #expect(charge(ledger, second) == nil)
        #expect(charge(ledger, second, at: hour / 2) == .channelEnded)
        let records = [base.record.id: base.closing(at: hour), large.record.id: large.record]
        try ledger.refresh(sequence: 100) { records[$0] }
        #expect(charge(ledger, second) == .channelEnded)
        // By itself it is as good as before.
        #expect(charge(ledger, try open(large, ledger, weight: 64)) == nil)
    }

    @Test("A channel that expires before the first one does not pay together with it")
    func expiresFirst() throws {
        let ledger = try ledger()
        let first = try open(try payer(1), ledger)
        let short = try payer(64, expires: hour - 1)
        #expect(code { _ = try open(short, ledger, with: first, weight: 64) } == .channelEnded)
        #expect(code { _ = try open(try payer(4096, expires: hour), ledger, with: first, weight: 4096) } == nil)
    }
}
