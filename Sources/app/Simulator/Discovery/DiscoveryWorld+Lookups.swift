import Discovery
import Identity

/// A lookup that is under way.
struct LookupRun {
    let node: Int
    let blob: Int
    let start: Duration
    var core: ProviderLookup
    /// How many answers or lost patiences in a row led to asking a node; 1 for those that are asked at the begin.
    var rounds: [NodeID: Int] = [:]
    var first: (after: Duration, round: Int)?
    var bytes = 0
}

/// What the lookups came to.
struct LookupResults {
    var seconds: [Double] = []
    var rounds: [Double] = []
    var hops: [Double] = []
    var asked: [Double] = []
    var bytes: [Double] = []
    var durations: [Double] = []
    var failed = 0
    /// Those of keys that malicious nodes have gathered around.
    var targeted = 0
    var targetedFailed = 0
    /// Lookups whose asker stopped before they ended.
    var abandoned = 0
    var refusedRecords = 0
    var forgeries = 0
}

extension DiscoveryWorld {
    /// Every so many lookups one is of a key that malicious nodes have gathered around.
    private static let targetedEvery = 10
    private static let findBytes = 42
    private static let recordBytes = ProviderRecord.usualByteCount + 8
    private static let idBytes = 34
    /// Claims of a liar in one answer.
    private static let lies = 8

    // MARK: Asking

    func startLookup() {
        let rate = Double(options.lookups) / (options.durationSeconds * 0.9)
        network.schedule(.lookUp, after: .seconds(random.exponential(mean: 1 / rate)), at: -1)
        guard let (node, blob) = drawLookup() else { return }
        nextLookup += 1
        let isOneHop = map.space.count <= options.oneHopNodes
        var candidates = replicas(of: map.keys[blob], for: node)
        if isOneHop {
            let trips = candidates.map { id in map.numbers[id].map { network.roundTrip(node, $0) } ?? .seconds(9) }
            candidates = candidates.indices.sorted { trips[$0] < trips[$1] }.map { candidates[$0] }
        }
        let core = ProviderLookup(
            key: map.keys[blob], mode: isOneHop ? .oneHop : .paths, candidates: candidates, ledger: map.space,
            settings: settings)
        lookups[nextLookup] = LookupRun(node: node, blob: blob, start: network.now, core: core)
        let own = peers[node].store.records(of: map.keys[blob], limit: settings.maxRecordsPerKey, now: network.now)
        let claims = validated(own.map { Claim(record: $0) }, for: node)
        advance(nextLookup, from: nil) { $0.start(own: claims) }
    }

    /// An honest node that runs, and a blob that somebody else has.
    private func drawLookup() -> (node: Int, blob: Int)? {
        for _ in 0..<100 {
            let node = random.index(below: options.network.nodes)
            let isTargeted = map.targetCount > 0 && nextLookup % DiscoveryWorld.targetedEvery == 0
            let blob = random.index(below: isTargeted ? map.targetCount : map.keys.count)
            guard network.isRunning(node), map.malice[node] == nil, !map.holders[blob].contains(node),
                map.isAvailable(blob, now: network.now)
            else { continue }
            return (node, blob)
        }
        return nil
    }

    func advance(_ number: Int, from: NodeID?, _ step: (inout ProviderLookup) -> [ProviderLookup.Action]) {
        guard var run = lookups[number] else { return }
        let round = (from.flatMap { run.rounds[$0] } ?? 0) + 1
        var isDone = false
        for action in step(&run.core) {
            switch action {
            case .found(let record):
                guard run.first == nil, let provider = map.numbers[record.provider],
                    map.isProvider(provider, of: run.blob)
                else { continue }
                run.first = (network.now - run.start, from.flatMap { run.rounds[$0] } ?? 0)
                // The asker gives the lookup up when a provider has proven that it has the blob.
                network.schedule(.satisfied(lookup: number), after: network.roundTrip(run.node, provider), at: -1)
            case .done: isDone = true
            case .ask(let id, let wantsCloser):
                run.rounds[id] = round
                run.bytes += NodeTraffic.wireBytes(DiscoveryWorld.findBytes)
                guard let to = map.numbers[id] else { continue }
                network.send(
                    .find(lookup: number, key: run.blob, wantsCloser: wantsCloser), from: run.node, to: to,
                    byteCount: DiscoveryWorld.findBytes)
                network.schedule(.slow(lookup: number, node: id), after: settings.patience, at: -1)
                network.schedule(.timeout(lookup: number, node: id), after: settings.requestTimeout, at: -1)
            }
        }
        lookups[number] = isDone ? nil : run
        if isDone { note(run) }
    }

    func note(_ run: LookupRun) {
        guard network.isRunning(run.node) else {
            results.abandoned += 1
            return
        }
        let isTargeted = run.blob < map.targetCount
        if isTargeted { results.targeted += 1 }
        results.asked.append(Double(run.core.askedCount))
        results.bytes.append(Double(run.bytes))
        results.durations.append((network.now - run.start) / .seconds(1))
        guard let first = run.first else {
            results.failed += 1
            if isTargeted { results.targetedFailed += 1 }
            return
        }
        results.seconds.append(first.after / .seconds(1))
        results.rounds.append(Double(first.round))
        results.hops.append(Double(run.core.depthOfFirst ?? 0))
    }

    func hear(_ number: Int, _ from: Int, _ claims: [Claim], _ closer: [NodeID]) {
        guard let run = lookups[number] else { return }
        lookups[number]?.bytes += NodeTraffic.wireBytes(bytes(claims, closer))
        let records = validated(claims, for: run.node).filter { $0.key == map.keys[run.blob] }
        let others = closer.filter { $0 != map.ids[run.node] && map.numbers[$0] != nil }
        advance(number, from: map.ids[from]) { core in
            core.onAnswer(from: map.ids[from], records: records, closer: others)
        }
    }

    private func bytes(_ claims: [Claim], _ closer: [NodeID]) -> Int {
        2 + claims.count * DiscoveryWorld.recordBytes + closer.count * DiscoveryWorld.idBytes
    }

    /// What an asker believes: signed, in its time, and of a node that seems to run. Nothing behind a forgery.
    private func validated(_ claims: [Claim], for node: Int) -> [ProviderRecord] {
        var records: [ProviderRecord] = []
        for claim in claims.prefix(DiscoverySettings.maxAnswerRecords) {
            guard !claim.isForged else {
                results.forgeries += 1
                break
            }
            let remaining = try? life.remaining(
                expiresMillis: claim.record.expiresMillis, wallMillis: network.wallMilliseconds)
            guard remaining != nil, let provider = map.numbers[claim.record.provider], provider != node,
                claim.record.isWithdrawn || map.isUsable(provider, seenBy: node, now: network.now)
            else { continue }
            records.append(claim.record)
        }
        return records
    }

    // MARK: Answering

    func answer(_ node: Int, _ asker: Int, _ lookup: Int, _ blob: Int, _ wantsCloser: Bool) {
        let key = map.keys[blob]
        var claims: [Claim]
        var closer: [NodeID] = []
        switch map.malice[node] {
        case .silent: return
        case .lying: (claims, closer) = (lies(about: key, node), colluders(near: key))
        case .clustered:
            // It denies its own key's records, and claims to be a provider; for other keys it only sends astray.
            claims = map.provided[node].contains(blob) ? [Claim(record: claim(key, of: map.ids[node]))] : []
            closer = colluders(near: key)
        case nil:
            claims = peers[node].store.records(of: key, limit: DiscoverySettings.maxAnswerRecords, now: network.now)
                .map { Claim(record: $0) }
            if peers[node].plan.contains(key) { claims.append(Claim(record: claim(key, of: map.ids[node]))) }
            if wantsCloser { closer = replicas(of: key, for: node, except: asker) }
        }
        network.send(
            .providers(lookup: lookup, claims, closer: closer), from: node, to: asker,
            byteCount: bytes(claims, closer))
    }

    private func claim(_ key: BlobID, of provider: NodeID, age: Int64 = 0) -> ProviderRecord {
        ProviderRecord(
            key: key, provider: provider, sequence: UInt64(network.wallMilliseconds - age),
            expiresMillis: life.expiry(wallMillis: network.wallMilliseconds - age))
    }

    /// By turns: signed records of colluders that do not have the blob; outdated ones; forged ones of honest nodes.
    private func lies(about key: BlobID, _ node: Int) -> [Claim] {
        (0..<DiscoveryWorld.lies).map { _ in
            switch random.index(below: 3) {
            case 0: Claim(record: claim(key, of: map.colluders[random.index(below: map.colluders.count)]))
            case 1: Claim(record: claim(key, of: map.ids[random.index(below: map.ids.count)], age: 86_400_000))
            default:
                Claim(record: claim(key, of: map.ids[random.index(below: map.ids.count)]), isForged: true)
            }
        }
    }

    private func colluders(near key: BlobID) -> [NodeID] {
        map.colluderSpace.nearest(to: Position(key.digest), count: settings.replicas) { _ in true }
    }
}
