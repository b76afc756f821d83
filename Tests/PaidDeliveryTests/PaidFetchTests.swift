import Blake3
import BlobStore
import Channels
import Exchange
import Foundation
import Identity
import Ledger
import NIOCore
import PaidDelivery
import Peering
import Stark
import Testing
import Wire

@Suite("Paid fetches", .serialized, .timeLimit(.minutes(2)))
struct PaidFetchTests {
    @Test("A blob is paid for, unit by unit, to who delivered it", arguments: [(3, 0), (20, 1), (20, 200_000)])
    func pays(blocks: Int, extra: Int) async throws {
        try await withNodes { ledger, nodes in
            let account = SigningKey()
            nodes.append(try await PaidNode(ledger))
            nodes.append(try await PaidNode(ledger, account: account))
            let wallet = try ledger.openChannel(from: account, to: nodes[0].id)
            nodes[1].payer.add(wallet, for: nodes[0].id)
            let bytes = bytes(blocks: blocks, extra: extra)
            let id = try await nodes[0].store.put(bytes)
            try await nodes[1].exchange.fetchWhole(id)
            #expect(try await nodes[1].store.readAll(id, limit: 1 << 30) == bytes)
            let units = UInt64(2 * blocks + (extra == 0 ? 0 : extra > 131_072 ? 2 : 1))
            let seller = nodes[0]
            #expect(try await eventually { seller.earned == units })
            #expect(nodes[1].payer.acknowledgedUnits(to: nodes[0].id) == units)
            #expect(nodes[0].service.count(.openSession) == 1)
            try await nodes[0].payee.flush()
            #expect(nodes[0].payee.durableRecords >= units)
        }
    }

    @Test("Several nodes are paid for what each delivers, and the sum is the blob")
    func severalNodes() async throws {
        try await withNodes { ledger, nodes in
            let account = SigningKey()
            for _ in 0..<2 { nodes.append(try await PaidNode(ledger)) }
            nodes.append(try await PaidNode(ledger, account: account))
            let bytes = bytes(blocks: 60)
            for seller in nodes.prefix(2) {
                nodes[2].payer.add(try ledger.openChannel(from: account, to: seller.id), for: seller.id)
                _ = try await seller.store.put(bytes)
            }
            let id = BlobID(Blake3.hash(Array(bytes.readableBytesView)))
            try await nodes[2].exchange.fetchWhole(id)
            let sellers = Array(nodes.prefix(2))
            #expect(try await eventually { sellers.reduce(0) { $0 + $1.earned } >= 120 })
        }
    }

    @Test("What a node gives away is not paid for, and what it does not is not to be had without")
    func freeUse() async throws {
        try await withNodes { ledger, nodes in
            nodes.append(try await PaidNode(ledger, free: .always))
            nodes.append(try await PaidNode(ledger, free: .units(20)))
            nodes.append(try await PaidNode(ledger))
            let small = try await nodes[1].store.put(bytes(blocks: 8))
            let large = try await nodes[1].store.put(bytes(blocks: 12, extra: 1))
            let free = try await nodes[0].store.put(bytes(blocks: 30))
            try await nodes[2].exchange.fetchWhole(free)
            try await nodes[2].exchange.fetchWhole(small)
            let buyer = nodes[2]
            #expect(await code { try await buyer.exchange.fetchWhole(large) } == "blob/unavailable")
            #expect(nodes[0].earned + nodes[1].earned == 0)
            // With a channel the same fetch goes on.
            let account = SigningKey()
            nodes.append(try await PaidNode(ledger, account: account))
            nodes[3].payer.add(try ledger.openChannel(from: account, to: nodes[1].id), for: nodes[1].id)
            try await nodes[3].exchange.fetchWhole(large)
            let seller = nodes[1]
            // 20 units were free: the block that proves the size, and nine others.
            #expect(try await eventually { seller.earned == 6 })
        }
    }

    @Test("A channel that runs out ends the session, and the next one pays on")
    func nextChannel() async throws {
        try await withNodes { ledger, nodes in
            let account = SigningKey()
            nodes.append(try await PaidNode(ledger))
            nodes.append(try await PaidNode(ledger, account: account))
            for nonce: UInt64 in 1...2 {
                nodes[1].payer.add(
                    try ledger.openChannel(from: account, to: nodes[0].id, units: 64, nonce: nonce), for: nodes[0].id)
            }
            let id = try await nodes[0].store.put(bytes(blocks: 50))
            try await nodes[1].exchange.fetchWhole(id)
            let seller = nodes[0]
            #expect(try await eventually { seller.earned >= 100 })
            #expect(nodes[0].service.count(.openSession) >= 2)
        }
    }

    @Test("A node that asks more than the payer allows is not paid")
    func tooExpensive() async throws {
        try await withNodes { ledger, nodes in
            let account = SigningKey()
            nodes.append(try await PaidNode(ledger))
            nodes.append(try await PaidNode(ledger, account: account))
            nodes[0].payee.setMultiplier(permille: 1001)
            nodes[1].payer.add(try ledger.openChannel(from: account, to: nodes[0].id), for: nodes[0].id)
            let id = try await nodes[0].store.put(bytes(blocks: 2))
            let buyer = nodes[1]
            #expect(await code { try await buyer.exchange.fetchWhole(id) } == "blob/unavailable")
            #expect(nodes[0].earned == 0)
        }
    }

    @Test("Wrong blocks are not paid for")
    func wrongBlocks() async throws {
        try await withNodes { ledger, nodes in
            let account = SigningKey()
            let bytes = bytes(blocks: 10)
            nodes.append(
                try await PaidNode(ledger) { request in
                    guard request.type == .readPaidBlock else { return nil }
                    return PeerReply(type: .paidBlock, body: ByteBuffer(repeating: 0, count: 262_144))
                })
            nodes.append(try await PaidNode(ledger, account: account))
            nodes[1].payer.add(try ledger.openChannel(from: account, to: nodes[0].id), for: nodes[0].id)
            let id = try await nodes[0].store.put(bytes)
            let buyer = nodes[1]
            #expect(await code { try await buyer.exchange.fetchWhole(id) } == "blob/corrupt")
            #expect(nodes[0].earned == 0)
            #expect(nodes[1].payer.acknowledgedUnits(to: nodes[0].id) == 0)
        }
    }

    @Test("A payer whose connection breaks goes on with the same channel")
    func reconnects() async throws {
        try await withNodes { ledger, nodes in
            let account = SigningKey()
            nodes.append(try await PaidNode(ledger))
            nodes.append(try await PaidNode(ledger, account: account))
            nodes[1].payer.add(try ledger.openChannel(from: account, to: nodes[0].id), for: nodes[0].id)
            for round in 1...3 {
                let id = try await nodes[0].store.put(bytes(blocks: 10, extra: round))
                try await nodes[1].exchange.fetchWhole(id)
                let connection = try await nodes[1].peers.connection(to: nodes[0].id)
                connection.close()
                try await connection.eventLoop.submit {}.get()
                #expect(try await eventually { !connection.isOpen })
            }
            let seller = nodes[0]
            #expect(try await eventually { seller.earned == 63 })
        }
    }

    @Test("Who is done hands over a voucher for what links acknowledged; then the session goes on")
    func vouchers() async throws {
        try await withNodes { ledger, nodes in
            let account = SigningKey()
            nodes.append(try await PaidNode(ledger))
            nodes.append(try await PaidNode(ledger, account: account))
            let (seller, buyer) = (nodes[0], nodes[1])
            let wallet = try ledger.openChannel(from: account, to: seller.id)
            buyer.payer.add(wallet, for: seller.id)
            let before = await buyer.payer.handVouchers()
            #expect(before.isEmpty, "no session is open")
            try await buyer.exchange.fetchWhole(try await seller.store.put(bytes(blocks: 10)))
            #expect(try await eventually { seller.earned == 20 })
            let handed = await buyer.payer.handVouchers()
            #expect(handed == [seller.id: 20])
            #expect(seller.earned == 20, "nothing is paid twice")
            let voucher = try #require(seller.payee.openChannels.first?.voucher)
            let message = Voucher(network: testNetwork, channel: wallet.channel, commodity: .bytes, units: 20)
            #expect(voucher.units == 20 && message.isValid(voucher.signature, by: account.publicKey))
            let again = await buyer.payer.handVouchers()
            #expect(again == [seller.id: 0], "it adds nothing")
            try await buyer.exchange.fetchWhole(try await seller.store.put(bytes(blocks: 3, extra: 1)))
            #expect(try await eventually { seller.earned == 27 })
            let last = await buyer.payer.handVouchers()
            #expect(last == [seller.id: 27])
            #expect(seller.service.count(.openSession) == 1)
        }
    }

    @Test("A hostile client gets two units, and nothing for links that are none")
    func hostile() async throws {
        try await withNodes { ledger, nodes in
            let account = SigningKey()
            nodes.append(try await PaidNode(ledger))
            nodes.append(try await PaidNode(ledger))
            let id = try await nodes[0].store.put(bytes(blocks: 10))
            let wallet = try ledger.openChannel(from: account, to: nodes[0].id)
            let connection = try await nodes[1].peers.connection(to: nodes[0].id)
            let now = Int64(Date().timeIntervalSince1970 * 1000)
            let grant = SessionGrant(
                network: testNetwork, channel: wallet.channel, holder: nodes[1].id, milliseconds: now)
            let opening = SessionOpening(
                channel: wallet.channel, commodity: .bytes, grantMilliseconds: now, grant: try grant.sign(with: account)
            )
            let answer = try await connection.request(.openSession, ByteBuffer(bytes: opening.bytes)).get()
            let session = try SessionOpened(bytes: Array(answer.body.readableBytesView)).session
            func read(_ index: Int, session: UInt32, units: Int = 2, link: [UInt8]? = nil) async -> String? {
                let acks = link.map { [BlockPayment.Acknowledgment(index: 1, link: $0)] } ?? []
                let body = PaidBlockBody(
                    blob: id, index: index, payment: .init(session: session, units: units, acknowledgments: acks))
                return await code { _ = try await connection.request(.readPaidBlock, body.buffer).get() }
            }
            #expect(await read(0, session: session) == nil)
            #expect(await read(1, session: session) == "channels/credit")
            #expect(await read(1, session: session &+ 1) == "channels/unknown-session")
            #expect(await read(1, session: session, units: 1) == "channels/credit")
            #expect(await read(1, session: session, link: [UInt8](repeating: 0xff, count: 32)) == "channels/malformed")
            #expect(await read(1, session: session, link: wallet.chain.anchor.bytes) == "channels/bad-link")
            #expect(await read(1, session: session) == "channels/unknown-session")
            let unpaid = await code {
                _ = try await connection.request(.readBlock, ByteBuffer(bytes: [0x0a, 0x20] + id.digest.bytes)).get()
            }
            #expect(unpaid == "channels/payment-required")
            for type: FrameType in [.openSession, .acknowledge, .readPaidBlock, .readQuote, .handVoucher] {
                let refusal = await code {
                    _ = try await connection.request(type, ByteBuffer(bytes: [1, 2, 3])).get()
                }
                #expect(refusal == (type == .readPaidBlock ? "peer/refused" : "channels/malformed"))
            }
            #expect(nodes[0].earned == 0)
        }
    }

    @Test("A block that is larger than what is paid for, or missing, is not delivered and not charged")
    func givesBack() async throws {
        try await withNodes { ledger, nodes in
            let account = SigningKey()
            nodes.append(try await PaidNode(ledger))
            nodes.append(try await PaidNode(ledger))
            let id = try await nodes[0].store.put(bytes(blocks: 2))
            var wallet = try ledger.openChannel(from: account, to: nodes[0].id)
            let connection = try await nodes[1].peers.connection(to: nodes[0].id)
            let now = Int64(Date().timeIntervalSince1970 * 1000)
            let grant = SessionGrant(
                network: testNetwork, channel: wallet.channel, holder: nodes[1].id, milliseconds: now)
            let opening = SessionOpening(
                channel: wallet.channel, commodity: .bytes, grantMilliseconds: now, grant: try grant.sign(with: account)
            )
            let answer = try await connection.request(.openSession, ByteBuffer(bytes: opening.bytes)).get()
            let session = try SessionOpened(bytes: Array(answer.body.readableBytesView)).session
            func read(_ blob: BlobID, _ index: Int, units: Int) async -> String? {
                let body = PaidBlockBody(
                    blob: blob, index: index, payment: .init(session: session, units: units, acknowledgments: []))
                return await code { _ = try await connection.request(.readPaidBlock, body.buffer).get() }
            }
            #expect(await read(id, 0, units: 1) == "peer/refused")
            #expect(await read(id, 7, units: 2) != nil)
            #expect(await read(BlobID(Blake3.hash([1])), 0, units: 2) != nil)
            #expect(try nodes[0].payee.owed(session: session, holder: nodes[1].id) == 0)
            #expect(await read(id, 0, units: 2) == nil)
            #expect(try nodes[0].payee.owed(session: session, holder: nodes[1].id) == 2)
            // An acknowledgment that travels alone.
            let ack = SessionAck(session: session, link: try PaidFetchTests.reveal(&wallet))
            let owed = try await connection.request(.acknowledge, ByteBuffer(bytes: ack.bytes)).get()
            #expect(owed.body.getInteger(at: owed.body.readerIndex, as: UInt32.self) == 1)
        }
    }

    private static func reveal(_ wallet: inout PayingClient.Wallet) throws -> ChainLink {
        var chain = wallet.chain
        return try chain.reveal()
    }
}
