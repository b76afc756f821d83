/// Nodes in one process on a virtual clock: carries their messages and timers, and loses, doubles, delays and cuts what
/// the options say. Nodes are numbers; what they do is up to the simulation, which asks for one event after the other.
///
/// Single-threaded. Equal options and equal calls give equal events.
package final class VirtualNetwork<Message, Timer> {
    /// The owner of timers that belong to no node; it never stops.
    package static var observer: Int { -1 }
    /// Wall-clock milliseconds since 1970 at virtual time 0.
    package static var wallEpochMilliseconds: Int64 { 1_800_000_000_000 }

    package typealias Event = NetworkEvent<Message, Timer>

    package let options: NetworkOptions
    package let latency: LatencyModel
    package private(set) var traffic: [NodeTraffic]
    /// Events that `next` has returned, and messages that were lost, blocked or came too late for their node.
    package private(set) var eventCount = 0
    package private(set) var droppedMessages = 0

    private enum Entry {
        case message(Message, from: Int32, to: Int32, byteCount: Int32, onLine: Bool)
        case timer(Timer, node: Int32, life: Int32)
        case stop(Int32, life: Int32)
        case start(Int32)
    }

    private var queue = EventQueue<Entry>()
    private var nanoseconds: Int64 = 0
    private var running: [Bool]
    private var lives: [Int32]
    private var leaving: Int?
    private let maliciousNodes: [Bool]
    private let churn: Churn
    private let pauses: Pauses
    private let cuts: [Cut]
    private var lines: Lines?
    private let pairKey: UInt64
    private var lossRandom: SimulationRandom
    private var delayRandom: SimulationRandom
    private var churnRandom: SimulationRandom

    /// A network in which all nodes run; throws `SimulationError` if the options are invalid.
    package init(_ options: NetworkOptions) throws(SimulationError) {
        try options.validate()
        let (seed, nodes) = (options.seed, options.nodes)
        self.options = options
        latency = LatencyModel(nodes: nodes, asymmetry: options.asymmetry, seed: seed)
        traffic = Array(repeating: NodeTraffic(), count: nodes)
        running = Array(repeating: true, count: nodes)
        lives = Array(repeating: 0, count: nodes)
        churn = Churn(options)
        pauses = Pauses(options)
        cuts = options.partitions.map { Cut($0, nodes: nodes) }
        lines = options.bandwidth.map { Lines($0, nodes: nodes, seed: seed) }
        var choosing = SimulationRandom(seed: seed, purpose: "malicious")
        var malicious = Array(repeating: false, count: nodes)
        for node in choosing.sample(Int((options.malicious * Double(nodes)).rounded()), of: nodes) {
            malicious[node] = true
        }
        maliciousNodes = malicious
        var pairs = SimulationRandom(seed: seed, purpose: "one-way blocks")
        pairKey = pairs.next()
        lossRandom = SimulationRandom(seed: seed, purpose: "loss")
        delayRandom = SimulationRandom(seed: seed, purpose: "delay")
        churnRandom = SimulationRandom(seed: seed, purpose: "churn")
        for node in 0..<nodes { scheduleStop(of: node) }
    }

    // MARK: - Time and nodes

    /// Virtual time since the start.
    package var now: Duration { .nanoseconds(nanoseconds) }

    /// Virtual time in seconds.
    package var seconds: Double { Double(nanoseconds) / 1e9 }

    /// Wall-clock milliseconds since 1970.
    package var wallMilliseconds: Int64 { Self.wallEpochMilliseconds + nanoseconds / 1_000_000 }

    package func isRunning(_ node: Int) -> Bool { running[node] }

    package func isMalicious(_ node: Int) -> Bool { maliciousNodes[node] }

    /// Whether `node` stands still at times.
    package func isSlow(_ node: Int) -> Bool { pauses.isSlow(node) }

    /// Nodes that run now.
    package var runningCount: Int { running.reduce(0) { $0 + ($1 ? 1 : 0) } }

    /// The generator of one purpose in this run; the network's own purposes are independent of all others.
    package func random(for purpose: String, index: Int = 0) -> SimulationRandom {
        SimulationRandom(seed: options.seed, purpose: "simulation " + purpose, index: index)
    }

    /// The time from sending to `to` until its answer arrives, without jitter, queues and loss.
    package func roundTrip(_ from: Int, _ to: Int) -> Duration {
        .nanoseconds(
            Int64((latency.milliseconds(from: from, to: to) + latency.milliseconds(from: to, to: from)) * 1e6))
    }

    /// Whether a message that `from` sends now can reach `to` at all.
    package func isReachable(_ to: Int, from: Int) -> Bool {
        running[to] && (from == to || isOpen(from, to))
    }

    /// Bytes a second of the line of `node`; nil without a bandwidth model.
    package func lineRates(of node: Int) -> (up: Double, down: Double)? { lines?.rates(of: node) }

    /// Gives `node` a line of its own choice; nothing happens without a bandwidth model.
    package func setLineRates(of node: Int, up: Double, down: Double) {
        lines?.setRates(of: node, up: up, down: down)
    }

    /// Ends `node` at once, without a goodbye and without an event.
    package func crash(_ node: Int) {
        guard running[node] else { return }
        running[node] = false
        lives[node] += 1
    }

    /// Lets `node` run again, without an event.
    package func start(_ node: Int) {
        guard !running[node] else { return }
        running[node] = true
        scheduleStop(of: node)
    }

    // MARK: - Sending and timers

    /// Sends a message with a body of `byteCount` bytes; nothing happens if `from` does not run.
    package func send(_ message: Message, from: Int, to: Int, byteCount: Int) {
        guard running[from] else { return }
        let byteCount = Int32(clamping: max(0, byteCount))
        traffic[from].messagesOut += 1
        traffic[from].bytesOut += NodeTraffic.wireBytes(Int(byteCount))
        // Both are drawn always, so that one option's value leaves the other's draws alone.
        let isLost = lossRandom.unit() < options.loss
        let copies = lossRandom.unit() < options.duplication ? 2 : 1
        let departure =
            lines?.leave(from, byteCount: NodeTraffic.wireBytes(Int(byteCount)), at: nanoseconds) ?? nanoseconds
        guard !isLost, from == to || isOpen(from, to) else {
            droppedMessages += 1
            return
        }
        for _ in 0..<copies {
            let delay =
                from == to ? 0 : Int64(latency.milliseconds(from: from, to: to, using: &delayRandom) * 1e6)
            let entry = Entry.message(
                message, from: Int32(from), to: Int32(to), byteCount: byteCount, onLine: lines != nil)
            queue.push(entry, at: departure + delay)
        }
    }

    /// Hands `timer` back when `delay` has passed (no nanosecond earlier), unless `node` has stopped by then.
    package func schedule(_ timer: Timer, after delay: Duration, at node: Int) {
        let life = node >= 0 ? lives[node] : 0
        queue.push(.timer(timer, node: Int32(node), life: life), at: nanoseconds &+ max(0, delay.nanosecondsRoundedUp))
    }

    /// Hands `timer` back at the virtual time `time` (now, if that has passed), unless `node` has stopped by then.
    package func schedule(_ timer: Timer, at time: Duration, for node: Int) {
        schedule(timer, after: time - now, at: node)
    }

    // MARK: - The run

    /// The next event before `deadline`; nil and the clock at `deadline` if there is none.
    package func next(before deadline: Duration) -> Event? {
        if let node = leaving {
            leaving = nil
            crash(node)
        }
        let limit = deadline.wholeNanoseconds
        while let time = queue.nextTime, time < limit, let (_, entry) = queue.pop() {
            nanoseconds = time
            if let event = take(entry) {
                eventCount += 1
                return event
            }
        }
        nanoseconds = max(nanoseconds, limit)
        return nil
    }

    private func take(_ entry: Entry) -> Event? {
        switch entry {
        case .message(let message, let from, let to, let byteCount, let onLine):
            let node = Int(to)
            guard running[node] else {
                droppedMessages += 1
                return nil
            }
            let wireBytes = NodeTraffic.wireBytes(Int(byteCount))
            if onLine, let arrival = lines?.arrive(node, byteCount: wireBytes, at: nanoseconds) {
                queue.push(.message(message, from: from, to: to, byteCount: byteCount, onLine: false), at: arrival)
                return nil
            }
            if deferred(entry, of: node) { return nil }
            traffic[node].messagesIn += 1
            traffic[node].bytesIn += wireBytes
            return .delivered(message, from: Int(from), to: node)
        case .timer(let timer, let node, let life):
            guard node >= 0 else { return .timer(timer, node: Int(node)) }
            guard running[Int(node)], lives[Int(node)] == life, !deferred(entry, of: Int(node)) else { return nil }
            return .timer(timer, node: Int(node))
        case .stop(let node, let life):
            guard running[Int(node)], lives[Int(node)] == life else { return nil }
            return stop(Int(node))
        case .start(let node):
            guard !running[Int(node)] else { return nil }
            start(Int(node))
            return .returned(Int(node), fresh: churnRandom.chance(options.freshReturns))
        }
    }

    private func stop(_ node: Int) -> Event {
        let inOrder = !churnRandom.chance(options.crashes)
        if inOrder { leaving = node } else { crash(node) }
        let downtime = churnRandom.exponential(mean: options.meanDowntimeSeconds)
        queue.push(.start(Int32(node)), at: nanoseconds + Int64(downtime * 1e9) + 1)
        return .stopped(node, inOrder: inOrder)
    }

    private func scheduleStop(of node: Int) {
        guard let seconds = churn.lifetime(using: &churnRandom) else { return }
        queue.push(.stop(Int32(node), life: lives[node]), at: nanoseconds + Int64(seconds * 1e9))
    }

    /// Puts `entry` off until a slow node wakes.
    private func deferred(_ entry: Entry, of node: Int) -> Bool {
        guard let end = pauses.end(of: node, at: nanoseconds) else { return false }
        queue.push(entry, at: end)
        return true
    }

    private func isOpen(_ from: Int, _ to: Int) -> Bool {
        for cut in cuts where cut.separates(from, to, at: nanoseconds) { return false }
        return options.oneWayBlocks == 0 || SimulationRandom.unit(of: pairKey, from, to) >= options.oneWayBlocks
    }
}

extension Duration {
    /// Nanoseconds, at the nearest end of what 64 bits hold.
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if isOver { return seconds < 0 ? .min / 2 : .max / 2 }
        return min(max(product, .min / 2), .max / 2) + attoseconds / 1_000_000_000
    }

    /// As `wholeNanoseconds`, and one more for a rest.
    fileprivate var nanosecondsRoundedUp: Int64 {
        wholeNanoseconds + (components.attoseconds % 1_000_000_000 > 0 ? 1 : 0)
    }

    /// Seconds with their fraction.
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
