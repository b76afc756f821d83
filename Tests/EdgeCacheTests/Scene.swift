import BlobStore
import Foundation
import Gateway
import HTTPCache
import Identity
import Logging
import NIOCore
import NIOPosix
import Origins
import Streams
import Synchronization
import Testing
import Wire

@testable import EdgeCache

/// An origin in this process: answers as a test tells it to, and remembers what it was asked.
final class TestOrigin: OriginFetcher {
    typealias Handler = @Sendable (OriginRequest) async throws -> OriginResponse

    private let handler: Mutex<Handler>
    private let log = Mutex<[OriginRequest]>([])

    init(_ handler: @escaping Handler) { self.handler = Mutex(handler) }

    var requests: [OriginRequest] { log.withLock { $0 } }

    func set(_ handler: @escaping Handler) { self.handler.withLock { $0 = handler } }

    func fetch(_ request: OriginRequest, from description: OriginDescription) async throws -> OriginResponse {
        log.withLock { $0.append(request) }
        return try await handler.withLock { $0 }(request)
    }

    static func answer(
        _ body: [UInt8], status: Int = 200, _ fields: OriginFields = ["cache-control": "max-age=60"]
    ) -> OriginResponse {
        let stream = ByteStream()
        stream.append(ByteBuffer(bytes: body))
        stream.finish()
        return OriginResponse(status: status, fields: fields, body: stream, length: Int64(body.count))
    }
}

extension TestOrigin {
    /// The bytes of a body that a request asks for, as a server that knows ranges answers.
    static func ranged(_ request: OriginRequest, _ body: [UInt8], _ fields: OriginFields) -> OriginResponse {
        guard let range = request.fields["range"].flatMap({ OriginRange($0) }),
            let wanted = range.resolve(count: Int64(body.count))
        else { return answer(body, fields) }
        var partial = fields
        partial.add("content-range", "bytes \(wanted.lowerBound)-\(wanted.upperBound - 1)/\(body.count)")
        return answer(Array(body[Int(wanted.lowerBound)..<Int(wanted.upperBound)]), status: 206, partial)
    }

    /// The ranges that were asked for, in order; nil for requests without one.
    var ranges: [String?] { requests.map { $0.fields["range"] } }
}

/// Plans of one app, whatever is asked.
struct TestPlans: OriginPlans {
    var policy: @Sendable (String) -> CachePolicy = { _ in CachePolicy() }
    var usesShield = true

    var plan: OriginPlan {
        OriginPlan(
            name: "shop", release: "r1", app: "owner/shop",
            origin: { OriginDescription(.http(url: "http://origin.test")) }, policy: policy, usesShield: usesShield)
    }

    func plan(for release: OriginRelease) throws -> OriginPlan { plan }
    func plan(named name: String, release: String, path: String) -> OriginPlan? { plan }
}

/// Orders of the form `scope|value|soft`.
struct TestAuthority: PurgeAuthority {
    func check(_ bytes: [UInt8]) throws -> CachePurge {
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "|").map(String.init)
        guard parts.count >= 3 else { throw EdgeCacheError("no order") }
        let scope: CachePurge.Scope =
            switch parts[0] {
            case "url": .url(parts[1])
            case "key": .key(parts[1])
            case "host": .host(parts[1])
            default: .everything
            }
        return CachePurge(app: "owner/shop", scope: scope, isSoft: parts[2] == "soft", encoded: bytes)
    }
}

/// So many bytes: each number so often, then the next one.
func runs(of length: Int, count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
        while filled < count {
            bytes[filled] = UInt8(truncatingIfNeeded: filled / length)
            filled += 1
        }
    }
}

/// The nodes of a scene, which ask each other without a network.
final class Mesh: Sendable {
    private struct State {
        var caches: [NodeID: EdgeCache] = [:]
        var stores: [NodeID: BlobStore] = [:]
        var down: Set<NodeID> = []
        var hook: Hook?
    }

    /// What a node that is asked answers instead of what it would; nil for that.
    typealias Hook = @Sendable (_ node: NodeID, _ type: FrameType) throws -> ByteBuffer?

    private let state = Mutex(State())

    func add(_ node: NodeID, _ cache: EdgeCache?, _ store: BlobStore) {
        state.withLock {
            $0.caches[node] = cache
            $0.stores[node] = store
        }
    }

    func setHook(_ hook: @escaping Hook) { state.withLock { $0.hook = hook } }

    var hook: Hook? { state.withLock { $0.hook } }

    func setDown(_ node: NodeID, _ isDown: Bool) {
        state.withLock { state in
            if isDown { state.down.insert(node) } else { state.down.remove(node) }
        }
    }

    var living: [NodeID] { state.withLock { state in state.stores.keys.filter { !state.down.contains($0) } } }

    func cache(_ node: NodeID) -> EdgeCache? { state.withLock { $0.down.contains(node) ? nil : $0.caches[node] } }

    func store(with id: BlobID) -> BlobStore? {
        let stores = state.withLock { state in state.stores.filter { !state.down.contains($0.key) }.map(\.value) }
        return stores.first { (try? $0.contains(id)) ?? false }
    }
}

struct MeshPeers: CachePeers {
    let node: NodeID
    let mesh: Mesh

    /// The same order for all, so that a test knows who asks the origin.
    func order(for key: String) -> [NodeID] { mesh.living.sorted() }
    func others() -> [NodeID] { mesh.living.filter { $0 != node } }
    func returns() -> AsyncStream<NodeID> { AsyncStream { $0.finish() } }

    func ask(
        _ node: NodeID, _ type: FrameType, _ body: ByteBuffer, timeout: TimeAmount
    ) async throws -> ByteBuffer {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        if let answer = try mesh.hook?(node, type) { return answer }
        guard mesh.living.contains(self.node), let cache = mesh.cache(node),
            let answer = cache.serve(type, body, from: self.node, on: loop)
        else { throw EdgeCacheError("The node is down") }
        return try await answer.get().1
    }
}

/// Bodies of any store of the mesh.
struct MeshBlobs: GatewayBlobs {
    let own: BlobStore
    let mesh: Mesh

    func hot(_ id: BlobID) -> ByteBuffer? { own.hot(id) }

    func open(_ id: BlobID, on eventLoop: any EventLoop) -> EventLoopFuture<any GatewayBlob> {
        let store = (try? own.contains(id)) == true ? own : mesh.store(with: id)
        guard let store, let stat = try? store.stat(id) else {
            return eventLoop.makeFailedFuture(GatewayError(.blobNotFound, "Nobody has it", origin: .peer))
        }
        return eventLoop.makeSucceededFuture(StoreBlob(store: store, id: id, byteCount: stat.byteCount))
    }
}

struct StoreBlob: GatewayBlob {
    let store: BlobStore
    let id: BlobID
    let byteCount: Int

    func demand(_ bytes: Range<Int>) {}
    func block(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        store.block(id, index, on: eventLoop)
    }
    func close() {}
}

/// Some nodes with caches, in a folder of their own.
final class Scene: Sendable {
    final class Node: Sendable {
        let id: NodeID
        let folder: String
        let store: BlobStore
        private let current: Mutex<EdgeCache>

        var cache: EdgeCache { current.withLock { $0 } }

        init(id: NodeID, folder: String, store: BlobStore, cache: EdgeCache) {
            self.id = id
            self.folder = folder
            self.store = store
            current = Mutex(cache)
        }

        func replace(_ cache: EdgeCache) { current.withLock { $0 = cache } }
    }

    let origin: TestOrigin
    let plans: TestPlans
    let mesh = Mesh()
    let clock = TestClock()
    let nodes: [Node]
    private let root: String

    init(
        nodes count: Int = 1, plans: TestPlans = TestPlans(), settings: EdgeCacheSettings = .init(),
        store storeSettings: BlobStore.Settings = .init(), origin: TestOrigin
    ) throws {
        self.origin = origin
        self.plans = plans
        root = NSTemporaryDirectory() + "edge-cache-\(UUID().uuidString)"
        var nodes: [Node] = []
        for index in 0..<count {
            let folder = "\(root)/\(index)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let store = try BlobStore(
                folder: folder + "/blobs", settings: storeSettings, threadPool: .singleton,
                logger: Logger(label: "test"))
            let id = SigningKey().publicKey.node
            let cache = try Scene.open(
                id, folder, store, settings, mesh: mesh, origin: origin, plans: plans, clock: clock)
            nodes.append(Node(id: id, folder: folder, store: store, cache: cache))
        }
        self.nodes = nodes.sorted { $0.id < $1.id }
    }

    private static func open(
        _ id: NodeID, _ folder: String, _ store: BlobStore, _ settings: EdgeCacheSettings, mesh: Mesh,
        origin: TestOrigin, plans: TestPlans, clock: TestClock
    ) throws -> EdgeCache {
        let cache = try EdgeCache(
            path: folder + "/edge-cache.sqlite", settings: settings, store: store,
            blobs: MeshBlobs(own: store, mesh: mesh), origins: origin, plans: plans,
            peers: MeshPeers(node: id, mesh: mesh), authority: TestAuthority(), logger: Logger(label: "test"),
            now: { clock.now })
        mesh.add(id, cache, store)
        return cache
    }

    /// Ends a node's cache and opens it anew.
    func restart(_ node: Node, settings: EdgeCacheSettings = .init()) async throws {
        await node.cache.close()
        node.replace(
            try Scene.open(
                node.id, node.folder, node.store, settings, mesh: mesh, origin: origin, plans: plans, clock: clock))
    }

    func close() async {
        for node in nodes {
            await node.cache.close()
            try? node.store.close()
        }
        try? FileManager.default.removeItem(atPath: root)
    }

    func wait(seconds: Int64) { clock.advance(seconds: seconds) }

    /// What a client gets.
    struct Got: Sendable {
        let status: Int
        let fields: [(name: String, value: String)]
        let body: [UInt8]
        let cache: String

        var isHit: Bool { cache == "hit" }

        func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    }

    func call(
        _ path: String, method: String = "GET", _ fields: CacheFields = [:],
        onInterim: OriginRequest.InterimListener? = nil
    ) -> CacheCall {
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        let request = CacheRequest(
            method: method, scheme: "http", authority: "shop.test", path: parts[0],
            query: parts.count > 1 ? parts[1] : nil, fields: fields)
        return CacheCall(
            plans.plan, request, visitor: nil, on: MultiThreadedEventLoopGroup.singleton.next(), isFromPeer: false,
            onInterim: onInterim)
    }

    func get(
        _ path: String, on node: Int = 0, method: String = "GET", _ fields: CacheFields = [:]
    ) async throws -> Got {
        let call = call(path, method: method, fields)
        return try await Scene.collect(try await nodes[node].cache.answer(call), on: call.loop)
    }

    /// Waits until nothing is on its way from the origin any more.
    func settled(on node: Int = 0) async throws {
        let cache = nodes[node].cache
        try await eventually("Node \(node) has stored what came") { cache.state.withLock { $0.flights.isEmpty } }
    }

    /// Waits until a request is answered from what a node stores, without asking anybody.
    func stored(_ path: String, on node: Int = 0, _ fields: CacheFields = [:]) async throws {
        var fields = fields
        fields.add("cache-control", "only-if-cached")
        try await eventually("Node \(node) stores \(path)") { (try? await get(path, on: node, fields))?.isHit == true }
    }

    static func collect(_ answer: OriginAnswer, on loop: any EventLoop) async throws -> Got {
        var body: [UInt8] = []
        switch answer.body {
        case .none: break
        case .bytes(let bytes): body = Array(bytes.readableBytesView)
        case .stream(let stream): body = Array(try await stream.collect(limit: 64 << 20).readableBytesView)
        case .blob(let blob, let ranges):
            for range in ranges {
                for index in range.lowerBound / GatewayBlock.byteCount...(range.upperBound - 1) / GatewayBlock.byteCount
                {
                    let block = Array(try await blob.block(index, on: loop).get().readableBytesView)
                    let start = index * GatewayBlock.byteCount
                    let wanted = range.clamped(to: start..<start + block.count)
                    body += block[wanted.lowerBound - start..<wanted.upperBound - start]
                }
            }
            blob.close()
        }
        var fields = answer.fields
        if let prepared = answer.prepared { fields += prepared.pairs }
        return Got(status: answer.status, fields: fields, body: body, cache: answer.cache)
    }
}

/// The time, as a test sets it. Milliseconds since 1970.
final class TestClock: Sendable {
    /// Where it begins.
    static let start: Int64 = 1_800_000_000_000

    private let time = Mutex<Int64>(TestClock.start)

    var now: Int64 { time.withLock { $0 } }
    func advance(seconds: Int64) { time.withLock { $0 += seconds * 1_000 } }
}

/// Waits until something is so; fails the test after 20 s.
func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record(what)
}
