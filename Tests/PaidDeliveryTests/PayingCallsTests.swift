import Blake3
import Channels
import Exchange
import Foundation
import Identity
import Ledger
import NIOCore
import NIOPosix
import Peering
import Stark
import Synchronization
import Testing
import Wire

@testable import PaidDelivery

@Suite("Paying for calls", .timeLimit(.minutes(1)))
struct PayingCallsTests {
    /// A node that runs calls for money, without sockets, and a client that pays it.
    private final class Scene: Sendable {
        let seller = SigningKey()
        let buyer = SigningKey()
        let ledger = TestLedger()
        let payee: PayeeLedger
        let serving: PaidServing
        let funded = Mutex(0)
        /// Frames that were asked, by type.
        let frames = Mutex<[FrameType: Int]>([:])
        private let units: UInt64
        private let folder = NSTemporaryDirectory() + "paying-\(UUID().uuidString)"
        private let loop = loops.next()

        init(units: UInt64 = 512) throws {
            self.units = units
            let payee = try PayeeLedger(folder: folder, key: seller, network: testNetwork)
            self.payee = payee
            let ledger = ledger
            serving = PaidServing(payee: payee, free: .units(0)) { ledger.channel($0) }
        }

        deinit {
            payee.close()
            try? FileManager.default.removeItem(atPath: folder)
        }

        var node: NodeID { seller.publicKey.node }
        var peer: NodeID { buyer.publicKey.node }

        func client(isPaid: Bool = false) -> PayingCalls {
            PayingCalls(
                key: buyer, holder: peer, network: testNetwork, isPaid: { _ in isPaid }, logger: quiet,
                ask: { _, type, body, _ in try await self.ask(type, body) }, fund: { _ in try self.fund() })
        }

        /// A client with one channel and no other.
        func client(with wallet: PayingClient.Wallet) -> PayingCalls {
            PayingCalls(
                key: buyer, holder: peer, network: testNetwork, isPaid: { _ in true }, logger: quiet,
                ask: { _, type, body, _ in try await self.ask(type, body) }, fund: { _ in wallet })
        }

        private func ask(_ type: FrameType, _ body: ByteBuffer) async throws -> ByteBuffer {
            frames.withLock { $0[type, default: 0] += 1 }
            let request = PeerRequest(peer: peer, type: type, body: body)
            return try await loop.flatSubmit {
                self.serving.serve(request, on: self.loop)
                    ?? self.loop.makeFailedFuture(PeerError(.unsupported, "no frame of a session"))
            }.map(\.body).get()
        }

        func fund() throws -> PayingClient.Wallet {
            let (id, chain) = try open(units, at: 1)
            return .init(channel: id, commodity: .compute, chain: chain)
        }

        /// Three channels that pay together, with so many links each.
        func fund(_ links: [UInt64]) throws -> PayingClient.Wallet {
            let (id, chain) = try open(links[0], at: 1)
            let larger = try zip(RadixChains.weights, links).dropFirst().map { weight, links in
                let (id, chain) = try open(links, at: weight)
                return try #require(LargerChain(channel: id, weight: UInt16(weight), chain: chain))
            }
            return .init(channel: id, commodity: .compute, chain: chain, larger: larger)
        }

        private func open(_ units: UInt64, at price: UInt64) throws -> (ChannelID, PayerChain) {
            let nonce = funded.withLock { count in
                count += 1
                return UInt64(count)
            }
            let plan = try ChannelPlan(
                key: buyer, network: testNetwork, payee: node, nonce: nonce, expiresMilliseconds: .max / 2,
                purchases: [.init(commodity: .compute, unitPrice: price, maxUnits: units)])
            let id = ChannelID(Blake3.hash([UInt8(truncatingIfNeeded: nonce)]))
            ledger.put(
                try ChannelRecord(id: id, opening: plan.channel, payerKey: buyer.publicKey, openedSequence: 1))
            guard let chain = plan.chains[.compute] else { throw PeerError(.internalError, "no chain") }
            return (id, chain)
        }

        /// A call that uses so many units of gas and takes so long; why it was refused, if it was.
        func call(_ client: PayingCalls, gas: UInt64, milliseconds: Int64) async -> PeerError.Code? {
            let payment = await client.begin(at: node, isRepeatable: true)
            var refusal: PeerError.Code?
            do throws(PeerError) {
                let ticket = try serving.beginCall(by: peer)
                serving.chargeCall(ticket, gas: gas - 1)
            } catch {
                refusal = error.code
            }
            if let payment { await client.ended(payment, after: .milliseconds(milliseconds)) }
            return refusal
        }

        /// A call whose node says what it used; the frames that its payment takes.
        func pay(_ client: PayingCalls, gas: UInt64) async throws -> Int {
            let payment = try await client.begin(at: node, atMost: .max)
            let ticket = try serving.beginCall(by: peer)
            serving.chargeCall(ticket, gas: gas - 1)
            let before = frames.withLock { $0[.acknowledge, default: 0] }
            try await client.pay(payment, gas: gas, after: .milliseconds(Int64(gas)))
            return frames.withLock { $0[.acknowledge, default: 0] } - before
        }

        /// Links that were acknowledged, in all channels.
        var earned: UInt64 { payee.openChannels.reduce(0) { $0 + $1.acknowledgedUnits } }
        /// What they are worth; here a unit costs 1.
        var earnedAmount: UInt64 { payee.openChannels.reduce(0) { $0 + $1.unsettledAmount } }
        /// Links that were acknowledged, by price.
        var links: [UInt64] {
            payee.openChannels.sorted { $0.unitPrice < $1.unitPrice }.map(\.acknowledgedUnits)
        }
    }

    @Test("Nothing is paid before a node wants it; then each call is, once it has answered")
    func pays() async throws {
        let scene = try Scene()
        let client = scene.client()
        #expect(await scene.call(client, gas: 5, milliseconds: 9) == .paymentRequired)
        #expect(scene.funded.withLock { $0 } == 0)
        #expect(await client.isWorthRepeating(at: scene.node))
        var used: UInt64 = 0
        for gas: UInt64 in [1, 5, 30, 2, 70] {
            #expect(await scene.call(client, gas: gas, milliseconds: Int64(gas) + 3) == nil)
            used += gas
            let due = used
            #expect(try await eventually { scene.earned == due })
        }
        #expect(client.paidUnits == used)
        #expect(scene.funded.withLock { $0 } == 1)
    }

    @Test("Calls that cannot be sent again are paid for from the first one, where the network says so")
    func streams() async throws {
        let scene = try Scene()
        let client = scene.client(isPaid: true)
        #expect(await client.begin(at: scene.node, isRepeatable: true) == nil)
        #expect(await client.begin(at: scene.node, isRepeatable: false) != nil)
        #expect(scene.funded.withLock { $0 } == 1)
    }

    @Test("A node that invents costs is paid the waiting and no more")
    func inventedCosts() async throws {
        let scene = try Scene()
        let client = scene.client()
        #expect(await client.isWorthRepeating(at: scene.node))
        #expect(await scene.call(client, gas: 400, milliseconds: 20) == nil)
        #expect(try await eventually { scene.earned > 0 })
        #expect(await scene.call(client, gas: 1, milliseconds: 1) == .init("channels/credit"))
        _ = await client.isWorthRepeating(at: scene.node)
        #expect(scene.earned <= 25)
        #expect(scene.funded.withLock { $0 } == 1)
    }

    @Test("What is owed from before is paid with the next call, within its limit")
    func owedBefore() async throws {
        let scene = try Scene()
        let wallet = try scene.fund()
        _ = try await scene.client(with: wallet).begin(at: scene.node, atMost: 1_000)
        let ticket = try scene.serving.beginCall(by: scene.peer)
        scene.serving.chargeCall(ticket, gas: 9)
        // The process ended before it paid; the next one has the same channel.
        let client = scene.client(with: wallet)
        await #expect(throws: ChannelsError.self) { try await client.begin(at: scene.node, atMost: 10) }
        #expect(scene.earned == 0)
        let payment = try await client.begin(at: scene.node, atMost: 15)
        #expect(payment.mostGas == 5 && payment.priceBefore == 10 && payment.price(of: 3) == 13)
        await client.ended(payment, after: .milliseconds(1))
        #expect(try await eventually { scene.earned == 10 })
        #expect(try await client.begin(at: scene.node, atMost: 15).mostGas == 15)
    }

    @Test("A channel that is spent is followed by the next one")
    func nextChannel() async throws {
        let scene = try Scene(units: 128)
        let client = scene.client()
        #expect(await client.isWorthRepeating(at: scene.node))
        var used: UInt64 = 0
        for _ in 0..<6 {
            var refusal = await scene.call(client, gas: 40, milliseconds: 60)
            if refusal != nil, await client.isWorthRepeating(at: scene.node) {
                refusal = await scene.call(client, gas: 40, milliseconds: 60)
            }
            #expect(refusal == nil)
            used += 40
            let due = used
            #expect(try await eventually { scene.earned >= due })
        }
        #expect(scene.funded.withLock { $0 } >= 3)
    }

    // MARK: Three chains

    @Test(
        "A call of thousands of units is paid with three links, one for each chain, where one chain takes 64 times more"
    )
    func threeChains() async throws {
        let scene = try Scene(units: 16_384)
        let alone = scene.client(with: try scene.fund())
        // One asks what is owed.
        #expect(try await scene.pay(alone, gas: 5_000) == 1 + 79)
        let wallet = try scene.fund([1_000, 100, 4])
        let client = scene.client(with: wallet)
        #expect(try await scene.pay(client, gas: 5_000) == 1 + 3)
        #expect(scene.links == [8, 5_000, 14, 1] || scene.links == [5_000, 8, 14, 1])
        #expect(client.paidUnits == 5_000 && scene.earnedAmount == 10_000)
        #expect(try await scene.pay(client, gas: 70) == 1 + 2)
        #expect(scene.earnedAmount == 10_070)
    }

    @Test("The chains go on in the next process, and vouchers cover each of them")
    func vouchers() async throws {
        let scene = try Scene()
        let wallet = try scene.fund([1_000, 100, 4])
        _ = try await scene.pay(scene.client(with: wallet), gas: 4_230)
        // The process ended; the next one has the chains from their start.
        let client = scene.client(with: wallet)
        _ = try await scene.pay(client, gas: 130)
        #expect(scene.links == [6 + 2, 2 + 2, 1])
        #expect(await client.handVouchers() == [scene.node: 4_360])
        #expect(scene.payee.openChannels.allSatisfy { $0.voucher?.units == $0.last.index })
        #expect(await client.handVouchers() == [scene.node: 0], "the same again is of no use to the node")
        #expect(try await scene.pay(client, gas: 64) == 1 + 1)
        #expect(scene.earnedAmount == 4_424)
    }

    @Test("A larger chain that the node does not take is left out, and the others pay")
    func leftOut() async throws {
        let scene = try Scene()
        let wallet = try scene.fund([1_000, 100, 1])
        let client = scene.client(with: wallet)
        _ = try await scene.pay(client, gas: 4_096)
        #expect(scene.links == [0, 0, 1])
        // Its links are used up, so that the next process presents it in vain.
        let next = scene.client(with: wallet)
        _ = try await scene.pay(next, gas: 4_097)
        #expect(scene.links == [1, 64, 1])
        #expect(next.paidUnits == 4_097)
    }
}
