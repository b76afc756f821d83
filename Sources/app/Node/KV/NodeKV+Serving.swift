import FunctionServices
import Identity
import NIOCore
import Peering
import SwiftProtobuf
import Wire

/// Answers peers' requests for values. Any node that takes part may run any app, so it may ask for the values of all; homes
/// of an app alone may tell its changes and ask for them.
extension NodeKV {
    /// Apps in one answer at most.
    private static let maxApps = 256
    private static let types: Set<FrameType> = [
        .kvGet, .kvPut, .kvDelete, .kvList, .kvPush, .kvPull, .kvApps, .kvOffer,
    ]

    /// The answer to a request; nil if it is for another room.
    func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        guard NodeKV.types.contains(request.type) else { return nil }
        return eventLoop.makeFutureWithTask { try await self.answer(request) }
    }

    /// Answers one request.
    ///
    /// - Throws: `PeerError`.
    func answer(_ request: PeerRequest) async throws -> PeerReply {
        do {
            guard let reply = try await served.run(for: request.peer, { try await self.reply(request) }) else {
                throw PeerError(.busy, "This node answers too many calls for values; try again")
            }
            return reply
        } catch let error as KVError {
            throw PeerError(.init(error.code.rawValue), error.message)
        }
    }

    private func reply(_ request: PeerRequest) async throws -> PeerReply {
        switch request.type {
        case .kvGet:
            let key: PeerPBKVKey = try request.message()
            _ = try await home(of: key.app, wait: key.wait)
            let entry = try await store.get(key.key, in: key.namespace, of: key.app)
            return try PeerReply(.kvEntry, PeerPBKVEntry(entry))
        case .kvPut:
            let put: PeerPBKVPut = try request.message()
            let homes = try await home(of: put.app, wait: put.wait)
            try await self.put(put.key, try KVEntry(put.entry), in: put.namespace, of: put.app, homes)
            return try PeerReply(.kvStored, PeerPBKVDone())
        case .kvDelete:
            let key: PeerPBKVKey = try request.message()
            let homes = try await home(of: key.app, wait: key.wait)
            try await delete(key.key, in: key.namespace, of: key.app, homes)
            return try PeerReply(.kvDeleted, PeerPBKVDone())
        case .kvList:
            let list: PeerPBKVList = try request.message()
            _ = try await home(of: list.app, wait: list.wait)
            let page = try await store.list(
                prefix: list.prefix, after: list.after.isEmpty ? nil : list.after, limit: Int(list.limit),
                in: list.namespace, of: list.app)
            return try PeerReply(.kvNames, page.message)
        case .kvPush: return try PeerReply(.kvApplied, try await push(try request.message(), request.peer))
        case .kvPull: return try PeerReply(.kvChanges, try await pulled(try request.message(), request.peer))
        case .kvOffer: return try PeerReply(.kvOffered, try await offered(try request.message(), request.peer))
        default: return try PeerReply(.kvAppList, try await apps(try request.message(), request.peer))
        }
    }

    /// The app's homes, of which this node must be one that is level with the others.
    private func home(of app: String, wait: Bool) async throws -> KVHomes {
        guard let homes = network.homes(of: app), homes.contains(node) else {
            throw PeerError(.kvNotHome, "This node is no home of the app's values, as far as its ledger goes")
        }
        guard await catchUp(app, homes, wait: wait) else {
            throw PeerError(.kvSyncing, "This home catches up with the others first")
        }
        return homes
    }

    private func push(_ message: PeerPBKVChanges, _ peer: NodeID) async throws -> PeerPBKVApplied {
        guard let homes = network.homes(of: message.app), homes.contains(node), homes.contains(peer) else {
            throw PeerError(.kvNotHome, "Not both nodes are homes of the app's values")
        }
        let page = try KVChangePage(message)
        let writer = NodeKV.writer(of: peer, incarnation: message.incarnation)
        guard let span = page.spans.first, page.spans.count == 1, span.writer == writer,
            page.changes.allSatisfy({ $0.stamp.writer == writer })
        else { throw KVMessages.violation("changes that are not its sender's") }
        var seen = try await store.vector(of: message.app)
        // What is behind a gap is not taken over: the sender goes back and tells what lies between.
        if seen[writer] >= span.from { seen = try await store.merge(page.changes, spans: [span], of: message.app) }
        // While the sender lives: this home may have to take over from it.
        _ = await catchUp(message.app, homes, wait: false)
        return PeerPBKVApplied.with { $0.clock = seen[writer] }
    }

    private func pulled(_ message: PeerPBKVPull, _ peer: NodeID) async throws -> PeerPBKVChanges {
        guard let homes = network.homes(of: message.app), homes.contains(peer) else {
            throw PeerError(.kvNotHome, "The asker is no home of the app's values")
        }
        let isLevel = homes.contains(node) && readiness.isSettled(message.app, life: network.life)
        let page = try await store.changes(of: message.app, since: try KVVector(message.seen), isWhole: message.whole)
        var answer = page?.message(of: message.app) ?? PeerPBKVChanges()
        answer.app = message.app
        answer.tooOld = page == nil
        answer.level = isLevel
        return answer
    }

    private func apps(_ message: PeerPBKVApps, _ peer: NodeID) async throws -> PeerPBKVAppList {
        let names = try await store.apps(after: message.after, limit: NodeKV.maxApps)
        var list = PeerPBKVAppList()
        for name in names where network.homes(of: name)?.contains(peer) == true {
            let seen = try await store.vector(of: name)
            list.apps.append(
                PeerPBKVApp.with {
                    $0.app = name
                    $0.seen = seen.message
                })
        }
        if names.count == NodeKV.maxApps, let last = names.last { list.next = last }
        return list
    }
}
