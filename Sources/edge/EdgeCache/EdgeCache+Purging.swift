public import ControlModel
import Foundation
import HTTPCache
import Identity
import NIOCore
import SwiftProtobuf
import Synchronization
import Wire

extension EdgeCache {
    private static let pageOrders = 256

    /// Carries an order out on all living nodes; when this returns, those without a problem serve nothing of what was
    /// purged, and keep the order on the disk. Others hear of it when they come back.
    ///
    /// - Throws: If the order does not count.
    public func purge(_ order: [UInt8]) async throws -> PurgeReceipt {
        let purge = try authority.check(order)
        let message = PeerPBCachePurge.with { $0.orders = [Data(order)] }
        let body = ByteBuffer(bytes: try message.serializedBytes() as [UInt8])
        let nodes = try await withThrowingTaskGroup(of: PurgeReceipt.Node.self) { group in
            for node in peers.others() {
                group.addTask { await self.purge(node, body) }
            }
            let start = ContinuousClock.now
            let hits = try await carryOut(purge)
            let took = (ContinuousClock.now - start) / .milliseconds(1)
            let own = PurgeReceipt.Node(id: peers.node.description, milliseconds: took, hits: hits)
            return try await group.reduce(into: [own]) { $0.append($1) }
        }
        return PurgeReceipt(app: purge.app, nodes: nodes.sorted { $0.id < $1.id })
    }

    private func purge(_ node: NodeID, _ body: ByteBuffer) async -> PurgeReceipt.Node {
        let start = ContinuousClock.now
        func took() -> Double { (ContinuousClock.now - start) / .milliseconds(1) }
        do {
            let timeout = TimeAmount.milliseconds(settings.purgeMilliseconds)
            let answer = try await peers.ask(node, .cachePurge, body, timeout: timeout)
            let purged = try PeerPBCachePurged(serializedBytes: Array(answer.readableBytesView))
            return PurgeReceipt.Node(id: node.description, milliseconds: took(), hits: Int(purged.hits))
        } catch {
            return PurgeReceipt.Node(id: node.description, milliseconds: took(), hits: 0, problem: "\(error)")
        }
    }

    /// Carries a purge out here, once; on the disk when this returns.
    ///
    /// - Returns: Stored answers that were hit.
    @discardableResult
    func carryOut(_ purge: CachePurge) async throws -> Int {
        // Whoever has seen an order could else empty the memory with it as often as they like.
        if try await index.knows(purge) { return 0 }
        // Memory first: from here on nothing of it is served, and nothing that was asked for before is stored.
        let dropped = state.withLock { state -> [HotEntry] in
            state.table.recent.add(purge)
            state.unwritten.append(purge)
            // Who comes from now on does not wait for what was asked for before.
            state.flights = state.flights.filter { $0.key.key.app != purge.app }
            return state.table.remove { purge.hits($0.record, of: $0.app) }
        }
        defer { written(purge) }
        guard let rows = try await index.purge(purge, now: now()) else { return 0 }
        if !purge.isSoft {
            state.withLock { state in
                for record in rows { state.eviction.remove(HotEntry.name(purge.app, record)) }
            }
        }
        let hits = max(rows.count, dropped.count)
        counters.purged(purge.app, hits)
        return hits
    }

    /// The index knows of a purge.
    func written(_ purge: CachePurge) {
        state.withLock { state in
            if let place = state.unwritten.firstIndex(of: purge) { state.unwritten.remove(at: place) }
        }
    }

    /// Tells the other nodes that a visitor changed something at URLs of an app; returns when those that answer know.
    func spreadInvalidation(_ keys: [CacheKey], _ app: String) async {
        let message = PeerPBCachePurge.with {
            $0.app = app
            $0.urls = keys.prefix(EdgeCache.pageOrders).map(\.url)
        }
        guard let bytes = try? message.serializedBytes() as [UInt8] else { return }
        await withTaskGroup(of: Void.self) { group in
            for node in peers.others() {
                group.addTask { _ = await self.purge(node, ByteBuffer(bytes: bytes)) }
            }
        }
    }

    // MARK: Other nodes' logs

    /// Half of the pause after the first try that did not reach everybody; each further pause is twice as long, up to a
    /// round.
    private static let firstPurgePause = Duration.milliseconds(250)

    /// Reads what other nodes purged while this one, or they, were away.
    func comparePurges() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await node in self.peers.returns() { await self.readPurges(of: node) }
            }
            group.addTask {
                // Right after a start nobody may be known or connected yet: then it does not take a whole round.
                var pause = EdgeCache.firstPurgePause
                while !Task.isCancelled {
                    let others = self.peers.others()
                    var isComplete = true
                    for node in others {
                        let isRead = await self.readPurges(of: node)
                        isComplete = isComplete && isRead
                    }
                    if isComplete { try? await self.index.noteSeen(self.now()) }
                    let now = self.now()
                    self.state.withLock { $0.streams.sweep(now: now) }
                    let round = Duration.seconds(self.settings.purgeRoundSeconds)
                    pause = isComplete && !others.isEmpty ? round : min(round, pause * 2)
                    do { try await Task.sleep(for: pause) } catch { return }
                }
            }
        }
    }

    /// Carries out what a node's log has behind the place that was read last; false if not all could be read.
    @discardableResult
    func readPurges(of node: NodeID) async -> Bool {
        do {
            var (log, place) = try await index.place(of: node)
            while true {
                let question = PeerPBCachePurgeLog.with {
                    $0.log = log
                    $0.after = place
                }
                let body = ByteBuffer(bytes: try question.serializedBytes() as [UInt8])
                let answer = try await peers.ask(
                    node, .cachePurgeLog, body, timeout: .milliseconds(settings.purgeMilliseconds))
                let page = try PeerPBCachePurges(serializedBytes: Array(answer.readableBytesView))
                for order in page.orders {
                    // An order of somebody who owns the app no more does not count any more either.
                    guard let purge = try? authority.check(Array(order)) else { continue }
                    try await carryOut(purge)
                }
                let isNews = page.log != log || page.next != place
                (log, place) = (page.log, page.next)
                if isNews { try await index.setPlace(of: node, log: log, place: place) }
                if !page.more { return true }
            }
        } catch {
            return false
        }
    }

    /// Makes sure that what another node knows to be purged of an app is purged here: this node must not hand it that.
    ///
    /// - Parameter digest: Of the purges that the other node knows. Nodes may differ for good, since each forgets old ones at
    ///   its own time: so what was read for a digest is not read for it again.
    /// - Throws: If its log cannot be read.
    func catchUp(with peer: NodeID, _ app: String, _ digest: [UInt8]) async throws {
        if try await index.digest(of: app) == digest { return }
        let place = State.Comparison(node: peer, app: app)
        if state.withLock({ $0.compared[place] == digest }) { return }
        guard await readPurges(of: peer) else {
            throw EdgeCacheError("The purges that node \(peer.short) knows cannot be read")
        }
        guard digest.count == CacheIndex.digestBytes else { return }
        state.withLock { state in
            if state.compared.count >= EdgeCache.maxComparisons { state.compared.removeAll() }
            state.compared[place] = digest
        }
    }

    private static let maxComparisons = 16_384

    func answerPurge(_ message: PeerPBCachePurge) async throws -> PeerPBCachePurged {
        for url in message.urls.prefix(EdgeCache.pageOrders) {
            if let key = try? CacheKey(url: url) { await invalidate(key, of: message.app) }
        }
        var hits = 0
        for order in message.orders.prefix(EdgeCache.pageOrders) {
            hits += try await carryOut(try authority.check(Array(order)))
        }
        return PeerPBCachePurged.with { $0.hits = UInt32(clamping: hits) }
    }

    func answerPurgeLog(_ message: PeerPBCachePurgeLog) async throws -> PeerPBCachePurges {
        let page = try await index.purges(log: message.log, after: message.after, limit: EdgeCache.pageOrders)
        return PeerPBCachePurges.with {
            $0.log = index.log
            $0.orders = page.orders.map { Data($0) }
            $0.next = page.next
            $0.more = page.more
        }
    }
}
