import Blake3
import Channels
import Exchange
import Foundation
import Identity
import Ledger
import NIOCore
import NIOPosix
import PaidDelivery
import Peering
import Stark
import Synchronization
import Testing
import Wire

@Suite("Many payers at a time", .timeLimit(.minutes(1)))
struct TogetherTests {
    /// A node that sells, without sockets.
    private final class Seller: Sendable {
        let key = SigningKey()
        let ledger = TestLedger()
        let payee: PayeeLedger
        let serving: PaidServing
        private let folder = NSTemporaryDirectory() + "together-\(UUID().uuidString)"

        init(settings: PayeeSettings = .init()) throws {
            let payee = try PayeeLedger(folder: folder, key: key, network: testNetwork, settings: settings)
            self.payee = payee
            let (ledger, counts) = (ledger, Counts())
            serving = PaidServing(
                payee: payee, free: .units(0), channel: { ledger.channel($0) },
                around: { work in
                    work()
                    counts.value.withLock { $0 += 1 }
                })
            self.counts = counts
        }

        private let counts: Counts
        var turnCount: Int { counts.value.withLock { $0 } }

        private final class Counts: Sendable { let value = Mutex(0) }

        deinit {
            payee.close()
            try? FileManager.default.removeItem(atPath: folder)
        }

        /// Sends a frame as a peer's connection would.
        func ask(_ peer: NodeID, _ type: FrameType, _ body: [UInt8], on loop: any EventLoop) -> EventLoopFuture<[UInt8]>
        {
            let request = PeerRequest(peer: peer, type: type, body: ByteBuffer(bytes: body))
            return loop.flatSubmit {
                self.serving.serve(request, on: loop)
                    ?? loop.makeFailedFuture(PeerError(.unsupported, "no frame of a session"))
            }.map { Array($0.body.readableBytesView) }
        }

        func open(_ payer: SigningKey, _ wallet: PayingClient.Wallet, on loop: any EventLoop) async throws -> UInt32 {
            let now = Int64(Date().timeIntervalSince1970 * 1000)
            let holder = payer.publicKey.node
            let grant = SessionGrant(
                network: testNetwork, channel: wallet.channel, holder: holder, milliseconds: now)
            let opening = SessionOpening(
                channel: wallet.channel, commodity: .bytes, grantMilliseconds: now, grant: try grant.sign(with: payer))
            let answer = try await ask(holder, .openSession, opening.bytes, on: loop).get()
            return try SessionOpened(bytes: answer).session
        }
    }

    private struct Payer {
        let key = SigningKey()
        var chain: PayerChain
        let session: UInt32

        init(_ seller: Seller, on loop: any EventLoop) async throws {
            let wallet = try seller.ledger.openChannel(from: key, to: seller.key.publicKey.node, units: 128)
            chain = wallet.chain
            session = try await seller.open(key, wallet, on: loop)
        }

        mutating func payment(units: Int) throws -> BlockPayment {
            let link = try chain.reveal()
            return BlockPayment(
                session: session, units: units, acknowledgments: [.init(index: link.index, link: link.link.bytes)])
        }
    }

    @Test("What arrives in one turn of a loop is taken together, and each gets its own answer")
    func gathered() async throws {
        let seller = try Seller()
        let loop = loops.next()
        var payers: [Payer] = []
        for _ in 0..<40 { payers.append(try await Payer(seller, on: loop)) }
        var asked: [(NodeID, BlockPayment)] = []
        for index in payers.indices {
            asked.append((payers[index].key.publicKey.node, try payers[index].payment(units: index == 7 ? 40 : 1)))
        }
        let before = seller.turnCount
        let requests = asked
        let refusals = try await loop.flatSubmit {
            EventLoopFuture.whenAllSucceed(
                requests.map { seller.serving.admit($0.1, by: $0.0, on: loop) }, on: loop)
        }.get()
        #expect(seller.turnCount == before + 1)
        for (index, refusal) in refusals.enumerated() {
            #expect(refusal?.code.description == (index == 7 ? "channels/credit" : nil))
        }
        #expect(seller.payee.openChannels.allSatisfy { $0.acknowledgedUnits == 1 })
        // Alone it does not wait for company.
        let single = try payers[0].payment(units: 0)
        let node = payers[0].key.publicKey.node
        let alone = try await loop.flatSubmit { seller.serving.admit(single, by: node, on: loop) }.get()
        #expect(alone == nil)
    }

    @Test("A thousand clients at once, half of them hostile: the honest ones lose nothing, and nothing grows")
    func thousand() async throws {
        let seller = try Seller()
        let loop = loops.next()
        var payers: [Payer] = []
        for _ in 0..<1_000 { payers.append(try await Payer(seller, on: loop)) }
        for round in 0..<6 {
            var requests: [(NodeID, BlockPayment)] = []
            for index in payers.indices {
                var payment = try payers[index].payment(units: 1)
                if index % 2 == 1 {
                    // A wrong link, a huge gap, a link that is none, nothing but wishes, or somebody else's session.
                    let link = [UInt8](repeating: round == 2 ? 0xff : 7, count: 32)
                    let place = round == 1 ? UInt64.max : UInt64(round) + 1
                    payment = BlockPayment(
                        session: round == 4 ? payers[index - 1].session : payers[index].session, units: 2,
                        acknowledgments: round == 3 ? [] : [.init(index: place, link: link)])
                }
                requests.append((payers[index].key.publicKey.node, payment))
            }
            let asked = requests
            let refusals = try await loop.flatSubmit {
                EventLoopFuture.whenAllSucceed(
                    asked.map { seller.serving.admit($0.1, by: $0.0, on: loop) }, on: loop)
            }.get()
            #expect(refusals.enumerated().allSatisfy { $0.offset % 2 == 1 || $0.element == nil }, "round \(round)")
        }
        let acknowledged = seller.payee.openChannels.map(\.acknowledgedUnits)
        #expect(acknowledged.count == 1_000)
        #expect(acknowledged.filter { $0 == 6 }.count == 500 && acknowledged.filter { $0 == 0 }.count == 500)
        try await seller.payee.flush()
    }

    @Test("Openings, quotes and vouchers in quick succession are put off; acknowledgments are not")
    func rates() async throws {
        let seller = try Seller()
        let loop = loops.next()
        let key = SigningKey()
        let request = QuoteRequest(payer: key.publicKey.account, commodity: .bytes).bytes
        let holder = key.publicKey.node
        var answered = 0
        var busy = 0
        for _ in 0..<200 {
            do {
                _ = try await seller.ask(holder, .readQuote, request, on: loop).get()
                answered += 1
            } catch let error as PeerError where error.code == .busy { busy += 1 }
        }
        // Some half seconds may pass meanwhile.
        #expect(answered >= 64 && answered < 150 && busy == 200 - answered)
        // Somebody else's session is open meanwhile.
        let other = SigningKey()
        let open = try seller.ledger.openChannel(from: other, to: seller.key.publicKey.node)
        let session = try await seller.open(other, open, on: loop)
        var chain = open.chain
        for _ in 0..<300 {
            let ack = SessionAck(session: session, link: try chain.reveal())
            _ = try await seller.ask(other.publicKey.node, .acknowledge, ack.bytes, on: loop).get()
        }
        #expect(seller.payee.openChannels.first?.acknowledgedUnits == 300)
    }
}
