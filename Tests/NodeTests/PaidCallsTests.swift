import Blake3
import Channels
import Foundation
import Identity
import Ledger
import NIOCore
import NIOEmbedded
import PaidDelivery
import Peering
import Stark
import Testing
import Wire

@testable import Node

@Suite("Calls that are paid for")
struct PaidCallsTests {
    private static let network = NetworkID(Blake3.hash([1]))

    /// A node that sells, and a payer with a session for its calls.
    private final class Scene {
        let calls = PaidCalls()
        let payer = SigningKey()
        let payee: PayeeLedger
        private let folder = NSTemporaryDirectory() + "paid-calls-\(UUID().uuidString)"
        private let serving: PaidServing
        private(set) var chain: PayerChain
        private(set) var session: UInt32 = 0
        private let loop = EmbeddedEventLoop()
        private let record: ChannelRecord
        var peer: NodeID { payer.publicKey.node }

        init(free: FreeUse) throws {
            let key = SigningKey()
            let payee = try PayeeLedger(folder: folder, key: key, network: PaidCallsTests.network)
            self.payee = payee
            let plan = try ChannelPlan(
                key: payer, network: PaidCallsTests.network, payee: key.publicKey.node, nonce: 1,
                expiresMilliseconds: 10_000_000, purchases: [.init(commodity: .compute, unitPrice: 1, maxUnits: 500)])
            let record = try ChannelRecord(
                id: ChannelID(Blake3.hash([2])), opening: plan.channel, payerKey: payer.publicKey, openedSequence: 1)
            self.record = record
            guard let chain = plan.chains[.compute] else { throw PeerError(.internalError, "no chain") }
            self.chain = chain
            serving = PaidServing(payee: payee, free: free, channel: { $0 == record.id ? record : nil }, now: { 1_000 })
            calls.attach(serving)
        }

        deinit {
            payee.close()
            try? FileManager.default.removeItem(atPath: folder)
        }

        func open() throws {
            let grant = SessionGrant(
                network: PaidCallsTests.network, channel: record.id, holder: peer, milliseconds: 1_000)
            let opening = SessionOpening(
                channel: record.id, commodity: .compute, grantMilliseconds: 1_000, grant: try grant.sign(with: payer))
            let request = PeerRequest(peer: peer, type: .openSession, body: ByteBuffer(bytes: opening.bytes))
            let reply = try serving.serve(request, on: loop)?.wait()
            session = try SessionOpened(bytes: Array(reply?.body.readableBytesView ?? ByteBuffer().readableBytesView))
                .session
        }

        func pay(_ units: UInt64) throws {
            for steps in RadixChains.steps(units, maxGap: 64) {
                _ = try payee.acknowledge(SessionAck(session: session, link: chain.reveal(steps)), holder: peer)
            }
        }

        func owed() throws -> UInt64 { try payee.owed(session: session, holder: peer) }
    }

    @Test("Where everything is given away, nobody pays")
    func free() throws {
        let scene = try Scene(free: .always)
        #expect(scene.calls.refusal(of: "a", by: scene.peer) == nil)
        scene.calls.used("a", cpuMicroseconds: 5_000)
        #expect(scene.calls.ended("a") == nil)
    }

    @Test("A call is charged by the milliseconds that it used, and none begins while too much is owed")
    func charged() throws {
        let scene = try Scene(free: .units(0))
        #expect(scene.calls.refusal(of: "a", by: scene.peer)?.code == .init("channels/payment-required"))
        try scene.open()
        #expect(scene.calls.refusal(of: "a", by: scene.peer) == nil)
        // The name is taken, whoever asks.
        #expect(scene.calls.refusal(of: "a", by: scene.peer)?.code == .busy)
        scene.calls.used("a", cpuMicroseconds: 99_001)
        scene.calls.used("a", cpuMicroseconds: 500_000)
        let bill = try #require(scene.calls.ended("a"))
        #expect(bill.gas == 100 && !bill.isAboveLimit && !scene.calls.isWithinCredit(bill.ticket))
        #expect(try scene.owed() == 100)
        #expect(scene.calls.refusal(of: "b", by: scene.peer)?.code == .init("channels/credit"))
        try scene.pay(100)
        #expect(try scene.owed() == 0)
        #expect(scene.calls.refusal(of: "b", by: scene.peer) == nil)
        // It failed before anything ran, or ran elsewhere: what was counted stays.
        scene.calls.used("b", cpuMicroseconds: nil)
        #expect(scene.calls.ended("b")?.gas == 1)
        scene.calls.used("b", cpuMicroseconds: 1_000_000)
        #expect(scene.calls.ended("b") == nil)
        #expect(try scene.owed() == 1)
        #expect(scene.calls.isWithinCredit(bill.ticket))
    }

    @Test("Of a call that used more than its caller pays, as much is counted as that")
    func limit() throws {
        let scene = try Scene(free: .units(0))
        try scene.open()
        #expect(scene.calls.refusal(of: "a", by: scene.peer, atMost: 7) == nil)
        scene.calls.used("a", cpuMicroseconds: 8_000)
        let bill = try #require(scene.calls.ended("a"))
        #expect(bill.gas == 7 && bill.usedGas == 8 && bill.isAboveLimit)
        #expect(try scene.owed() == 7)
    }

    @Test(
        "Begun milliseconds count whole, and every call counts one",
        arguments: [
            (0, 1), (1, 1), (1_000, 1), (1_001, 2), (UInt32.max, 4_294_968),
        ] as [(UInt32, UInt64)])
    func gas(microseconds: UInt32, units: UInt64) {
        #expect(PaidCalls.gas(microseconds) == units)
    }
}
