import Blake3
import Calls
import Functions
import Gateway
import Identity
import Logging
import MachineProxy
import NIOCore
import NIOPosix
import Peering
import Streams
import Synchronization
import Testing
import Wire

@testable import Node

/// Where machines are, as a test says; counts what is under way.
private final class FakeDirectory: MachineDirectory {
    struct Place {
        var replica: MachineReplica
        var port: Int
    }

    struct State {
        var places: [Place] = []
        var isKnown = true
        var atReplicas = 0
        var here = 0
        /// How often a machine was woken.
        var wakes = 0
        /// Releases of which a machine was to be woken.
        var stirred: [String] = []
        /// What a wake-up makes healthy; nil: it fails.
        var sleeping: Place?
    }

    let node: NodeID
    let state = Mutex(State())

    init(_ node: NodeID) { self.node = node }

    func healthy(_ app: String, release: String?) -> [MachineReplica] {
        state.withLock { $0.places.map(\.replica).filter { release == nil || $0.release == release } }
    }

    func hasMachines(_ app: String) -> Bool { state.withLock { $0.isKnown } }

    func address(_ app: String, slot: UInt32, port: String?, _ transport: MachineReplica.Transport) -> MachineAddress? {
        state.withLock { state in
            state.places.first { $0.replica.slot == slot && $0.replica.node == node }.map {
                MachineAddress(host: "127.0.0.1", port: UInt16($0.port), release: $0.replica.release)
            }
        }
    }

    func wake(_ app: String, release: String?, within: Duration) async throws -> MachineReplica {
        try await Task.sleep(for: .milliseconds(50))
        return try state.withLock { state in
            state.wakes += 1
            guard let place = state.sleeping else { throw MachineFailure(.notReady, "it does not start") }
            if state.places.isEmpty { state.places = [place] }
            return place.replica
        }
    }

    func stir(_ app: String, release: String) { state.withLock { $0.stirred.append(release) } }

    func began(_ replica: MachineReplica) { state.withLock { $0.atReplicas += 1 } }
    func ended(_ replica: MachineReplica) { state.withLock { $0.atReplicas -= 1 } }
    func entered(_ app: String, slot: UInt32, release: String) { state.withLock { $0.here += 1 } }
    func left(_ app: String, slot: UInt32, release: String) { state.withLock { $0.here -= 1 } }
}

/// Nodes in one process that hand requests for machines to each other; the machines are servers on loopback.
private final class MachineMesh: Sendable {
    let ids = (0..<3).map { NodeID(Blake3.hash([UInt8($0)])) }
    let directories: [FakeDirectory]
    private let proxy = MachineProxy()
    private let nodes = Mutex<[NodeID: (calls: MachineCalls, server: CallServer)]>([:])
    let away = Mutex<Set<NodeID>>([])
    let loop = MultiThreadedEventLoopGroup.singleton.next()

    init(_ change: (inout MachineCalls.Settings) -> Void = { _ in }) {
        directories = ids.map { FakeDirectory($0) }
        var settings = MachineCalls.Settings()
        change(&settings)
        for (index, id) in ids.enumerated() {
            let peers = CallPeers(
                connect: { node in
                    if self.away.withLock({ $0.contains(node) }) { throw PeerError(.unreachable, "away") }
                },
                send: { node, type, body, _ in
                    guard let server = self.nodes.withLock({ $0[node]?.server }),
                        !self.away.withLock({ $0.contains(node) }),
                        let reply = server.serve(PeerRequest(peer: id, type: type, body: body), on: self.loop)
                    else { throw PeerError(.closed, "away") }
                    return reply.map(\.body)
                })
            let calls = MachineCalls(
                node: id, directory: directories[index], proxy: proxy,
                sender: CallSender(peers: peers, wallLimit: MachineCalls.wallLimit), settings: settings,
                logger: Logger(label: "machines") { _ in SwiftLogNoOpLogHandler() })
            let server = CallServer { version, call, _, _ async throws(CallFailure) in
                guard let place = MachinePlace(version) else {
                    throw .final(FunctionError(.unreachable, "no machine"))
                }
                return try await calls.serve(place, call, on: self.loop)
            }
            nodes.withLock { $0[id] = (calls, server) }
        }
    }

    deinit { proxy.close() }

    func place(_ index: Int, slot: UInt32 = 0, release: String = "r1", port: Int) -> FakeDirectory.Place {
        let replica = MachineReplica(
            app: "app", slot: slot, release: release, node: ids[index], fence: 1, phase: .healthy,
            ports: [.init(name: "http", number: 80, transport: .http)])
        return FakeDirectory.Place(replica: replica, port: port)
    }

    /// Tells all nodes where machines are.
    func set(_ places: [FakeDirectory.Place]) {
        for directory in directories { directory.state.withLock { $0.places = places } }
    }

    func calls(_ index: Int) -> MachineCalls {
        guard let calls = nodes.withLock({ $0[ids[index]]?.calls }) else { preconditionFailure("no such node") }
        return calls
    }

    func answer(
        at index: Int = 0, _ method: String = "GET", body: FunctionRequest.Body = .bytes(ByteBuffer()),
        bodyBytes: Int? = 0, upgrade: String? = nil, cancellation: Cancellation = Cancellation(),
        share: String? = nil, interim: MachineRequest.InterimListener? = nil
    ) async throws -> MachineAnswer {
        let request = MachineRequest(
            id: "abc", trace: "trace", method: method, target: "/x?y", headers: [("host", "app.localhost")],
            bodyBytes: bodyBytes, body: body, upgrade: upgrade, cancellation: cancellation, interim: interim)
        let release = MachineRelease(
            name: "app", release: share ?? "r1", tenant: "owner/app", port: "http", isShare: share != nil)
        return try await calls(index).respond(release, request, on: loop).get()
    }

    func text(
        at index: Int = 0, _ method: String = "GET", body: ByteBuffer = ByteBuffer(), share: String? = nil
    ) async throws -> String {
        let answer = try await answer(
            at: index, method, body: .bytes(body), bodyBytes: body.readableBytes, share: share)
        guard case .content(let content) = answer else { return "a tunnel" }
        switch content.body {
        case .bytes(let bytes): return String(buffer: bytes)
        case .stream(let stream): return String(buffer: try await stream.collect(limit: 1 << 20))
        case .none, .blob: return ""
        }
    }

    func failure(at index: Int = 0, _ method: String = "GET", body: String = "") async -> GatewayError? {
        do {
            _ = try await text(at: index, method, body: ByteBuffer(string: body))
            return nil
        } catch {
            return error as? GatewayError
        }
    }

    /// Whether nothing is counted any more, at any node.
    func isQuiet() async throws -> Bool {
        for _ in 0..<200 {
            let sum = directories.reduce(0) { sum, directory in
                sum + directory.state.withLock { abs($0.atReplicas) + abs($0.here) }
            }
            if sum == 0 { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}

@Suite("Requests for machines on any node", .timeLimit(.minutes(2))) struct MachineCallsTests {
    @Test("A machine of this node answers here, one of another node through that", arguments: [0, 1])
    func answers(_ index: Int) async throws {
        try await RawServer.with({ RawServer.answer(200, [], Array("\($0.method) \($0.target) \($0.body)".utf8)) }) {
            (server: RawServer) async throws -> Void in
            let mesh = MachineMesh()
            mesh.set([mesh.place(index, port: server.port)])
            #expect(try await mesh.text() == "GET /x?y ")
            #expect(try await mesh.text("POST", body: ByteBuffer(string: "hi")) == "POST /x?y hi")
            #expect(server.requests.first?.field("host") == "app.localhost")
            #expect(try await mesh.isQuiet())
        }
    }

    @Test("Long bodies stream through another node both ways")
    func streams() async throws {
        let long = String(repeating: "z", count: 700_000)
        try await RawServer.with({ [.text("HTTP/1.1 200 OK\r\n\r\n\($0.body.count)\(long)"), .close] }) {
            (server: RawServer) async throws -> Void in
            let mesh = MachineMesh()
            mesh.set([mesh.place(1, port: server.port)])
            let upload = ByteStream()
            for _ in 0..<5 { upload.append(ByteBuffer(repeating: 0x61, count: 100_000)) }
            upload.finish()
            let answer = try await mesh.answer("PUT", body: .stream(upload), bodyBytes: 500_000)
            guard case .content(let content) = answer, case .stream(let stream) = content.body else {
                Issue.record("the answer is no stream")
                return
            }
            #expect(String(buffer: try await stream.collect(limit: 1 << 20)) == "500000" + long)
            #expect(try await mesh.isQuiet())
        }
    }

    @Test("Interim answers reach whoever listens, sixteen at most, through another node too", arguments: [0, 1])
    func interim(_ index: Int) async throws {
        let hints = String(repeating: "HTTP/1.1 103 E\r\nLink: </a.css>\r\nskerry-x: 1\r\n\r\n", count: 17)
        try await RawServer.with({ _ in [.text(hints)] + RawServer.answer(200, [], Array("x".utf8)) }) {
            (server: RawServer) async throws -> Void in
            let mesh = MachineMesh()
            mesh.set([mesh.place(index, port: server.port)])
            let heard = Mutex<[String]>([])
            let answer = try await mesh.answer { status, fields in
                heard.withLock { $0.append("\(status) \(fields.map { "\($0.name): \($0.value)" })") }
            }
            guard case .content(let content) = answer else {
                Issue.record("the answer is a tunnel")
                return
            }
            #expect(content.status == 200)
            #expect(heard.withLock { $0 } == Array(repeating: "103 [\"link: </a.css>\"]", count: 16))
            answer.abandon()
            #expect(try await mesh.text() == "x")
            #expect(try await mesh.isQuiet())
        }
    }

    @Test("An upgrade becomes a tunnel, through another node too", arguments: [0, 1])
    func tunnels(_ index: Int) async throws {
        try await RawServer.with({ seen in
            seen.field("upgrade") == "websocket"
                ? [.text("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nhi ")]
                : [.text("echo \(seen.body)"), .close]
        }) { (server: RawServer) async throws -> Void in
            let mesh = MachineMesh()
            mesh.set([mesh.place(index, port: server.port)])
            guard case .tunnel(let tunnel) = try await mesh.answer(upgrade: "websocket") else {
                Issue.record("the answer is no tunnel")
                return
            }
            #expect(tunnel.headers.contains { $0.name == "upgrade" && $0.value == "websocket" })
            let sent = ByteStream()
            tunnel.start(sent)
            sent.append(ByteBuffer(string: "X y z\r\ncontent-length: 4\r\n\r\nbody"))
            #expect(String(buffer: try await tunnel.toClient.collect(limit: 100)) == "hi echo body")
            sent.finish()
            #expect(try await mesh.isQuiet())
        }
    }

    @Test("A raw connection reaches a TCP port, through another node too", arguments: [0, 1])
    func raw(_ index: Int) async throws {
        try await RawServer.with({ [.text("got \($0.body)"), .close] }) { (server: RawServer) async throws -> Void in
            let mesh = MachineMesh()
            mesh.set([mesh.place(index, port: server.port)])
            let tunnel = try await mesh.calls(0).connect("app", port: "db", on: mesh.loop).get()
            let sent = ByteStream()
            tunnel.start(sent)
            sent.append(ByteBuffer(string: "X y z\r\ncontent-length: 2\r\n\r\nok"))
            #expect(String(buffer: try await tunnel.toClient.collect(limit: 100)) == "got ok")
            sent.finish()
            #expect(try await mesh.isQuiet())
        }
    }

    @Test("A machine that is gone loses no request that may be repeated, and not one that it never saw")
    func failsOver() async throws {
        let gone = try await RawServer.with({ _ in [] }) { $0.port }
        try await RawServer.with({ _ in RawServer.answer(200, [], Array("ok".utf8)) }) {
            (server: RawServer) async throws -> Void in
            let mesh = MachineMesh()
            mesh.set([mesh.place(0, slot: 0, port: gone), mesh.place(1, slot: 1, port: server.port)])
            for _ in 0..<20 {
                #expect(try await mesh.text() == "ok")
                #expect(try await mesh.text("POST", body: ByteBuffer(string: "x")) == "ok")
            }
            // The same with the other node gone.
            mesh.set([mesh.place(0, slot: 1, port: server.port), mesh.place(2, slot: 0, port: gone)])
            _ = mesh.away.withLock { $0.insert(mesh.ids[2]) }
            for _ in 0..<20 { #expect(try await mesh.text() == "ok") }
            #expect(try await mesh.isQuiet())
        }
    }

    @Test("A request that a machine may have seen is repeated only if that means the same")
    func repeats() async throws {
        try await RawServer.with({ _ in [.close] }) { broken in
            try await RawServer.with({ _ in RawServer.answer(200, [], Array("ok".utf8)) }) {
                (server: RawServer) async throws -> Void in
                let mesh = MachineMesh()
                mesh.set([mesh.place(0, slot: 0, port: broken.port), mesh.place(1, slot: 1, port: server.port)])
                var lost = 0
                for _ in 0..<4 {
                    #expect(try await mesh.text() == "ok")
                    if await mesh.failure("POST", body: "x") != nil { lost += 1 }
                }
                // Whether the broken one was chosen is the balancer's affair; that nothing was sent twice is not.
                #expect(broken.requests.count(where: { $0.method == "POST" }) == lost)
                #expect(broken.requests.count + server.requests.count >= 8)
            }
        }
    }

    @Test("Visitors of a share get machines of their release, and others only while there is none")
    func shares() async throws {
        try await RawServer.with({ _ in RawServer.answer(200, [], Array("old".utf8)) }) { old in
            try await RawServer.with({ _ in RawServer.answer(200, [], Array("new".utf8)) }) {
                (new: RawServer) async throws -> Void in
                let mesh = MachineMesh()
                mesh.set([
                    mesh.place(0, slot: 0, release: "r1", port: old.port),
                    mesh.place(1, slot: 1, release: "r2", port: new.port),
                ])
                for _ in 0..<5 {
                    #expect(try await mesh.text(share: "r1") == "old")
                    #expect(try await mesh.text(share: "r2") == "new")
                }
                // Its machine is gone, which is noticed only when it is asked.
                _ = mesh.away.withLock { $0.insert(mesh.ids[1]) }
                #expect(try await mesh.text(share: "r2") == "old")
                // There is none at all: one is woken for those who come later.
                mesh.set([mesh.place(0, release: "r1", port: old.port)])
                #expect(try await mesh.text(share: "r2") == "old")
                #expect(mesh.directories[0].state.withLock { $0.stirred } == ["r2"])
                #expect(try await mesh.isQuiet())
            }
        }
    }

    @Test("A request waits for a machine that sleeps, and many share one wake-up's machine")
    func wakes() async throws {
        try await RawServer.with({ _ in RawServer.answer(200, [], Array("awake".utf8)) }) {
            (server: RawServer) async throws -> Void in
            let mesh = MachineMesh()
            mesh.directories[0].state.withLock { $0.sleeping = mesh.place(0, port: server.port) }
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<10 { group.addTask { try await mesh.text() } }
                for try await text in group { #expect(text == "awake") }
            }
            #expect(mesh.calls(0).heldCount == 0)
            #expect(try await mesh.isQuiet())
        }
    }

    @Test("What cannot start, what is too much, and what there is not at all are said")
    func refusals() async throws {
        let mesh = MachineMesh { $0.maxHeldOfApp = 2 }
        #expect(await mesh.failure()?.code == .machineStarting)
        #expect(await mesh.failure()?.retryAfterSeconds == 1)
        let codes = await withTaskGroup(of: GatewayError?.self, returning: [String].self) { group in
            for _ in 0..<5 { group.addTask { await mesh.failure() } }
            return await group.reduce(into: []) { $0.append($1?.message ?? "") }
        }
        #expect(codes.count { $0.contains("As many requests wait") } == 3)
        #expect(mesh.calls(0).heldCount == 0)
        mesh.directories[0].state.withLock { $0.isKnown = false }
        #expect(await mesh.failure()?.code == .machineUnavailable)
    }

    @Test("Who goes away while waiting gives the place back")
    func leaves() async throws {
        let mesh = MachineMesh()
        let cancellation = Cancellation()
        cancellation.cancel()
        await #expect(throws: GatewayError.self) { try await mesh.answer(cancellation: cancellation) }
        #expect(mesh.calls(0).heldCount == 0)
    }

    @Test("Places of machines are read as they were written, and functions' are none")
    func places() {
        let place = MachinePlace(app: "app", slot: 7, port: "http", transport: .tcp)
        #expect(MachinePlace(place.version) == place)
        let first = MachinePlace(app: "app", slot: 0, port: nil, transport: .http)
        #expect(MachinePlace(first.version) == first)
        for text in ["", "app", "app/x/http/", "/1/http/", "app/1/udp/", "app/-1/http/"] {
            #expect(MachinePlace(FunctionVersion(tenant: "machine", release: text)) == nil)
        }
        #expect(MachinePlace(FunctionVersion(tenant: "owner/app", release: "app/1/http/")) == nil)
    }
}
