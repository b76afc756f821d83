import Blake3
import Calls
import Channels
import Exchange
import Foundation
import Functions
import Identity
import Ledger
import Logging
import NIOCore
import NIOPosix
import PaidDelivery
import Peering
import Synchronization
import Testing
import Wire

@testable import Node

@Suite("Calls that a node pays for", .timeLimit(.minutes(1)))
struct CallPaymentTests {
    /// A node that runs calls for money, and one that hands calls on to it, without sockets and workers.
    private final class Scene: Sendable {
        static let network = NetworkID(Blake3.hash([3]))

        let seller = SigningKey()
        let buyer = SigningKey()
        let payee: PayeeLedger
        let calls = PaidCalls()
        /// Requests for calls that came, refused ones too.
        let begun = Mutex(0)
        private let serving: PaidServing
        private let records = Records()
        private let folder = NSTemporaryDirectory() + "call-payments-\(UUID().uuidString)"
        private let loop = MultiThreadedEventLoopGroup.singleton.next()

        private final class Records: Sendable { let value = Mutex<[ChannelID: ChannelRecord]>([:]) }

        init() throws {
            let payee = try PayeeLedger(folder: folder, key: seller, network: Scene.network)
            self.payee = payee
            let records = records
            serving = PaidServing(
                payee: payee, free: .units(0), channel: { id in records.value.withLock { $0[id] } })
            calls.attach(serving)
        }

        deinit {
            payee.close()
            try? FileManager.default.removeItem(atPath: folder)
        }

        var node: NodeID { seller.publicKey.node }
        private var peer: NodeID { buyer.publicKey.node }

        var peers: CallPeers {
            CallPeers(
                connect: { _ in },
                send: { _, type, body, _ in
                    let request = PeerRequest(peer: self.peer, type: type, body: body)
                    return self.loop.flatSubmit { self.answer(request) }
                })
        }

        private func answer(_ request: PeerRequest) -> EventLoopFuture<ByteBuffer> {
            if let answer = serving.serve(request, on: loop) { return answer.map(\.body) }
            return loop.makeCompletedFuture {
                begun.withLock { $0 += 1 }
                let begin = try CallFrames.begin(request.body)
                if let refusal = calls.refusal(of: begin.request.id, by: request.peer) { throw refusal }
                calls.used(begin.request.id, cpuMicroseconds: 900)
                #expect(calls.ended(begin.request.id)?.gas == 1)
                return CallFrames.encode(
                    .reply(status: 200, headers: [], body: ByteBuffer(string: "paid"), hasMore: false))
            }
        }

        func sender(hasMoney: Bool = true) -> CallSender {
            let peers = peers
            let payer = PayingCalls(
                key: buyer, holder: peer, network: Scene.network, isPaid: { _ in false },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                ask: { try await peers.ask($0, $1, $2, $3) },
                fund: { _ in
                    guard hasMoney else { throw PeerError(.paymentRequired, "no money") }
                    return try self.fund()
                })
            return CallSender(peers: peers, wallLimit: .seconds(10), payer: payer)
        }

        private func fund() throws -> PayingClient.Wallet {
            let plan = try ChannelPlan(
                key: buyer, network: Scene.network, payee: node, nonce: 1, expiresMilliseconds: .max / 2,
                purchases: [.init(commodity: .compute, unitPrice: 1, maxUnits: 256)])
            let id = ChannelID(Blake3.hash([4]))
            let record = try ChannelRecord(
                id: id, opening: plan.channel, payerKey: buyer.publicKey, openedSequence: 1)
            records.value.withLock { $0[id] = record }
            guard let chain = plan.chains[.compute] else { throw PeerError(.internalError, "no chain") }
            return .init(channel: id, commodity: .compute, chain: chain)
        }

        func call(_ number: Int, by sender: CallSender) async throws(CallFailure) -> FunctionReply {
            try await sender.call(
                FunctionCall(id: "call \(number)", method: "GET", url: "https://app.test/"),
                of: FunctionVersion(tenant: "owner/app", release: "r1"), at: node, hops: 1)
        }
    }

    @Test("A call that is refused for want of payment is sent again with a session, and paid by what it used")
    func pays() async throws {
        let scene = try Scene()
        let sender = scene.sender()
        for number in 1...4 {
            let reply = try await scene.call(number, by: sender)
            #expect(reply.status == 200)
            let used = UInt64(number)
            try await eventually { scene.payee.openChannels.first?.acknowledgedUnits == used }
        }
        #expect(scene.begun.withLock { $0 } == 5, "only the first call was refused")
    }

    @Test("Without money a call is refused, the function has not run, and another node may be tried")
    func poor() async throws {
        let scene = try Scene()
        let sender = scene.sender(hasMoney: false)
        do throws(CallFailure) {
            _ = try await scene.call(1, by: sender)
            Issue.record("nobody paid for it")
        } catch {
            #expect(error.isUnpaid && error.isOthersToTry && !error.mayHaveRun && !error.isFault)
        }
        #expect(scene.begun.withLock { $0 } == 1)
    }
}
