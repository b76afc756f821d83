package import Identity

/// The search for the providers of one key, without sockets or clocks.
///
/// In one hop it asks the key's replicas, a few at a time, and one by one when some have named a provider; if none does
/// but they know nearer nodes, it goes on along paths. Along paths it asks ever nearer nodes on several disjoint ways
/// (Baumgart & Mies 2007, section 4.4). Neither stops early: one honest node suffices, and the owner ends a lookup
/// when it has what it needs.
package struct ProviderLookup: Sendable {
    package enum Mode: Hashable, Sendable { case oneHop, paths }

    /// What the owner does next.
    package enum Action: Hashable, Sendable {
        /// Ask the node for records and, if wanted, for nearer nodes; report with an `on…` method.
        case ask(NodeID, wantsCloser: Bool)
        /// A provider that was not named before.
        case found(ProviderRecord)
        /// The lookup is over; answers that are still to come are not needed.
        case done
    }

    private struct Ask {
        let path: Int?
        let depth: Int
        var isSlow = false
    }

    private let key: Position
    private let settings: DiscoverySettings
    private let ledger: Keyspace
    private var mode: Mode
    private var isDone = false
    /// The replicas that are yet to be asked in one hop, in this order.
    private var queue: ArraySlice<NodeID>
    /// The distance within which a node that we did not know would have been a replica; nil for any.
    private let horizon: Position?
    private var paths: [LookupPath] = []
    private var asked: Set<NodeID> = []
    /// The operators and the address groups of the nodes that were asked along paths.
    private var operators: Set<Int32> = []
    private var groups: Set<Int32> = []
    private var inFlight: [NodeID: Ask] = [:]
    /// Requests in flight that are still within their patience.
    private var active = 0
    /// The newest record of each provider.
    private var latest: [NodeID: ProviderRecord] = [:]
    private var namingAnswers = 0
    private var fruitlessAnswers = 0
    /// Nearer nodes that the replicas named, in the order of naming.
    private var learned: [NodeID] = []

    /// Nodes that were asked.
    package var askedCount: Int { asked.count }
    /// Providers that were found.
    package private(set) var foundCount = 0
    /// How many nodes led to the first provider, the one that named it included; nil while there is none.
    package private(set) var depthOfFirst: Int?

    /// - Parameters:
    ///   - candidates: The key's replicas in the order in which they should be asked; this node is not among them.
    ///   - ledger: All nodes, for what they have in common.
    package init(
        key: BlobID, mode: Mode, candidates: [NodeID], ledger: Keyspace, settings: DiscoverySettings
    ) {
        let position = Position(key.digest)
        self.key = position
        self.mode = mode
        self.settings = settings
        self.ledger = ledger
        queue = candidates[...]
        let distances = candidates.map { Position($0.digest).distance(to: position) }
        horizon = candidates.count < settings.replicas ? nil : distances.max()
        if mode == .paths {
            startPaths(
                candidates.sorted { left, right in
                    Position(left.digest).distance(to: position) < Position(right.digest).distance(to: position)
                }, depth: 1)
        }
    }

    // MARK: Events

    /// Begins with what this node has in its own store.
    package mutating func start(own: [ProviderRecord]) -> [Action] {
        var actions = merge(own, depth: 0)
        advance(&actions)
        return actions
    }

    /// An answer came.
    ///
    /// - Parameters:
    ///   - records: Verified, of this key, and each either withdrawn or of a provider that can be used.
    ///   - closer: Nodes of the ledger, without this one.
    package mutating func onAnswer(from node: NodeID, records: [ProviderRecord], closer: [NodeID]) -> [Action] {
        guard let ask = end(node) else { return [] }
        var actions = merge(records, depth: ask.depth)
        if records.contains(where: { latest[$0.provider] == $0 && !$0.isWithdrawn }) {
            namingAnswers += 1
        } else {
            fruitlessAnswers += 1
        }
        for other in closer.prefix(settings.replicas) where !asked.contains(other) {
            if let path = ask.path {
                paths[path].add(other, kin: ledger.kin(of: other), depth: ask.depth + 1)
            } else if learned.count < settings.maxAsked, isWithinHorizon(other), !learned.contains(other) {
                learned.append(other)
            }
        }
        advance(&actions)
        return actions
    }

    /// The node did not answer, or not as the protocol says.
    package mutating func onFailure(of node: NodeID) -> [Action] {
        guard let ask = end(node) else { return [] }
        fruitlessAnswers += 1
        if let path = ask.path { paths[path].onFailure(of: node) }
        var actions: [Action] = []
        advance(&actions)
        return actions
    }

    /// The node has not answered within ``DiscoverySettings/patience``: another one is asked beside it.
    package mutating func onSlow(_ node: NodeID) -> [Action] {
        guard let ask = inFlight[node], !ask.isSlow else { return [] }
        inFlight[node]?.isSlow = true
        rest(ask)
        var actions: [Action] = []
        advance(&actions)
        return actions
    }

    private mutating func end(_ node: NodeID) -> Ask? {
        guard !isDone, let ask = inFlight.removeValue(forKey: node) else { return nil }
        if !ask.isSlow { rest(ask) }
        return ask
    }

    private mutating func rest(_ ask: Ask) {
        active -= 1
        if let path = ask.path { paths[path].active -= 1 }
    }

    // MARK: Records

    private mutating func merge(_ records: [ProviderRecord], depth: Int) -> [Action] {
        var actions: [Action] = []
        for record in records {
            let known = latest[record.provider]
            if let known, known.sequence >= record.sequence { continue }
            latest[record.provider] = record
            if record.isWithdrawn || known?.isWithdrawn == false { continue }
            foundCount += 1
            if depthOfFirst == nil { depthOfFirst = depth }
            actions.append(.found(record))
        }
        return actions
    }

    private func isWithinHorizon(_ node: NodeID) -> Bool {
        guard let horizon else { return true }
        return Position(node.digest).distance(to: key) < horizon
    }

    // MARK: Asking

    private mutating func advance(_ actions: inout [Action]) {
        guard !isDone else { return }
        if mode == .oneHop { advanceOneHop(&actions) } else { advancePaths(&actions) }
        // Slow nodes are worth waiting for only as long as nobody else has named a provider.
        if foundCount > 0 ? active == 0 : inFlight.isEmpty {
            isDone = true
            actions.append(.done)
        }
    }

    private mutating func advanceOneHop(_ actions: inout [Action]) {
        let parallelism = namingAnswers < settings.settlingAnswers ? settings.parallelism : 1
        while active < parallelism, let node = queue.popFirst() {
            // Records are what matters; only where they fail to appear do views seem to differ.
            ask(node, path: nil, depth: 1, wantsCloser: fruitlessAnswers >= settings.parallelism, &actions)
        }
        guard queue.isEmpty, inFlight.isEmpty, foundCount == 0, !learned.isEmpty else { return }
        mode = .paths
        startPaths(learned, depth: 2)
        advancePaths(&actions)
    }

    private mutating func startPaths(_ nodes: [NodeID], depth: Int) {
        let count = max(1, settings.paths)
        let width = max(1, (settings.replicas + count - 1) / count)
        paths = Array(repeating: LookupPath(key: key, width: width), count: count)
        for (index, node) in nodes.enumerated() {
            paths[index % count].add(node, kin: ledger.kin(of: node), depth: depth)
        }
    }

    private mutating func advancePaths(_ actions: inout [Action]) {
        for path in paths.indices where paths[path].active == 0 {
            let next = paths[path].next(isTaken: { asked.contains($0) }) { kin in
                operators.contains(kin.operatorTag) || groups.contains(kin.groupTag)
            }
            guard let next else { continue }
            ask(next.node, path: path, depth: next.depth, wantsCloser: true, &actions)
        }
    }

    private mutating func ask(
        _ node: NodeID, path: Int?, depth: Int, wantsCloser: Bool, _ actions: inout [Action]
    ) {
        guard asked.count < settings.maxAsked, asked.insert(node).inserted else { return }
        inFlight[node] = Ask(path: path, depth: depth)
        active += 1
        if let path {
            paths[path].active += 1
            if let kin = ledger.kin(of: node) {
                operators.insert(kin.operatorTag)
                groups.insert(kin.groupTag)
            }
        }
        actions.append(.ask(node, wantsCloser: wantsCloser))
    }
}
