import Exchange
import Identity

/// What nodes do: `FetchPlan` with its own settings, with or without hedging.
struct PlannedPolicy: BlockPolicy {
    private var plan: FetchPlan
    private let nodes: [NodeID]
    private let numbers: [NodeID: Int]
    private let roundTrips: [Duration]
    private var sources: [FetchPlan.Source?]
    /// Providers that answer, whether the plan uses them or not.
    private var isPresent: [Bool]

    init(blockCount: Int, roundTrips: [Duration], isHedging: Bool, seed: UInt64) {
        var settings = FetchPlan.Settings()
        settings.maxProviders = max(settings.maxProviders, roundTrips.count)
        settings.readAhead = blockCount
        if !isHedging { settings.hedgeShare = 0 }
        plan = FetchPlan(blockCount: blockCount, settings: settings)
        nodes = roundTrips.indices.map { NodeID(simulated: $0, seed: seed) }
        numbers = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($0.element, $0.offset) })
        self.roundTrips = roundTrips
        sources = Array(repeating: nil, count: nodes.count)
        isPresent = Array(repeating: true, count: nodes.count)
        plan.demand(0..<blockCount, isPaced: true)
        addAll(at: .zero)
    }

    var isComplete: Bool { plan.isComplete }
    var hedges: Int { plan.tally.hedges }

    mutating func next(at now: Duration) -> BlockAction? {
        addAll(at: now)
        while let action = plan.next(at: now) {
            switch action {
            case .ask(let source, let block):
                if let provider = numbers[source.node] { return .ask(provider, block: block) }
            case .cancel(let source, let block):
                if let provider = numbers[source.node] { return .cancel(provider, block: block) }
            case .drop(let source):
                guard let provider = numbers[source.node] else { continue }
                sources[provider] = nil
                isPresent[provider] = false
                return .drop(provider)
            }
        }
        return nil
    }

    mutating func onBytes(_ byteCount: Int, from provider: Int, at now: Duration) {
        if let source = sources[provider] { plan.onProgress(of: source, byteCount: byteCount) }
    }

    mutating func onBlock(_ block: Int, from provider: Int, at now: Duration) {
        guard let source = sources[provider] else { return }
        if plan.onReceived(block, byteCount: FetchRun.blockBytes, from: source, at: now) { plan.onStored(block) }
    }

    mutating func onWrongBlock(_ block: Int, from provider: Int, at now: Duration) {
        guard let source = sources[provider] else { return }
        _ = plan.onFailure(of: source, .corrupt, at: now)
        sources[provider] = nil
    }

    mutating func onAnswer(of provider: Int, at now: Duration) { isPresent[provider] = true }

    mutating func want(_ block: Int) { plan.want(block) }

    private mutating func addAll(at now: Duration) {
        for index in nodes.indices where sources[index] == nil && isPresent[index] {
            sources[index] = plan.add(nodes[index], roundTrip: roundTrips[index], at: now)
        }
    }
}
