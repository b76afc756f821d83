import Identity
import Membership

/// Nodes that watch each other: crashes, faults and liars in a network of whole `SwimCore`s.
package struct MembershipSimulation {
    /// What to simulate.
    package struct Options: Codable, Equatable, Sendable {
        /// The most nodes: each core knows all members, so that memory grows with the square (about 100 bytes a pair).
        package static let maxNodes = 3_000
        /// The longest run in seconds: a day.
        package static let maxDurationSeconds = 86_400.0
        package static let maxCrashes = 1_000

        package var network: NetworkOptions
        package var durationSeconds = 600.0
        /// Nodes that stop without a word and stay away, at even distances in time, beside those of the churn.
        package var crashes = 10

        package init(network: NetworkOptions) { self.network = network }

        /// Throws `SimulationError` if an option is outside what it documents.
        package func validate() throws(SimulationError) {
            try network.validate()
            try SimulationError.check("--nodes", network.nodes, in: 2...Self.maxNodes)
            try SimulationError.check("--duration", durationSeconds, in: 60...Self.maxDurationSeconds)
            try SimulationError.check("--crashes", crashes, in: 0...Self.maxCrashes)
            let honest = network.nodes - Int((network.malicious * Double(network.nodes)).rounded())
            guard crashes <= honest / 2 else {
                throw SimulationError(
                    .contradiction, "--crashes is \(crashes); at most half of the \(honest) honest nodes can crash")
            }
        }
    }

    enum Timer {
        case tick
        case crash
        case sample
        case checkHealing
    }

    typealias Core = SwimCore<SimulationRandom>
    typealias Network = VirtualNetwork<SwimMessage, Timer>

    /// The first crash, and the last one before the end, leave the nodes this much time.
    static let calmSeconds = 30.0
    /// Deaths this soon after a cut are what was seen during it.
    static let graceSeconds = 15.0
    static let samplePeriod = Duration.seconds(15)
    static let healingPeriod = Duration.seconds(1)
    /// Pairs of nodes whose round trip is compared with the estimate, a sample.
    static let sampledPairs = 400

    let options: Options
    let network: Network
    let ids: [NodeID]
    private let roster: MemberRoster
    private let numbers: [NodeID: Int]
    private var cores: [Core?]
    private var wakeAt: [Duration?]
    private var bornAs: [UInt64]
    private var liar: Liar
    private var watch: CrashWatch
    private var sampling: SimulationRandom
    private var victims: [Int]
    private var report: MembershipReport

    /// Throws `SimulationError` if the options are invalid.
    package init(_ options: Options) throws(SimulationError) {
        try options.validate()
        self.options = options
        let network = try Network(options.network)
        let nodes = options.network.nodes
        ids = (0..<nodes).map { NodeID(simulated: $0, seed: options.network.seed) }
        roster = MemberRoster(ids)
        numbers = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($0.element, $0.offset) })
        cores = Array(repeating: nil, count: nodes)
        wakeAt = Array(repeating: nil, count: nodes)
        bornAs = Array(repeating: 0, count: nodes)
        liar = Liar(network, ids: ids)
        watch = CrashWatch(nodes: nodes)
        sampling = network.random(for: "samples")
        var choosing = network.random(for: "victims")
        let honest = (0..<nodes).filter { !network.isMalicious($0) }
        victims = choosing.sample(options.crashes, of: honest.count).map { honest[$0] }
        report = MembershipReport(options)
        self.network = network
    }

    /// Runs to the end; `progress` hears the share that is done.
    package mutating func run(progress: (Double) -> Void = { _ in }) -> MembershipReport {
        let end = Duration.seconds(options.durationSeconds)
        for node in cores.indices { begin(node) }
        scheduleObservations()
        while let event = network.next(before: end) {
            switch event {
            case .delivered(let message, let from, let to):
                perform(cores[to]?.onMessage(message, from: ids[from], now: network.now), of: to)
            case .timer(.tick, let node): tick(node)
            case .timer(.crash, _): crashNext()
            case .timer(.sample, _):
                sample()
                progress(network.seconds / options.durationSeconds)
            case .timer(.checkHealing, _): checkHealing()
            case .stopped(let node, let inOrder): stop(node, inOrder: inOrder)
            case .returned(let node, _):
                watch.onReturn(of: node)
                begin(node)
            }
        }
        return finish()
    }

    // MARK: - Nodes

    private mutating func begin(_ node: Int) {
        bornAs[node] = UInt64(clamping: network.wallMilliseconds)
        wakeAt[node] = nil
        // One generator a life, so that lives do not depend on how long earlier ones lasted.
        let purpose = "swim \(bornAs[node])"
        cores[node] = Core(
            self: ids[node], incarnation: bornAs[node], roster: roster,
            random: network.random(for: purpose, index: node), now: network.now)
        perform([], of: node)
    }

    private mutating func tick(_ node: Int) {
        guard wakeAt[node].map({ $0 <= network.now }) ?? false else { return }
        wakeAt[node] = nil
        perform(cores[node]?.onTick(now: network.now), of: node)
    }

    /// Carries out what a core wants and sees to it that it is woken in time.
    private mutating func perform(_ actions: [SwimAction]?, of node: Int) {
        for action in actions ?? [] {
            switch action {
            case .send(var message, let to):
                guard let target = numbers[to] else { continue }
                if network.isMalicious(node), let core = cores[node] {
                    liar.twist(&message, of: core, at: network.seconds)
                }
                network.send(message, from: node, to: target, byteCount: message.byteCount)
            case .refuse: break
            case .changed(let event): note(event, at: node)
            }
        }
        guard let deadline = cores[node]?.nextDeadline else { return }
        if let known = wakeAt[node], known <= deadline { return }
        wakeAt[node] = max(deadline, network.now)
        network.schedule(.tick, at: deadline, for: node)
    }

    private mutating func stop(_ node: Int, inOrder: Bool) {
        if inOrder {
            perform(cores[node]?.leave(now: network.now), of: node)
        } else if !network.isMalicious(node) {
            noteCrash(of: node)
        }
        retire(node)
    }

    private mutating func crashNext() {
        guard let node = victims.popLast(), network.isRunning(node) else { return }
        noteCrash(of: node)
        network.crash(node)
        retire(node)
    }

    /// Those behind a cut may believe the node dead already; they have nothing to notice.
    private mutating func noteCrash(of node: Int) {
        let witnesses = honest().filter { $0 != node && cores[$0]?.state(of: ids[node]).isUsable == true }
        watch.onCrash(of: node, at: network.seconds, witnesses: witnesses)
    }

    private mutating func retire(_ node: Int) {
        count(cores[node])
        cores[node] = nil
        watch.onStop(of: node)
    }

    /// Honest nodes that run.
    private func honest() -> [Int] { cores.indices.filter { cores[$0] != nil && !network.isMalicious($0) } }

    // MARK: - Observation

    private func scheduleObservations() {
        let span = options.durationSeconds - 2 * Self.calmSeconds
        for number in 0..<options.crashes {
            let share = Double(number) / Double(options.crashes)
            network.schedule(.crash, after: .seconds(Self.calmSeconds + share * span), at: Network.observer)
        }
        network.schedule(.sample, after: Self.samplePeriod, at: Network.observer)
        for partition in options.network.partitions {
            network.schedule(.checkHealing, after: .seconds(partition.untilSeconds), at: Network.observer)
        }
    }

    private mutating func note(_ event: MembershipEvent, at node: Int) {
        guard event.to == .dead, event.from != .dead, !network.isMalicious(node), let subject = numbers[event.node]
        else { return }
        if !network.isRunning(subject) {
            watch.onDetection(of: subject, by: node, at: network.seconds)
            return
        }
        // A death of an earlier life is late, not wrong; one across a cut is right.
        let isAfterCut = options.network.partitions.contains {
            (0..<Self.graceSeconds).contains(network.seconds - $0.untilSeconds)
        }
        let isOfThisLife = event.incarnation >= bornAs[subject] || event.incarnation == 0
        guard isOfThisLife, !isAfterCut, !network.isMalicious(subject), network.isReachable(subject, from: node),
            network.isReachable(node, from: subject)
        else { return }
        if network.isSlow(subject) || network.isSlow(node) {
            report.falseDeathsOfSlow += 1
        } else {
            report.falseDeaths += 1
        }
    }

    private mutating func sample() {
        var errors: [Double] = []
        for _ in 0..<Self.sampledPairs {
            let (first, second) = (sampling.index(below: ids.count), sampling.index(below: ids.count))
            guard first != second, !network.isMalicious(first), !network.isMalicious(second),
                let estimate = cores[first]?.coordinate.roundTrip(to: cores[second]?.coordinate ?? .origin),
                cores[second] != nil
            else { continue }
            let truth = network.roundTrip(first, second).inSeconds
            errors.append(abs(estimate.inSeconds - truth) / truth)
        }
        let summary = Distribution(errors)
        report.coordinateErrors.append(
            .init(seconds: network.seconds.rounded(), median: summary.median, p90: summary.p90))
        network.schedule(.sample, after: Self.samplePeriod, at: Network.observer)
    }

    /// Notes the time when all honest nodes see each other again after a cut.
    private mutating func checkHealing() {
        let honest = honest()
        for first in honest {
            for second in honest where second != first && cores[first]?.state(of: ids[second]).isUsable == false {
                network.schedule(.checkHealing, after: Self.healingPeriod, at: Network.observer)
                return
            }
        }
        let ended = options.network.partitions.map(\.untilSeconds).filter { $0 <= network.seconds }.max() ?? 0
        report.healingSeconds.append(network.seconds - ended)
    }

    private mutating func count(_ core: Core?) {
        report.suspicions += core?.counters.suspicions ?? 0
        report.refutations += core?.counters.refutations ?? 0
    }

    private mutating func finish() -> MembershipReport {
        for core in cores { count(core) }
        watch.report(into: &report)
        let seconds = options.durationSeconds
        report.bytesASecond = Distribution(network.traffic.map { Double($0.bytesOut) / seconds })
        report.messagesASecond = Distribution(network.traffic.map { Double($0.messagesOut) / seconds })
        report.events = network.eventCount
        return report
    }
}
