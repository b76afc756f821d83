public import ControlModel
import Foundation
import HTTPCache
import Identity
import NIOCore
import SwiftProtobuf
import Synchronization
import Wire

extension EdgeCache {
    private static let lookTimeout = TimeAmount.seconds(3)

    /// What all living nodes store of a URL of an app, `<owner>/<name>`.
    ///
    /// - Throws: If it is not an absolute URL.
    public func inspect(_ url: String, app: String) async throws -> CacheInspection {
        let own = try await view(of: url, app)
        let others = await ask(app, url, CacheInspection.Node.self) { node, problem in
            CacheInspection.Node(node: node, variants: [], isShield: false, problem: problem)
        }
        let nodes = ([own] + others).sorted { $0.node < $1.node }
        return CacheInspection(app: app, url: url, nodes: nodes)
    }

    /// What the caches of all living nodes did for an app.
    public func statistics(app: String) async throws -> CacheStatistics {
        let own = try await view(of: app)
        let others = await ask(app, "", CacheStatistics.Node.self) { name, problem in
            var node = CacheStatistics.Node(node: name)
            node.problem = problem
            return node
        }
        return CacheStatistics(app: app, nodes: ([own] + others).sorted { $0.node < $1.node })
    }

    private func ask<View: Decodable & Sendable>(
        _ app: String, _ url: String, _ type: View.Type, failed: @escaping @Sendable (String, String) -> View
    ) async -> [View] {
        let question = PeerPBCacheLook.with {
            $0.name = app
            $0.url = url
        }
        guard let bytes = try? question.serializedBytes() as [UInt8] else { return [] }
        return await withTaskGroup(of: View.self) { group in
            for node in peers.others() {
                group.addTask {
                    do {
                        let body = ByteBuffer(bytes: bytes)
                        let answer = try await self.peers.ask(node, .cacheLook, body, timeout: EdgeCache.lookTimeout)
                        let view = try PeerPBCacheView(serializedBytes: Array(answer.readableBytesView))
                        return try JSONDecoder().decode(View.self, from: view.json)
                    } catch {
                        return failed(node.description, "\(error)")
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    func look(_ question: PeerPBCacheLook) async throws -> PeerPBCacheView {
        var view = PeerPBCacheView()
        if question.url.isEmpty {
            view.json = try JSONEncoder().encode(await self.view(of: question.name))
        } else {
            view.json = try JSONEncoder().encode(await self.view(of: question.url, question.name))
        }
        return view
    }

    private func view(of app: String) async throws -> CacheStatistics.Node {
        let counts = counters.counts(app)
        var node = CacheStatistics.Node(node: peers.node.description)
        node.hits = counts.hits
        node.misses = counts.misses
        node.joined = counts.joined
        node.passes = counts.passes
        node.originRequests = counts.fetches
        node.peerFills = counts.filled
        node.hitBytes = counts.hitBytes
        node.purged = counts.purged
        if let total = try await index.totals().first(where: { $0.app == app }) {
            node.storedEntries = total.entries
            node.storedBytes = total.bytes
        }
        return node
    }

    private func view(of url: String, _ app: String) async throws -> CacheInspection.Node {
        let purge = CachePurge(app: app, scope: .url(url), isSoft: true, encoded: [])
        guard !purge.urls.isEmpty else { throw EdgeCacheError("\"\(url.prefix(200))\" is not an absolute URL") }
        let rows = try await index.rows(app: app, urls: purge.urls)
        let now = now()
        let variants = rows.map { row -> CacheInspection.Variant in
            let record = row.record
            let place = CacheTable.Key(app: app, text: record.key.text)
            let entry = state.withLock { $0.table.variants(place) }?.first {
                $0.record.variantText == record.variantText
            }
            let policy = entry?.policy ?? CachePolicy()
            return EdgeCache.variant(record, policy.freshness(record, now: now), entry)
        }
        let asked = try CacheKey(url: url)
        let key = try CacheKey(scheme: asked.scheme, authority: asked.host, path: asked.path, query: asked.query)
        let isShield = peers.order(for: "\(app) \(key.text)").first == peers.node
        return CacheInspection.Node(
            node: peers.node.description, variants: variants, isShield: isShield, problem: nil)
    }

    private static func variant(
        _ record: StoredResponse, _ freshness: Freshness, _ entry: HotEntry?
    ) -> CacheInspection.Variant {
        let origin = freshness.isHeuristic ? "by a heuristic or a setting" : "as the origin says"
        var reason =
            freshness.isFresh
            ? "fresh for another \(freshness.remainingSeconds) s of \(freshness.lifetimeSeconds) s, \(origin)"
            : "stale for \(freshness.staleSeconds) s: its lifetime of \(freshness.lifetimeSeconds) s is over, \(origin)"
        if record.isInvalid {
            reason += "; invalid since a visitor changed something, so it is validated before it answers"
        } else if record.invalidatedAt != nil {
            reason += "; marked stale by a purge"
        }
        return CacheInspection.Variant(
            url: record.key.url, status: record.status, variant: record.variantText,
            heldBytes: record.body.held.byteCount, totalBytes: record.body.totalBytes, blob: record.body.reference,
            ageSeconds: freshness.ageSeconds, lifetimeSeconds: freshness.lifetimeSeconds, isFresh: freshness.isFresh,
            reason: reason, tag: record.fields.first("etag"), surrogateKeys: record.surrogateKeys,
            isInMemory: entry?.body != nil, hits: entry?.hits ?? 0)
    }
}
