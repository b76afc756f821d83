import Blake3
import Calls
import Functions
import Identity
import Logging
import NIOCore
import NIOPosix
import Peering
import Streams
import Synchronization
import Testing
import Wire

@testable import Node

/// Nodes in one process that hand calls to each other, without sockets and workers.
private final class CallMesh: Sendable {
    typealias Run = @Sendable (FunctionCall) async throws -> FunctionReply

    private struct State {
        var calls: [NodeID: FunctionCalls] = [:]
        var servers: [NodeID: CallServer] = [:]
        var away: Set<NodeID> = []
        /// Nodes at which each call was run or refused by the workers, in order.
        var visits: [NodeID] = []
    }

    let ids = (0..<4).map { NodeID(Blake3.hash([UInt8($0)])) }
    let version = FunctionVersion(tenant: "owner/app", release: "r1")
    private let state = Mutex(State())

    /// - Parameters:
    ///   - serving: Indices of the nodes that run the app, in order of preference, as each node by its index sees it.
    ///   - run: What a node's workers do.
    init(serving: @escaping @Sendable (Int) -> [Int], run: @escaping @Sendable (Int) -> Run) {
        for (index, id) in ids.enumerated() {
            let ids = ids
            let peers = CallPeers(
                connect: { node in
                    if self.isAway(node) { throw PeerError(.unreachable, "away") }
                },
                send: { node, type, body, _ in
                    guard !self.isAway(node), let server = self.state.withLock({ $0.servers[node] }) else {
                        throw PeerError(.closed, "away")
                    }
                    let loop = MultiThreadedEventLoopGroup.singleton.next()
                    let request = PeerRequest(peer: id, type: type, body: body)
                    guard let reply = server.serve(request, on: loop) else {
                        throw PeerError(.unsupported, "no such request")
                    }
                    return reply.map { reply in
                        #expect(reply.type.rawValue == type.rawValue + 1)
                        return reply.body
                    }
                })
            let calls = FunctionCalls(
                node: id, placement: { _ in serving(index).map { ids[$0] } }, isUsable: { _ in true },
                knows: { $0.release == "r1" }, sender: CallSender(peers: peers, wallLimit: .seconds(30)),
                logger: Logger(label: "calls") { _ in SwiftLogNoOpLogHandler() }
            ) { _, call, loop, completion in
                self.state.withLock { $0.visits.append(id) }
                loop.makeFutureWithTask { try await run(index)(call) }.whenComplete(completion)
            }
            state.withLock { state in
                state.calls[id] = calls
                state.servers[id] = CallServer { version, call, hops, loop async throws(CallFailure) in
                    try await calls.serve(version, call, hops: hops, on: loop)
                }
            }
        }
    }

    func isAway(_ node: NodeID) -> Bool { state.withLock { $0.away.contains(node) } }

    func leave(_ index: Int) { _ = state.withLock { $0.away.insert(ids[index]) } }

    /// The nodes whose workers saw a call, by index.
    var visits: [Int] { state.withLock { state in state.visits.compactMap { ids.firstIndex(of: $0) } } }

    func open(at index: Int) -> Int { state.withLock { $0.servers[ids[index]]?.count ?? 0 } }

    func call(at index: Int, _ call: FunctionCall, release: String = "r1") async throws -> FunctionReply {
        guard let calls = state.withLock({ $0.calls[ids[index]] }) else { preconditionFailure("no such node") }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return try await calls.invoke(FunctionVersion(tenant: "owner/app", release: release), call, on: loop).get()
    }
}

@Suite("Calls between nodes", .timeLimit(.minutes(1))) struct FunctionCallsTests {
    private static func get(
        _ body: FunctionBody = .empty, method: String = "GET", _ cancellation: Cancellation? = nil
    ) -> FunctionCall {
        FunctionCall(
            id: "abc", trace: "trace", method: method, url: "http://app/x", headers: [("a", "b")], body: body,
            cancellation: cancellation)
    }

    private static func text(_ index: Int) -> CallMesh.Run {
        { call in
            FunctionReply(
                status: 201, headers: [("from", "\(index)"), ("id", call.id), ("trace", call.trace ?? "")],
                body: .bytes(ByteBuffer(string: "\(call.method) \(call.url) \(call.headers.map(\.name))")))
        }
    }

    @Test("A node that does not run the app asks one that does; id, trace and headers go along")
    func forwards() async throws {
        let mesh = CallMesh(serving: { _ in [1, 2] }, run: FunctionCallsTests.text)
        let reply = try await mesh.call(at: 0, FunctionCallsTests.get())
        #expect(reply.status == 201 && reply.headers.map(\.value) == ["1", "abc", "trace"])
        let body = try await reply.body.collect(limit: 1_000)
        #expect(String(buffer: body) == "GET http://app/x [\"a\"]")
        let own = try await mesh.call(at: 2, FunctionCallsTests.get())
        #expect(own.headers.first?.value == "2")
        #expect(mesh.visits == [1, 2] && mesh.open(at: 1) == 0)
    }

    @Test(
        "Headers that no frame takes are the function's fault, not that of the node that ran it",
        arguments: [[60 << 10, 40], [(64 << 10) + 1, 1], [1, 513]])
    func longHeads(_ shape: [Int]) async throws {
        let mesh = CallMesh(serving: { _ in [1, 2] }) { _ in
            { _ in
                let value = String(repeating: "v", count: shape[0])
                return FunctionReply(
                    status: 200, headers: Array(repeating: (name: "name", value: value), count: shape[1]), body: .empty)
            }
        }
        for count in 1...6 {
            let error = await #expect(throws: FunctionError.self) {
                try await mesh.call(at: 0, FunctionCallsTests.get())
            }
            #expect(error?.code == .badResponse && mesh.visits.count == count)
        }
        #expect(mesh.open(at: 1) == 0 && mesh.open(at: 2) == 0)
    }

    @Test("Interim answers come while the answer is still being made, and the answer behind them, once")
    func interim() async throws {
        let (heard, hear) = AsyncStream.makeStream(of: String.self)
        let mesh = CallMesh(serving: { _ in [1] }) { _ in
            { call in
                for number in 1...2 {
                    call.interim?(103, [("link", "</\(number)>")])
                    for await link in heard {
                        #expect(link == "103 </\(number)>")
                        break
                    }
                }
                call.interim?(102, [])
                return FunctionReply(status: 200, headers: [("a", "b")], body: .bytes(ByteBuffer(string: "end")))
            }
        }
        let call = FunctionCall(method: "GET", url: "http://app/x") { status, fields in
            hear.yield("\(status) \(fields.map(\.value).joined())")
        }
        let reply = try await mesh.call(at: 0, call)
        #expect(reply.status == 200 && reply.headers.map(\.value) == ["b"])
        #expect(String(buffer: try await reply.body.collect(limit: 100)) == "end")
        #expect(mesh.visits == [1] && mesh.open(at: 1) == 0)
    }

    @Test("A call that is given up with interim answers on their way leaves nothing behind")
    func interimStopped() async throws {
        let cancellation = Cancellation()
        let isStopped = Mutex(false)
        let mesh = CallMesh(serving: { _ in [1] }) { _ in
            { call in
                call.interim?(103, [])
                await withCheckedContinuation { ended in call.cancellation?.onCancel { ended.resume() } }
                let stream = ByteStream(onStop: { isStopped.withLock { $0 = true } })
                return FunctionReply(status: 200, headers: [], body: .stream(stream))
            }
        }
        let call = FunctionCall(method: "GET", url: "http://app/x", cancellation: cancellation) { _, _ in
            cancellation.cancel()
        }
        _ = try? await mesh.call(at: 0, call)
        while !isStopped.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(2)) }
        #expect(mesh.open(at: 1) == 0)
    }

    @Test("Bodies stream both ways, and neither side holds more than its window")
    func streams() async throws {
        let mesh = CallMesh(serving: { _ in [1] }) { _ in
            { FunctionReply(status: 200, headers: [], body: $0.body) }
        }
        let upload = ByteStream()
        let reply = try await mesh.call(at: 0, FunctionCallsTests.get(.stream(upload), method: "POST"))
        guard case .stream(let download) = reply.body else {
            Issue.record("the answer is no stream")
            return
        }
        let part = ByteBuffer(repeating: 7, count: 300_000)
        let written = Mutex(0)
        let writer = Task {
            for _ in 0..<20 {
                try await upload.write(part)
                written.withLock { $0 += 1 }
            }
            upload.finish()
        }
        // Nobody reads: the writer stops at what the windows on the way hold.
        var last = -1
        while last != written.withLock({ $0 }) {
            last = written.withLock { $0 }
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(last < 15, "\(last) parts of 300 kB went without a reader")
        var count = 0
        while let bytes = try await download.next() { count += bytes.readableBytes }
        #expect(count == 20 * 300_000)
        try await writer.value
        #expect(mesh.open(at: 1) == 0)
    }

    @Test("Of many calls whose bodies come at once, each gets all of its body")
    func begins() async throws {
        let mesh = CallMesh(serving: { _ in [1] }) { _ in
            { FunctionReply(status: 200, headers: [], body: $0.body) }
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    let upload = ByteStream()
                    for _ in 0..<3 { upload.append(ByteBuffer(repeating: 1, count: 1_000)) }
                    upload.finish()
                    let reply = try await mesh.call(at: 0, FunctionCallsTests.get(.stream(upload), method: "POST"))
                    return try await reply.body.collect(limit: 10_000).readableBytes
                }
            }
            for try await count in group { #expect(count == 3_000) }
        }
        #expect(mesh.open(at: 1) == 0)
    }

    @Test("A large body that is there goes in parts, and comes back so")
    func large() async throws {
        let mesh = CallMesh(serving: { _ in [1] }) { _ in
            { call in
                let body = try await call.body.collect(limit: 10 << 20)
                return FunctionReply(status: 200, headers: [], body: .bytes(body))
            }
        }
        var sent = ByteBuffer()
        let part = (0..<20_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for _ in 0..<100 { sent.writeBytes(part) }
        let reply = try await mesh.call(at: 0, FunctionCallsTests.get(.bytes(sent), method: "POST"))
        let came = try await reply.body.collect(limit: 10 << 20)
        #expect(came == sent)
    }

    @Test("A function's failure comes back as it is, and nobody tries again")
    func failure() async throws {
        let mesh = CallMesh(serving: { _ in [1, 2] }) { _ in { _ in throw FunctionError(.exception, "thrown") } }
        await #expect(throws: FunctionError(.exception, "thrown")) {
            try await mesh.call(at: 0, FunctionCallsTests.get())
        }
        #expect(mesh.visits == [1])
    }

    @Test("A node that is away is passed over; when all are, this one does what it can")
    func away() async throws {
        let mesh = CallMesh(serving: { _ in [1, 2] }, run: FunctionCallsTests.text)
        mesh.leave(1)
        let reply = try await mesh.call(at: 0, FunctionCallsTests.get(method: "POST"))
        #expect(reply.headers.first?.value == "2")
        mesh.leave(2)
        let own = try await mesh.call(at: 0, FunctionCallsTests.get(method: "POST"))
        #expect(own.headers.first?.value == "0")
    }

    @Test("With its nodes away, an app with secrets answers that they cannot be reached")
    func secrets() async throws {
        let mesh = CallMesh(serving: { _ in [1] }) { _ in { _ in throw FunctionError(.secretMissing, "none here") } }
        mesh.leave(1)
        do {
            _ = try await mesh.call(at: 0, FunctionCallsTests.get())
            Issue.record("it was answered")
        } catch let error as FunctionError {
            #expect(error.code == .unreachable && error.origin == .node)
        }
    }

    @Test("A node without room passes a call on; where nobody has room it is refused after one more try")
    func spill() async throws {
        let full = FunctionError(.overloaded, "full", retryAfter: .seconds(1), isForLackOfRoom: true)
        let one = CallMesh(serving: { _ in [1, 2] }) { index -> CallMesh.Run in
            if index == 1 { return { _ in throw full } }
            return FunctionCallsTests.text(index)
        }
        let reply = try await one.call(at: 1, FunctionCallsTests.get(method: "POST"))
        #expect(reply.headers.first?.value == "2" && one.visits == [1, 2])
        let refusal = try await one.call(at: 0, FunctionCallsTests.get(method: "POST"))
        #expect(refusal.headers.first?.value == "2" && one.visits == [1, 2, 1, 2])

        let all = CallMesh(serving: { _ in [1, 2, 3] }) { _ in { _ in throw full } }
        await #expect(throws: FunctionError.self) { try await all.call(at: 1, FunctionCallsTests.get()) }
        #expect(all.visits == [1, 2])

        let held = FunctionError(.overloaded, "held back")
        let bad = CallMesh(serving: { _ in [1, 2] }) { _ in { _ in throw held } }
        await #expect(throws: held) { try await bad.call(at: 1, FunctionCallsTests.get()) }
        #expect(bad.visits == [1])
    }

    @Test("A node that lost the app hands a call on once; two that each take the other for its home end it")
    func hops() async throws {
        let moved = CallMesh(serving: { $0 == 0 ? [1] : [2] }, run: FunctionCallsTests.text)
        let reply = try await moved.call(at: 0, FunctionCallsTests.get())
        #expect(reply.headers.first?.value == "2" && moved.visits == [2])
        let circle = CallMesh(serving: { $0 == 1 ? [2] : [1] }, run: FunctionCallsTests.text)
        let own = try await circle.call(at: 0, FunctionCallsTests.get())
        #expect(own.headers.first?.value == "2")
    }

    @Test("A release that a node does not know yet is asked for at the next one")
    func unknownRelease() async throws {
        let mesh = CallMesh(serving: { _ in [1, 2] }, run: FunctionCallsTests.text)
        do {
            _ = try await mesh.call(at: 0, FunctionCallsTests.get(), release: "r2")
            Issue.record("it was answered")
        } catch let error as FunctionError {
            #expect(error.code == .releaseUnknown && mesh.visits.isEmpty)
        }
    }

    @Test("Whoever goes away ends the call where it runs")
    func cancellation() async throws {
        let mesh = CallMesh(serving: { _ in [1] }) { _ in
            { call in
                try await withCheckedThrowingContinuation { continuation in
                    call.cancellation?.onCancel {
                        continuation.resume(throwing: FunctionError(.cancelled, "gone"))
                    }
                }
            }
        }
        let cancellation = Cancellation()
        let call = FunctionCallsTests.get(.empty, method: "GET", cancellation)
        let waiting = Task { try await mesh.call(at: 0, call) }
        while mesh.visits.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        cancellation.cancel()
        await #expect(throws: FunctionError(.cancelled, "gone")) { try await waiting.value }
        #expect(mesh.open(at: 1) == 0)
    }

    @Test("An answer that nobody reads to its end is stopped where it is made")
    func stopped() async throws {
        let isStopped = Mutex(false)
        let mesh = CallMesh(serving: { _ in [1] }) { _ in
            { _ in
                let stream = ByteStream(onStop: { isStopped.withLock { $0 = true } })
                stream.append(ByteBuffer(string: "begin"))
                return FunctionReply(status: 200, headers: [], body: .stream(stream))
            }
        }
        let reply = try await mesh.call(at: 0, FunctionCallsTests.get())
        guard case .stream(let stream) = reply.body else {
            Issue.record("the answer is no stream")
            return
        }
        let first = try await stream.next()
        #expect(first.map { String(buffer: $0) } == "begin")
        reply.body.stop()
        while !isStopped.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(2)) }
        #expect(mesh.open(at: 1) == 0)
    }

    @Test("A message cut off anywhere, or with a part beyond its limit, is refused")
    func malformed() throws {
        let begin = CallFrames.Begin(
            call: 9, hops: 1, deadlineMillis: 5, tenant: "o/a", release: "r",
            request: .init(id: "i", trace: "", method: "GET", url: "http://a/", headers: [("n", "v")]),
            body: ByteBuffer(), hasMore: false)
        let bytes = CallFrames.encode(begin)
        #expect(try CallFrames.begin(bytes).request.url == "http://a/")
        for count in 0..<bytes.readableBytes {
            #expect(throws: PeerError.self) { try CallFrames.begin(bytes.getSlice(at: 0, length: count) ?? bytes) }
        }
        let interim = CallFrames.encode(.interim(status: 103, headers: [("n", "v")]))
        for count in 0..<interim.readableBytes {
            #expect(throws: PeerError.self) {
                try CallFrames.answer(interim.getSlice(at: 0, length: count) ?? interim)
            }
        }
        let failure = CallFrames.encode(.failure(code: "c", message: "m", retryAfterMillis: nil, wasRun: true))
        for count in 0..<failure.readableBytes {
            #expect(throws: PeerError.self) {
                try CallFrames.answer(failure.getSlice(at: 0, length: count) ?? failure)
            }
        }
        // A client's call says in addition what it may cost, and hears what it did.
        var clients = begin
        clients.mostGas = 40
        let priced = CallFrames.encode(clients)
        #expect(try CallFrames.begin(priced).mostGas == 40)
        for count in 0..<priced.readableBytes {
            #expect(throws: PeerError.self) { try CallFrames.begin(priced.getSlice(at: 0, length: count) ?? priced) }
        }
        #expect(try CallFrames.answer(failure).gas == nil)
        let bill = CallFrames.encode(.failure(code: "c", message: "m", retryAfterMillis: nil, wasRun: true), gas: 3)
        #expect(try CallFrames.answer(bill).gas == 3)
        clients.mostGas = 0
        #expect(throws: PeerError.self) { try CallFrames.begin(CallFrames.encode(clients)) }
        var large = begin
        large.body = ByteBuffer(repeating: 0, count: CallFrames.maxPartBytes + 1)
        #expect(throws: PeerError.self) { try CallFrames.begin(CallFrames.encode(large)) }
    }
}
