import Blake3
import Calls
import Channels
import Client
import Foundation
import Functions
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

@Suite("Calls that a client pays for", .timeLimit(.minutes(1)))
struct PayingCallerTests {
    private static let network = NetworkID(Blake3.hash(Array("calls".utf8)))
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// What a node makes of a call.
    private struct Conduct: Sendable {
        /// What it says that the call used.
        var claimed: UInt32 = 1
        /// What it counts for it.
        var counted: UInt64 = 1
        var after = TimeAmount.milliseconds(1)
        var answer = CallFrames.Answer.reply(
            status: 200, headers: [("a", "b")], body: ByteBuffer(string: "done"), hasMore: false)
    }

    private struct Everybody: PeerDirectory {
        func isParticipating(_ key: PublicKey) -> Bool { true }
        func publicKey(of node: NodeID) -> PublicKey? { nil }
        func endpoint(of node: NodeID) -> PeerEndpoint? { nil }
        var nodes: [NodeID] { [] }
    }

    /// A node that runs calls for money, as a test says, behind a socket.
    private final class Provider: PeerRequestHandler {
        let payee: PayeeLedger
        let conduct: Mutex<Conduct>
        /// Calls that came.
        let begun = Mutex<[CallFrames.Begin]>([])
        private let serving: PaidServing

        init(_ payee: PayeeLedger, _ conduct: Conduct, channel: @escaping @Sendable (ChannelID) -> ChannelRecord?) {
            self.payee = payee
            self.conduct = Mutex(conduct)
            serving = PaidServing(payee: payee, free: .units(0), channel: channel, isNode: { _ in false })
        }

        func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
            if let answer = serving.serve(request, on: eventLoop) { return answer }
            guard request.type == .callBegin else {
                return eventLoop.makeSucceededFuture(
                    PeerReply(type: FrameType(rawValue: request.type.rawValue + 1), body: ByteBuffer()))
            }
            let conduct = conduct.withLock { $0 }
            do {
                let begin = try CallFrames.begin(request.body)
                begun.withLock { $0.append(begin) }
                let ticket = try serving.beginCall(by: request.peer)
                if conduct.counted > 1 { serving.chargeCall(ticket, gas: conduct.counted - 1) }
            } catch {
                return eventLoop.makeFailedFuture(error)
            }
            let reply = PeerReply(
                type: .callAnswer, body: CallFrames.encode(conduct.answer, gas: conduct.claimed))
            return eventLoop.scheduleTask(in: conduct.after) { reply }.futureResult
        }

        var acknowledged: UInt64 { payee.openChannels.reduce(0) { $0 + $1.acknowledgedUnits } }
    }

    /// A node, a client with a channel of so many units at a price of 3 and others of larger links, and what `body` does
    /// with them.
    private func with(
        _ conduct: Conduct = Conduct(), units: UInt64 = 256, larger: [UInt64] = [],
        _ body: (_ caller: PayingCaller, _ provider: Provider, _ node: NodeID) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "paying-caller-\(UUID().uuidString)"
        let (seller, buyer) = (SigningKey(), SigningKey())
        let node = seller.publicKey.node
        var chains: [PayerChain] = []
        var records: [ChannelRecord] = []
        for (weight, links) in zip(RadixChains.weights, [units] + larger) {
            let plan = try ChannelPlan(
                key: buyer, network: PayingCallerTests.network, payee: node, nonce: weight,
                expiresMilliseconds: .max / 2,
                purchases: [.init(commodity: .compute, unitPrice: 3 * weight, maxUnits: links)])
            chains.append(try #require(plan.chains[.compute]))
            records.append(
                try ChannelRecord(
                    id: ChannelID(Blake3.hash([UInt8(chains.count)])), opening: plan.channel,
                    payerKey: buyer.publicKey, openedSequence: 1))
        }
        let others = zip(records, zip(chains, RadixChains.weights)).dropFirst().compactMap { record, part in
            LargerChain(channel: record.id, weight: UInt16(part.1), chain: part.0)
        }
        let payee = try PayeeLedger(folder: folder, key: seller, network: PayingCallerTests.network)
        let provider = Provider(payee, conduct) { [records] id in records.first { $0.id == id } }
        let peers = try PeerNetwork(
            key: seller, network: Data(PayingCallerTests.network.digest.bytes), directory: Everybody(),
            handler: provider, ledgerSequence: { 0 }, group: MultiThreadedEventLoopGroup.singleton,
            logger: PayingCallerTests.quiet)
        let port = try await peers.listen(host: "127.0.0.1", port: 0)
        let caller = try PayingCaller(
            key: buyer, network: PayingCallerTests.network,
            providers: [PaidProvider(node: node, endpoint: PeerEndpoint(host: "127.0.0.1", port: port))],
            payments: [
                PayableChannel(channel: records[0].id, payee: node, chain: chains[0], unitPrice: 3, larger: others)
            ],
            logger: PayingCallerTests.quiet)
        let result: Result<Void, any Error>
        do { result = .success(try await body(caller, provider, node)) } catch { result = .failure(error) }
        await caller.close()
        await peers.shutdown()
        payee.close()
        try? FileManager.default.removeItem(atPath: folder)
        try result.get()
    }

    private static func request() throws -> PayingCaller.Request {
        PayingCaller.Request(app: try #require(AppName("app")), path: "/x", headers: [(name: "n", value: "v")])
    }

    /// The code with which a call fails.
    private func code(
        _ caller: PayingCaller, _ node: NodeID, maxPrice: UInt64 = 10_000
    ) async throws -> ClientError.Code? {
        do {
            _ = try await caller.call(try PayingCallerTests.request(), at: node, maxPrice: maxPrice)
            return nil
        } catch let error as ClientError {
            return error.code
        }
    }

    @Test("A call is paid by what it used, and its bill says so")
    func pays() async throws {
        try await with(Conduct(claimed: 9, counted: 9, after: .milliseconds(30))) {
            (caller, provider, node) async throws in
            let answer = try await caller.call(try PayingCallerTests.request(), at: node, maxPrice: 100)
            #expect(answer.status == 200 && answer.headers.first?.value == "b")
            #expect(try await answer.body.collect(limit: 100) == ByteBuffer(string: "done"))
            #expect(answer.bill == PayingCaller.Bill(units: 9, price: 27))
            #expect(provider.acknowledged == 9 && caller.paidUnits == 9)
            let begin = try #require(provider.begun.withLock { $0.first })
            // 100 buy 33 units at 3.
            #expect(begin.mostGas == 33 && begin.tenant == "app" && begin.release.isEmpty && begin.request.url == "/x")
        }
    }

    @Test("Many calls at once are each paid, and none for another")
    func many() async throws {
        let conduct = Conduct(claimed: 2, counted: 2, after: .milliseconds(20))
        try await with(conduct, units: 512) { (caller, provider, node) async throws in
            // The window opens with what was paid.
            for _ in 0..<8 { #expect(try await code(caller, node) == nil) }
            try await withThrowingTaskGroup(of: UInt64.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await caller.call(try PayingCallerTests.request(), at: node, maxPrice: 30).bill.price
                    }
                }
                for try await price in group { #expect(price == 6) }
            }
            #expect(provider.acknowledged == 32)
        }
    }

    @Test("A node that claims more time than passed is paid nothing, and not called again")
    func overcharged() async throws {
        try await with(Conduct(claimed: 3_000, counted: 3_000), units: 4_096) { (caller, provider, node) async throws in
            #expect(try await code(caller, node) == .overcharged)
            #expect(try await code(caller, node) == .channelExhausted)
            #expect(provider.acknowledged == 0 && provider.begun.withLock(\.count) == 1)
        }
    }

    @Test("A node that claims more than was agreed to is paid nothing, though the time has passed")
    func aboveLimit() async throws {
        try await with(Conduct(claimed: 11, counted: 11, after: .milliseconds(40))) {
            (caller, provider, node) async throws in
            #expect(try await code(caller, node, maxPrice: 30) == .overcharged)
            #expect(provider.acknowledged == 0)
        }
    }

    @Test("What a node counts beyond what it says is not paid, and it refuses further calls in vain")
    func countsMore() async throws {
        try await with(Conduct(claimed: 5, counted: 200, after: .milliseconds(20))) {
            (caller, provider, node) async throws in
            #expect(try await code(caller, node) == nil)
            #expect(try await code(caller, node) == .notPaid)
            #expect(provider.acknowledged < 100)
        }
    }

    @Test("Where the limit buys no unit, nothing is called")
    func tooDear() async throws {
        try await with { (caller, provider, node) async throws in
            #expect(try await code(caller, node, maxPrice: 2) == .priceTooHigh)
            #expect(try await code(caller, node, maxPrice: 3) == nil)
            #expect(provider.begun.withLock(\.count) == 1)
        }
    }

    @Test("A failed call costs what the node counted, and the function's error says why")
    func failure() async throws {
        let answer = CallFrames.Answer.failure(
            code: "function/exception", message: "it failed", retryAfterMillis: nil, wasRun: true)
        try await with(Conduct(answer: answer)) { (caller, provider, node) async throws in
            do {
                _ = try await caller.call(try PayingCallerTests.request(), at: node, maxPrice: 10)
                Issue.record("it was answered")
            } catch let failure as PayingCaller.Failure {
                #expect(failure.error == FunctionError(.exception, "it failed"))
                #expect(failure.bill == PayingCaller.Bill(units: 1, price: 3))
            }
            #expect(provider.acknowledged == 1)
        }
    }

    @Test("A channel with too little left for another session is not used any more")
    func exhausted() async throws {
        let conduct = Conduct(claimed: 10, counted: 10, after: .milliseconds(20))
        try await with(conduct, units: 70) { (caller, provider, node) async throws in
            #expect(try await code(caller, node) == nil)
            #expect(try await code(caller, node) == .channelExhausted)
            #expect(provider.acknowledged == 10)
        }
    }

    @Test("Three channels pay together, each link by its weight, and vouchers cover all of them")
    func larger() async throws {
        try await with(Conduct(claimed: 131, counted: 131, after: .milliseconds(150)), larger: [10, 1]) {
            (caller, provider, node) async throws in
            let answer = try await caller.call(try PayingCallerTests.request(), at: node, maxPrice: 10_000)
            #expect(answer.bill == PayingCaller.Bill(units: 131, price: 393))
            #expect(caller.paidUnits == 131 && provider.acknowledged == 3 + 2)
            #expect(provider.payee.openChannels.reduce(0) { $0 + $1.unsettledAmount } == 393)
            let handed = await caller.handVouchers()
            #expect(handed == [node: 131])
            let settled = provider.payee.openChannels.compactMap { $0.voucher?.units }
            #expect(settled.sorted() == [2, 3])
        }
    }

    @Test("A call that is cancelled ends, and the node is told")
    func cancelled() async throws {
        try await with(Conduct(after: .milliseconds(300))) { (caller, _, node) async throws in
            let call = Task { try await caller.call(try PayingCallerTests.request(), at: node, maxPrice: 10) }
            try await Task.sleep(for: .milliseconds(100))
            call.cancel()
            #expect(try await call.value.bill.units == 1)
        }
    }
}
