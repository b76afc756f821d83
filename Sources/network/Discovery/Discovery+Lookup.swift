import Blake3
import CoreMetrics
import Foundation
public import Identity
import Peering
import Synchronization
import Wire

extension Discovery {
    private enum Event: Sendable {
        case answer(NodeID, records: [ProviderRecord], closer: [NodeID])
        case failure(NodeID)
        case slow(NodeID)
    }

    /// Looks the providers of a blob up: each other node that can be used and whose own signed record says that it has
    /// the blob, once, as soon as one is known; of those that become known together the nearest first, where round
    /// trips are known. Whether a provider tells the truth shows when it is asked for the blob.
    ///
    /// The stream ends when all of the key's replicas have been asked. Give it up as soon as there are enough
    /// providers: that ends the lookup and spares the other nodes.
    public func providers(of key: BlobID) -> AsyncStream<NodeID> {
        AsyncStream { continuation in
            let task = Task {
                await self.lookUp(key) { continuation.yield($0) }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func lookUp(_ key: BlobID, _ yield: (NodeID) -> Void) async {
        refreshView()
        let now = clock.now()
        let (snapshot, own) = state.withLock { state in
            (state.snapshot, state.store.records(of: key, limit: settings.maxRecordsPerKey, now: now))
        }
        let isOneHop = snapshot.space.count <= settings.oneHopNodes
        var candidates = replicas(of: key, in: snapshot.space)
        if isOneHop { candidates = byRoundTrip(candidates) { $0 } }
        var lookup = ProviderLookup(
            key: key, mode: isOneHop ? .oneHop : .paths, candidates: candidates, ledger: snapshot.space,
            settings: settings)
        var yielded: Set<NodeID> = []
        await withTaskGroup(of: Event.self) { group in
            var actions = lookup.start(own: usable(own))
            while true {
                var found: [NodeID] = []
                var isDone = false
                for action in actions {
                    switch action {
                    case .found(let record): found.append(record.provider)
                    case .done: isDone = true
                    case .ask(let node, let wantsCloser):
                        group.addTask { await self.query(node, key, wantsCloser, snapshot) }
                        group.addTask { await self.patience(with: node) }
                    }
                }
                for node in byRoundTrip(found, { $0 }) where yielded.insert(node).inserted { yield(node) }
                guard !isDone, !Task.isCancelled, let event = await group.next() else { break }
                switch event {
                case .answer(let node, let records, let closer):
                    actions = lookup.onAnswer(from: node, records: usable(records), closer: closer)
                case .failure(let node): actions = lookup.onFailure(of: node)
                case .slow(let node): actions = lookup.onSlow(node)
                }
            }
            group.cancelAll()
        }
        note(lookup)
    }

    private func note(_ lookup: ProviderLookup) {
        state.withLock { state in
            state.statistics.lookups += 1
            state.statistics.lookupsFound += lookup.foundCount > 0 ? 1 : 0
            state.statistics.asked += lookup.askedCount
            state.statistics.hops += lookup.depthOfFirst ?? 0
        }
        metrics.lookups.increment()
        if lookup.foundCount > 0 { metrics.lookupsFound.increment() }
        metrics.asked.increment(by: Int64(lookup.askedCount))
    }

    /// Withdrawals, which outdate what others say, and records of other nodes that are alive; nearest first.
    private func usable(_ records: [ProviderRecord]) -> [ProviderRecord] {
        byRoundTrip(records.filter { $0.provider != peers.node && ($0.isWithdrawn || view.isUsable($0.provider)) }) {
            $0.provider
        }
    }

    private func byRoundTrip<Element>(_ elements: [Element], _ node: (Element) -> NodeID) -> [Element] {
        guard elements.count > 1 else { return elements }
        return elements.map { ($0, view.estimatedRoundTrip(to: node($0)) ?? .seconds(1 << 20)) }
            .sorted { $0.1 < $1.1 }.map(\.0)
    }

    // MARK: One node

    private func patience(with node: NodeID) async -> Event {
        try? await Task.sleep(for: settings.patience)
        return .slow(node)
    }

    private func query(
        _ node: NodeID, _ key: BlobID, _ wantsCloser: Bool, _ snapshot: ViewSnapshot
    ) async -> Event {
        var message = PeerPBFindProviders()
        message.key = Data(key.digest.bytes)
        message.limit = UInt32(DiscoverySettings.maxAnswerRecords)
        message.wantCloser = wantsCloser
        do {
            let reply: PeerPBProviders = try await ask(node, .findProviders, message, expecting: .providers)
            let records = await validated(reply, key, snapshot)
            let closer = reply.closer.prefix(settings.replicas).compactMap { Digest($0).map(NodeID.init) }
            return .answer(
                node, records: records, closer: closer.filter { $0 != peers.node && snapshot.nodes[$0] != nil })
        } catch {
            return .failure(node)
        }
    }

    /// The records of an answer that prove themselves; what does not is counted and left out.
    private func validated(
        _ reply: PeerPBProviders, _ key: BlobID, _ snapshot: ViewSnapshot
    ) async -> [ProviderRecord] {
        var candidates: [(record: ProviderRecord, key: PublicKey)] = []
        for encoded in reply.records.prefix(DiscoverySettings.maxAnswerRecords) {
            do throws(DiscoveryError) {
                let record = try ProviderRecord(unverified: encoded, network: network)
                guard record.key == key else {
                    throw DiscoveryError(.wrongKey, "A record is about a key that was not asked for")
                }
                guard let provider = snapshot.nodes[record.provider] else {
                    throw DiscoveryError(.notOnLedger, "The provider \(record.provider.short) is not on the ledger")
                }
                _ = try life.remaining(expiresMillis: record.expiresMillis, wallMillis: clock.wallMillis())
                candidates.append((record, provider.publicKey))
            } catch { count(error.code) }
        }
        let validCount = await verifier.countValid(candidates)
        if validCount < candidates.count { count(.badSignature) }
        return candidates[..<validCount].map(\.record)
    }
}
