import Blake3
import Foundation
import FunctionServices
import Identity
import Logging
import Membership
import NIOCore
import Peering
import Synchronization
import Wire

@testable import Node

/// A few nodes with their stores in one process, whose requests are called instead of sent.
final class KVMesh: Sendable {
    private struct State {
        var homes: KVHomes
        var nodes: [NodeID: NodeKV] = [:]
        var dead: Set<NodeID> = []
        /// Nodes that are dead without anybody knowing it yet.
        var silent: Set<NodeID> = []
        /// Nodes that take part no more, and answer all the same.
        var left: Set<NodeID> = []
        var asked: [FrameType: Int] = [:]
    }

    static let app = String(repeating: "0", count: 64) + "/app"

    /// In the order of preference: the first ones are homes.
    let ids: [NodeID]
    private let folder: String
    private let copies: Int
    private let state: Mutex<State>

    init(nodes count: Int, copies: Int, in folder: String) throws {
        self.folder = folder
        self.copies = copies
        let all = (0..<count).map { NodeID(Blake3.hash(Array("node \($0)".utf8))) }
        ids = KVHomes(of: "app", among: all, copies: count).nodes
        state = Mutex(State(homes: KVHomes(of: "app", among: all, copies: copies)))
        for index in 0..<count { try start(index) }
    }

    var homes: KVHomes { state.withLock { $0.homes } }

    /// Lets only these nodes take part.
    ///
    /// - Parameters:
    ///   - arrivals: Those that came lately, in their order.
    ///   - leavers: Those that left.
    func gather(_ indices: some Sequence<Int>, arrivals: [Int] = [], leavers: [Int] = []) {
        let numbers = Dictionary(uniqueKeysWithValues: arrivals.enumerated().map { (ids[$1], $0 + 1) })
        let homes = KVHomes(
            of: "app", among: indices.map { ids[$0] }, arrivals: numbers, leavers: leavers.map { ids[$0] },
            copies: copies)
        state.withLock { state in
            state.homes = homes
            state.left = Set(leavers.map { ids[$0] })
        }
    }

    subscript(_ index: Int) -> NodeKV {
        state.withLock { state in
            guard let node = state.nodes[ids[index]] else { preconditionFailure("node \(index) was never started") }
            return node
        }
    }

    /// Starts a node with what its file holds.
    func start(_ index: Int) throws {
        let id = ids[index]
        let node = try NodeKV(
            node: id, file: "\(folder)/\(id.short).sqlite", network: Network(mesh: self, node: id),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        state.withLock { state in
            state.nodes[id] = node
            state.dead.remove(id)
            state.silent.remove(id)
        }
    }

    /// Ends a node; `isKnown`: whether the others know it.
    func stop(_ index: Int, isKnown: Bool = true) async {
        await self[index].close()
        _ = state.withLock { isKnown ? $0.dead.insert(ids[index]) : $0.silent.insert(ids[index]) }
    }

    /// Removes a stopped node's file.
    func loseDisk(_ index: Int) {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(ids[index].short).sqlite\(suffix)")
        }
    }

    func close() async { for index in ids.indices { await self[index].close() } }

    /// How often nodes asked one another so.
    func asked(_ type: FrameType) -> Int { state.withLock { $0.asked[type] ?? 0 } }

    private struct Network: KVNetwork {
        let mesh: KVMesh
        let node: NodeID
        var life: UInt64 { 1 }

        func homes(of app: String) -> KVHomes? { app == KVMesh.app ? mesh.homes : nil }

        var roster: Int { mesh.homes.hashValue }

        func companions() -> [NodeID] { mesh.homes.contains(node) ? mesh.ids.filter { $0 != node } : [] }

        func isUsable(_ node: NodeID) -> Bool {
            mesh.state.withLock { !$0.dead.contains(node) && !$0.left.contains(node) }
        }

        func changes() -> AsyncStream<MembershipEvent> { AsyncStream { $0.finish() } }

        func ask(_ node: NodeID, _ type: FrameType, _ body: ByteBuffer, timeout: TimeAmount) async throws -> ByteBuffer
        {
            let target = mesh.state.withLock { state -> NodeKV? in
                state.asked[type, default: 0] += 1
                return state.dead.contains(node) || state.silent.contains(node) ? nil : state.nodes[node]
            }
            guard let target else { throw PeerError(.unreachable, "Nobody answers") }
            let reply = try await target.answer(PeerRequest(peer: self.node, type: type, body: body))
            guard reply.type.rawValue == type.rawValue + 1 else {
                throw PeerError(.protocolViolation, "Another answer")
            }
            return reply.body
        }
    }

    /// Runs `body` with a mesh in a folder of its own.
    static func with(
        nodes: Int = 4, copies: Int = 3, _ body: (KVMesh) async throws -> Void
    ) async throws {
        try await LedgerScene.inFolder { folder in
            let mesh = try KVMesh(nodes: nodes, copies: copies, in: folder)
            try await body(mesh)
            await mesh.close()
        }
    }
}

/// The values of the app of a ``KVMesh``.
extension NodeKV {
    func set(_ key: String, _ value: String) async throws {
        try await put(key, KVEntry(value: Array(value.utf8)), in: "notes", of: KVMesh.app)
    }

    func read(_ key: String) async throws -> String? {
        try await get(key, in: "notes", of: KVMesh.app).map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// What this node's own store has.
    func held(_ key: String) async throws -> String? {
        try await store.get(key, in: "notes", of: KVMesh.app).map { String(decoding: $0.value, as: UTF8.self) }
    }
}
