import Blake3
import Calls
import Channels
import Foundation
import Functions
import Gateway
import Identity
import Ledger
import Logging
import NIOCore
import NIOPosix
import PaidDelivery
import Peering
import Streams
import Synchronization
import Testing
import Wire

@testable import Node

@Suite("Calls of clients", .timeLimit(.minutes(1)))
struct ClientCallsTests {
    private static let maxBodyBytes = 1 << 20

    /// A node that runs functions for clients' money, and a client, without sockets and workers.
    private final class Scene: Sendable {
        static let network = NetworkID(Blake3.hash([5]))

        let seller = SigningKey()
        let buyer = SigningKey()
        let payee: PayeeLedger
        /// What functions were given.
        let ran = Mutex<[FunctionCall]>([])
        private let serving: PaidServing
        private let server = Mutex<CallServer?>(nil)
        private let records = Records()
        private let folder = NSTemporaryDirectory() + "client-calls-\(UUID().uuidString)"
        private let loop = MultiThreadedEventLoopGroup.singleton.next()

        private final class Records: Sendable { let value = Mutex<[ChannelID: ChannelRecord]>([:]) }

        /// - Parameters:
        ///   - cpuMicroseconds: What a call uses.
        ///   - run: What the function does.
        init(
            cpuMicroseconds: UInt32, isNode: Bool = false,
            run: @escaping @Sendable (FunctionCall) async throws -> FunctionReply
        ) throws {
            let payee = try PayeeLedger(folder: folder, key: seller, network: Scene.network)
            self.payee = payee
            let records = records
            serving = PaidServing(
                payee: payee, free: .units(0), channel: { id in records.value.withLock { $0[id] } },
                isNode: { _ in isNode })
            let paid = PaidCalls()
            paid.attach(serving)
            let release = FunctionRelease(name: "app", release: "r1", tenant: "owner/app", routes: [])
            let clients = ClientCalls(
                maxBodyBytes: ClientCallsTests.maxBodyBytes,
                app: { name, _ in name == "app" ? .function(release) : nil }, refusal: { _ in nil },
                runHere: { [weak self] _, call async throws(CallFailure) in
                    self?.ran.withLock { $0.append(call) }
                    do {
                        let reply = try await run(call)
                        paid.used(call.id, cpuMicroseconds: cpuMicroseconds)
                        return reply
                    } catch {
                        throw .final(error as? FunctionError ?? FunctionError(.crashed, "\(error)"))
                    }
                })
            let made = CallServer(paid: paid, clients: clients) { _, _, _, _ async throws(CallFailure) in
                throw .final(FunctionError(.crashed, "no node calls here"))
            }
            server.withLock { $0 = made }
        }

        deinit {
            payee.close()
            try? FileManager.default.removeItem(atPath: folder)
        }

        var node: NodeID { seller.publicKey.node }
        private var peer: NodeID { buyer.publicKey.node }
        var hasRun: Bool { !ran.withLock { $0.isEmpty } }
        var openCalls: Int { server.withLock({ $0 })?.count ?? 0 }
        var acknowledged: UInt64 { payee.openChannels.reduce(0) { $0 + $1.acknowledgedUnits } }

        var peers: CallPeers {
            CallPeers(
                connect: { _ in },
                send: { _, type, body, _ in
                    let request = PeerRequest(peer: self.peer, type: type, body: body)
                    return self.loop.flatSubmit {
                        let answer =
                            self.serving.serve(request, on: self.loop)
                            ?? self.server.withLock({ $0 })?.serve(request, on: self.loop)
                        return answer?.map(\.body) ?? self.loop.makeFailedFuture(PeerError(.unsupported, "unknown"))
                    }
                })
        }

        func payer() -> PayingCalls {
            let peers = peers
            return PayingCalls(
                key: buyer, holder: peer, network: Scene.network, isPaid: { _ in true },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                ask: { try await peers.ask($0, $1, $2, $3) }, fund: { _ in try self.fund() })
        }

        var sender: CallSender { CallSender(peers: peers, wallLimit: .seconds(10)) }

        private func fund() throws -> PayingClient.Wallet {
            let nonce = records.value.withLock { UInt64($0.count) + 1 }
            let plan = try ChannelPlan(
                key: buyer, network: Scene.network, payee: node, nonce: nonce, expiresMilliseconds: .max / 2,
                purchases: [.init(commodity: .compute, unitPrice: 2, maxUnits: 256)])
            let id = ChannelID(Blake3.hash([6, UInt8(truncatingIfNeeded: nonce)]))
            let record = try ChannelRecord(
                id: id, opening: plan.channel, payerKey: buyer.publicKey, openedSequence: 1)
            records.value.withLock { $0[id] = record }
            guard let chain = plan.chains[.compute] else { throw PeerError(.internalError, "no chain") }
            return .init(channel: id, commodity: .compute, chain: chain, unitPrice: 2)
        }

        func begin(
            _ call: FunctionCall, app: String = "app", _ payer: PayingCalls, atMost limit: UInt64 = 10_000
        ) async throws -> (CallSender.Begun, PayingCalls.Payment) {
            let payment = try await payer.begin(at: node, atMost: limit)
            let begun = try await sender.begin(
                call, of: app, at: node, mostGas: UInt32(clamping: payment.mostGas))
            return (begun, payment)
        }
    }

    private static func get(_ path: String = "/x?y=1", headers: [(name: String, value: String)] = []) -> FunctionCall {
        FunctionCall(method: "GET", url: path, headers: headers)
    }

    private static func answer(_ byteCount: Int) -> @Sendable (FunctionCall) async throws -> FunctionReply {
        { _ in
            FunctionReply(status: 200, headers: [], body: .bytes(ByteBuffer(repeating: 7, count: byteCount)))
        }
    }

    @Test("The function is given what the gateway would give it, and the client cannot say who it is")
    func sanitised() async throws {
        let scene = try Scene(cpuMicroseconds: 900, run: ClientCallsTests.answer(3))
        let payer = scene.payer()
        let headers = [("Accept", "text/html"), ("X-Forwarded-For", "10.0.0.1"), ("host", "evil.test")]
        let (begun, payment) = try await scene.begin(
            ClientCallsTests.get(headers: headers.map { (name: $0.0, value: $0.1) }), payer)
        #expect(begun.gas == 1)
        try await payer.pay(payment, gas: begun.gas, after: .milliseconds(3))
        let reply = try scene.sender.reply(to: begun)
        #expect(try await reply.body.collect(limit: 10).readableBytes == 3)
        let call = try #require(scene.ran.withLock { $0.first })
        #expect(call.url == "http://app.localhost/x?y=1" && call.method == "GET" && call.id.utf8.count == 16)
        let given = Dictionary(call.headers.map { ($0.name, $0.value) }) { first, _ in first }
        #expect(given["accept"] == "text/html" && given["host"] == "app.localhost")
        #expect(given["x-forwarded-for"] == "unknown" && given["traceparent"] == call.trace)
        #expect(scene.acknowledged == 1 && scene.openCalls == 0)
    }

    @Test(
        "What no visitor may ask is refused before anything runs, and costs nothing",
        arguments: [
            ("app", "SCHEDULED", "/"), ("app", "GET", "cron:* * * * *"), ("app", "GET", "/a b"), ("other", "GET", "/"),
            ("owner/app", "GET", "/"),
        ])
    func refused(app: String, method: String, path: String) async throws {
        let scene = try Scene(cpuMicroseconds: 900, run: ClientCallsTests.answer(3))
        let payer = scene.payer()
        let (begun, payment) = try await scene.begin(FunctionCall(method: method, url: path), app: app, payer)
        #expect(begun.gas == 0)
        #expect(throws: CallFailure.self) { try scene.sender.reply(to: begun) }
        try await payer.pay(payment, gas: begun.gas, after: .milliseconds(3))
        #expect(scene.acknowledged == 0 && scene.openCalls == 0 && !scene.hasRun)
    }

    @Test("A client hands on no calls: it has no say in the release, the hops and the request's id")
    func handsOnNothing() async throws {
        let scene = try Scene(cpuMicroseconds: 900, run: ClientCallsTests.answer(3))
        let version = FunctionVersion(tenant: "owner/app", release: "r1")
        await #expect(throws: CallFailure.self) {
            try await scene.sender.call(ClientCallsTests.get(), of: version, at: scene.node, hops: 2)
        }
        #expect(!scene.hasRun)
    }

    @Test("Whoever does not pay gets the head of an answer that cost more than the credit, and none of its body")
    func heldBack() async throws {
        let scene = try Scene(cpuMicroseconds: 40_000, run: ClientCallsTests.answer(300_000))
        let payer = scene.payer()
        let (begun, payment) = try await scene.begin(ClientCallsTests.get(), payer)
        #expect(begun.gas == 40)
        let reply = try scene.sender.reply(to: begun)
        // The reader asks again and again; what it gets, it gets behind the payment.
        try await Task.sleep(for: .milliseconds(200))
        guard case .stream(let stream) = reply.body else {
            Issue.record("the whole body came with the head, unpaid")
            return
        }
        #expect(stream.bufferedBytes == 0)
        try await payer.pay(payment, gas: begun.gas, after: .milliseconds(60))
        #expect(try await stream.collect(limit: 1 << 20).readableBytes == 300_000)
        #expect(scene.acknowledged == 40 && scene.openCalls == 0)
    }

    @Test("A call that used more than is paid for it costs as much as that, and its answer is kept")
    func aboveLimit() async throws {
        let scene = try Scene(cpuMicroseconds: 40_000, run: ClientCallsTests.answer(3))
        let payer = scene.payer()
        // A unit costs 2.
        let (begun, payment) = try await scene.begin(ClientCallsTests.get(), payer, atMost: 20)
        #expect(payment.mostGas == 10 && begun.gas == 10 && payment.price(of: begun.gas) == 20)
        #expect { try scene.sender.reply(to: begun) } throws: { error in
            (error as? CallFailure)?.error.code == CallServer.aboveLimit
        }
        try await payer.pay(payment, gas: begun.gas, after: .milliseconds(60))
        #expect(scene.acknowledged == 10 && scene.openCalls == 0)
        await #expect(throws: ChannelsError.self) { try await payer.begin(at: scene.node, atMost: 1) }
    }

    @Test("What a function throws stays with its developer")
    func failure() async throws {
        let scene = try Scene(cpuMicroseconds: 900) { _ in throw FunctionError(.exception, "a secret") }
        let payer = scene.payer()
        let (begun, payment) = try await scene.begin(ClientCallsTests.get(), payer)
        try await payer.pay(payment, gas: begun.gas, after: .milliseconds(3))
        #expect { try scene.sender.reply(to: begun) } throws: { error in
            let failure = (error as? CallFailure)?.error
            return failure?.code == .exception && failure?.message.contains("secret") == false
        }
        #expect(scene.acknowledged == 1)
    }

    @Test("A body beyond the limit breaks off at the node")
    func largeUpload() async throws {
        let scene = try Scene(cpuMicroseconds: 900) { call in
            let count = try await call.body.collect(limit: .max).readableBytes
            return FunctionReply(status: 200, headers: [], body: .bytes(ByteBuffer(string: "\(count)")))
        }
        let payer = scene.payer()
        let body = ByteBuffer(repeating: 1, count: ClientCallsTests.maxBodyBytes + 1)
        let call = FunctionCall(method: "POST", url: "/", body: .bytes(body))
        let (begun, _) = try await scene.begin(call, payer)
        #expect(throws: CallFailure.self) { try scene.sender.reply(to: begun) }
        let fitting = body.getSlice(at: 0, length: ClientCallsTests.maxBodyBytes) ?? body
        let (second, _) = try await scene.begin(
            FunctionCall(method: "POST", url: "/", body: .bytes(fitting)), payer)
        let text = try await scene.sender.reply(to: second).body.collect(limit: 100)
        #expect(String(buffer: text) == "\(ClientCallsTests.maxBodyBytes)")
    }
}
