import Blake3
import CoreMetrics
import Foundation
import Identity
import Logging
import Peering
import Synchronization
import Wire

extension Discovery {
    /// Signatures between two pauses: about 2 ms.
    private static let signPiece = 64
    /// The share of a token's least life for which it is used.
    private static let tokenUse = 0.8

    /// Publishes the next items that are due; false if there are none.
    func publishDue() async -> Bool {
        let now = clock.now()
        let (items, space) = state.withLock { ($0.plan.due(now: now, using: &$0.random), $0.snapshot.space) }
        guard !items.isEmpty else { return false }
        let replicas = items.map { self.replicas(of: $0.key, in: space) }
        var messages: [PeerPBProviderRecord] = []
        do {
            for (index, item) in items.enumerated() {
                if index % Discovery.signPiece == Discovery.signPiece - 1 { await Task.yield() }
                messages.append(try ownRecord(item.key, isWithdrawn: item.isWithdrawn).message)
            }
        } catch {
            logger.error("signing provider records failed", metadata: ["error": "\(error)"])
            note(items, replicas, stored: Array(repeating: 0, count: items.count))
            return false
        }
        note(items, replicas, stored: await send(messages, to: replicas))
        return true
    }

    private func note(_ items: [PublishPlan.Item], _ replicas: [[NodeID]], stored: [Int]) {
        let outcomes = items.indices.map {
            PublishPlan.Outcome(item: items[$0], replicas: replicas[$0], stored: stored[$0])
        }
        let sum = stored.reduce(0, +)
        let now = clock.now()
        state.withLock { state in
            state.plan.finish(outcomes, now: now)
            state.statistics.published += sum
        }
        metrics.published.increment(by: Int64(sum))
    }

    /// Sends each record to its replicas, a request for each of them; how many took each record.
    private func send(_ messages: [PeerPBProviderRecord], to replicas: [[NodeID]]) async -> [Int] {
        var shares: [NodeID: [Int]] = [:]
        for (index, nodes) in replicas.enumerated() {
            for node in nodes { shares[node, default: []].append(index) }
        }
        var stored = Array(repeating: 0, count: messages.count)
        await withTaskGroup(of: [Int].self) { group in
            var running = 0
            for (node, share) in shares {
                if running >= settings.publishParallelism, let taken = await group.next() {
                    for index in taken { stored[index] += 1 }
                    running -= 1
                }
                running += 1
                group.addTask { await self.send(share, of: messages, to: node) }
            }
            for await taken in group {
                for index in taken { stored[index] += 1 }
            }
        }
        return stored
    }

    /// The indices of the records that the node took.
    private func send(_ share: [Int], of messages: [PeerPBProviderRecord], to node: NodeID) async -> [Int] {
        var taken: [Int] = []
        var rest = share[...]
        do {
            while !rest.isEmpty {
                let part = rest.prefix(DiscoverySettings.maxStoreRecords)
                rest = rest.dropFirst(part.count)
                let refusals = try await store(part.map { messages[$0] }, at: node)
                for (index, refusal) in zip(part, refusals) where refusal.isEmpty { taken.append(index) }
            }
        } catch {
            logger.debug(
                "publishing provider records failed",
                metadata: ["peer": "\(node.short)", "records": "\(share.count)", "error": "\(error)"])
        }
        return taken
    }

    private func store(_ records: [PeerPBProviderRecord], at node: NodeID) async throws -> [String] {
        var message = PeerPBStoreRecords()
        message.records = records
        message.token = try await token(of: node)
        do {
            let reply: PeerPBStoreResult = try await ask(node, .storeRecords, message, expecting: .storeResult)
            return reply.refusals
        } catch let error as PeerError where error.code.description == DiscoveryError.Code.badToken.description {
            // The node may have restarted, with other secrets.
            state.withLock { $0.peerTokens[node] = nil }
            message.token = try await token(of: node)
            let reply: PeerPBStoreResult = try await ask(node, .storeRecords, message, expecting: .storeResult)
            return reply.refusals
        }
    }

    private func token(of node: NodeID) async throws -> Data {
        let now = clock.now()
        if let known = state.withLock({ $0.peerTokens[node] }), known.until > now { return known.token }
        var message = PeerPBFindProviders()
        message.key = Data(node.digest.bytes)
        message.wantToken = true
        let reply: PeerPBProviders = try await ask(node, .findProviders, message, expecting: .providers)
        guard reply.token.count == WriteTokens.byteCount else {
            throw PeerError(
                .protocolViolation,
                "Node \(node.short) gave a write token of \(reply.token.count) bytes instead of "
                    + "\(WriteTokens.byteCount)")
        }
        let until = now + settings.tokenRotation * Discovery.tokenUse
        state.withLock { $0.peerTokens[node] = (reply.token, until) }
        return reply.token
    }
}
