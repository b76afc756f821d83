import Blake3
import Discovery
import Identity

/// The nodes of a run and what they do.
final class DiscoveryWorld {
    /// A record in an answer, and whether its signature is the provider's.
    struct Claim {
        let record: ProviderRecord
        var isForged = false
    }

    enum Message {
        case find(lookup: Int, key: Int, wantsCloser: Bool)
        case providers(lookup: Int, [Claim], closer: [NodeID])
        case wantToken
        case token
        case store([ProviderRecord], batch: Int, indices: [Int])
        case stored(batch: Int, indices: [Int])
    }

    enum Timer {
        case publish
        case publishEnd(batch: Int)
        case view
        case lookUp
        case slow(lookup: Int, node: NodeID)
        case timeout(lookup: Int, node: NodeID)
        case satisfied(lookup: Int)
    }

    /// What a malicious node does beside dropping records.
    enum Malice { case silent, lying, clustered }

    struct Peer {
        var store: RecordStore
        var plan: PublishPlan
        var random: SimulationRandom
        var sequence: UInt64 = 0
        /// When the node is to look at its plan; a timer for another time is void.
        var wakeAt: Duration?

        mutating func provide(_ key: BlobID, now: Duration) { _ = plan.provide(key, now: now, using: &random) }

        mutating func due(now: Duration) -> [PublishPlan.Item] { plan.due(now: now, using: &random) }

        mutating func look(now: Duration, replicas: (BlobID) -> [NodeID]) {
            store.expire(now: now, keys: 1_024)
            plan.onView(now: now, using: &random, replicas: replicas)
        }
    }

    struct Batch {
        let items: [PublishPlan.Item]
        let replicas: [[NodeID]]
        var stored: [Int]
    }

    /// Between two looks of a node at its nearest nodes and at what has expired.
    private static let viewInterval = Duration.seconds(60)
    /// The resolution of the network's clock.
    private static let tick = Duration.nanoseconds(1)
    /// How long a publication waits for the answers.
    private static let publishTimeout = Duration.seconds(5)

    let options: DiscoverySimulation.Options
    let settings: DiscoverySettings
    let life: RecordLife
    let network: VirtualNetwork<Message, Timer>
    let map: DiscoveryMap
    var peers: [Peer] = []
    var batches: [Int: Batch] = [:]
    var nextBatch = 0
    var lookups: [Int: LookupRun] = [:]
    var nextLookup = 0
    var results = LookupResults()
    var random: SimulationRandom

    init(_ options: DiscoverySimulation.Options) throws(SimulationError) {
        self.options = options
        var settings = DiscoverySettings()
        settings.oneHopNodes = options.oneHopNodes
        self.settings = settings
        life = RecordLife(lifetime: settings.recordLifetime, clockTolerance: settings.clockTolerance)
        let network = try VirtualNetwork<Message, Timer>(options.network)
        self.network = network
        random = network.random(for: "lookups")
        map = DiscoveryMap(options, isMalicious: network.isMalicious)
        for node in 0..<options.network.nodes {
            peers.append(newPeer(node, life: 0))
            begin(node)
        }
        let rate = Double(options.lookups) / (options.durationSeconds * 0.9)
        network.schedule(
            .lookUp, after: .seconds(options.durationSeconds * 0.1 + random.exponential(mean: 1 / rate)), at: -1)
    }

    private func newPeer(_ node: Int, life: Int) -> Peer {
        var random = network.random(for: "node \(life)", index: node)
        let secret = Digest { bytes in
            for word in 0..<4 { bytes.storeBytes(of: random.next(), toByteOffset: 8 * word, as: UInt64.self) }
        }
        return Peer(
            store: RecordStore(settings: settings, rankKey: secret), plan: PublishPlan(settings: settings),
            random: random)
    }

    /// Announces what the node has, some time within the first minutes, and begins to look around.
    private func begin(_ node: Int) {
        let spread = network.now == .zero ? 120.0 : 1.0
        let start = Duration.seconds(peers[node].random.unit() * spread)
        for blob in map.provided[node] {
            peers[node].provide(map.keys[blob], now: network.now + start)
        }
        arm(node)
        network.schedule(.view, after: DiscoveryWorld.viewInterval * peers[node].random.unit(), at: node)
    }

    // MARK: Events

    func run(until deadline: Duration) {
        while let event = network.next(before: deadline) {
            switch event {
            case .delivered(let message, let from, let to): receive(message, from, to)
            case .timer(let timer, let node): wake(timer, node)
            case .stopped(let node, _): map.note(node, isRunning: false, at: network.now)
            case .returned(let node, let fresh):
                map.note(node, isRunning: true, at: network.now)
                if fresh { map.lose(node) }
                peers[node] = newPeer(node, life: Int(network.seconds * 1_000))
                begin(node)
            }
        }
    }

    private func receive(_ message: Message, _ from: Int, _ to: Int) {
        switch message {
        case .find(let lookup, let key, let wantsCloser): answer(to, from, lookup, key, wantsCloser)
        case .providers(let lookup, let claims, let closer): hear(lookup, from, claims, closer)
        case .wantToken: network.send(.token, from: to, to: from, byteCount: 36)
        case .token: break
        case .store(let records, let batch, let indices):
            let taken = map.malice[to] == nil ? keep(records, at: to, indices) : indices
            network.send(.stored(batch: batch, indices: taken), from: to, to: from, byteCount: 2 * indices.count)
        case .stored(let batch, let indices):
            for index in indices { batches[batch]?.stored[index] += 1 }
        }
    }

    private func wake(_ timer: Timer, _ node: Int) {
        switch timer {
        case .publish:
            guard let due = peers[node].wakeAt, due <= network.now + DiscoveryWorld.tick else { return }
            peers[node].wakeAt = nil
            publish(node)
        case .publishEnd(let number):
            guard let batch = batches.removeValue(forKey: number) else { return }
            let outcomes = batch.items.indices.map {
                PublishPlan.Outcome(item: batch.items[$0], replicas: batch.replicas[$0], stored: batch.stored[$0])
            }
            peers[node].plan.finish(outcomes, now: network.now)
            arm(node)
        case .view:
            peers[node].look(now: network.now) { key in replicas(of: key, for: node) }
            arm(node)
            network.schedule(.view, after: DiscoveryWorld.viewInterval, at: node)
        case .lookUp: startLookup()
        case .slow(let lookup, let node): advance(lookup, from: node) { $0.onSlow(node) }
        case .satisfied(let lookup):
            if let run = lookups.removeValue(forKey: lookup) { note(run) }
        case .timeout(let lookup, let node): advance(lookup, from: node) { $0.onFailure(of: node) }
        }
    }

    // MARK: Publishing

    private func arm(_ node: Int) {
        guard let due = peers[node].plan.nextDue, due < peers[node].wakeAt ?? .seconds(1 << 40) else { return }
        // The network's clock has whole ticks: one more makes sure that what is due is due by then.
        let wake = max(due, network.now) + DiscoveryWorld.tick
        peers[node].wakeAt = wake
        network.schedule(.publish, at: wake, for: node)
    }

    private func publish(_ node: Int) {
        while true {
            let items = peers[node].due(now: network.now)
            guard !items.isEmpty else { break }
            let targets = items.map { replicas(of: $0.key, for: node) }
            peers[node].sequence = max(peers[node].sequence + 1, UInt64(network.wallMilliseconds))
            let records = items.map { item in
                ProviderRecord(
                    key: item.key, provider: map.ids[node], sequence: peers[node].sequence,
                    expiresMillis: life.expiry(wallMillis: network.wallMilliseconds), isWithdrawn: item.isWithdrawn)
            }
            send(records, items, targets, from: node)
        }
        arm(node)
    }

    private func send(
        _ records: [ProviderRecord], _ items: [PublishPlan.Item], _ targets: [[NodeID]], from node: Int
    ) {
        nextBatch += 1
        batches[nextBatch] = Batch(items: items, replicas: targets, stored: Array(repeating: 0, count: items.count))
        var shares: [NodeID: [Int]] = [:]
        var order: [NodeID] = []
        for (index, nodes) in targets.enumerated() {
            for target in nodes {
                if shares[target] == nil { order.append(target) }
                shares[target, default: []].append(index)
            }
        }
        for target in order {
            let indices = shares[target] ?? []
            guard let to = map.numbers[target] else { continue }
            // The token is asked for first; here both travel at once, which costs the same.
            network.send(.wantToken, from: node, to: to, byteCount: 38)
            network.send(
                .store(indices.map { records[$0] }, batch: nextBatch, indices: indices), from: node, to: to,
                byteCount: 36 + indices.count * (ProviderRecord.usualByteCount + 8))
        }
        network.schedule(.publishEnd(batch: nextBatch), after: DiscoveryWorld.publishTimeout, at: node)
    }

    private func keep(_ records: [ProviderRecord], at node: Int, _ indices: [Int]) -> [Int] {
        var taken: [Int] = []
        for (index, record) in zip(indices, records) {
            do throws(DiscoveryError) {
                let rest = try life.remaining(
                    expiresMillis: record.expiresMillis, wallMillis: network.wallMilliseconds)
                guard let provider = map.numbers[record.provider] else { continue }
                guard isReplica(node, of: record.key) else {
                    throw DiscoveryError(.notResponsible, "Other nodes keep the records of this key")
                }
                try peers[node].store.insert(record, operatorID: map.operators[provider], life: rest, now: network.now)
                taken.append(index)
            } catch { results.refusedRecords += 1 }
        }
        return taken
    }

    func replicas(of key: BlobID, for node: Int, except other: Int = -1) -> [NodeID] {
        map.space.replicas(of: Position(key.digest), count: settings.replicas) { id in
            guard let number = map.numbers[id], number != node, number != other else { return false }
            return isCandidate(number, for: node)
        }
    }

    /// Whether the node takes records of the key, by its own view.
    private func isReplica(_ node: Int, of key: BlobID) -> Bool {
        map.space.isReplica(
            map.ids[node], of: Position(key.digest), count: settings.replicas, slack: settings.responsibilitySlack
        ) { id in
            map.numbers[id].map { isCandidate($0, for: node) } ?? false
        }
    }

    /// Whether `node` knows the other one and believes that it runs.
    private func isCandidate(_ other: Int, for node: Int) -> Bool {
        map.isKnown(other, to: node) && map.isUsable(other, seenBy: node, now: network.now)
    }
}
