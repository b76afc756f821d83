import Foundation

/// How long nodes run.
struct Churn {
    private let meanSeconds: Double?

    init(_ options: NetworkOptions) {
        meanSeconds = options.churnPerHour > 0 ? -3_600 / log(1 - options.churnPerHour) : nil
    }

    /// Seconds until a node that starts now stops; nil: never.
    func lifetime(using random: inout SimulationRandom) -> Double? {
        meanSeconds.map { min(random.exponential(mean: $0), NetworkOptions.maxSeconds * 10) }
    }
}

/// When slow nodes stand still: each in its own rhythm.
struct Pauses {
    private let phases: [Int64?]
    private let pause: Int64
    private let period: Int64

    init(_ options: NetworkOptions) {
        pause = Int64(options.slowPauseSeconds * 1e9)
        period = max(1, Int64(options.slowPeriodSeconds * 1e9))
        guard options.slowNodes > 0 else {
            phases = []
            return
        }
        var random = SimulationRandom(seed: options.seed, purpose: "slow nodes")
        let slow = random.sample(Int((options.slowNodes * Double(options.nodes)).rounded()), of: options.nodes)
        var phases = [Int64?](repeating: nil, count: options.nodes)
        for node in slow { phases[node] = Int64(random.unit() * Double(period)) }
        self.phases = phases
    }

    func isSlow(_ node: Int) -> Bool { !phases.isEmpty && phases[node] != nil }

    /// The end of the pause in which `node` is at `time`; nil if it works.
    func end(of node: Int, at time: Int64) -> Int64? {
        guard !phases.isEmpty, let phase = phases[node] else { return nil }
        let inPeriod = (time + phase) % period
        return inPeriod < pause ? time + pause - inPeriod : nil
    }
}

/// A partition with its members as bits.
struct Cut {
    private let isOnIsland: [Bool]
    private let from: Int64
    private let until: Int64

    init(_ partition: NetworkOptions.Partition, nodes: Int) {
        var members = [Bool](repeating: false, count: nodes)
        for node in partition.island { members[node] = true }
        isOnIsland = members
        from = Int64(partition.fromSeconds * 1e9)
        until = Int64(partition.untilSeconds * 1e9)
    }

    func separates(_ first: Int, _ second: Int, at time: Int64) -> Bool {
        time >= from && time < until && isOnIsland[first] != isOnIsland[second]
    }
}

/// The lines of the nodes: each carries one byte after the other, in the order in which they came.
struct Lines {
    private var up: [(rate: Double, freeAt: Int64)]
    private var down: [(rate: Double, freeAt: Int64)]

    init(_ bandwidth: NetworkOptions.Bandwidth, nodes: Int, seed: UInt64) {
        var random = SimulationRandom(seed: seed, purpose: "bandwidth")
        up = []
        down = []
        for _ in 0..<nodes {
            let factor = random.logNormal(median: 1, sigma: bandwidth.sigma)
            up.append((max(1, bandwidth.medianUp * factor), 0))
            down.append((max(1, bandwidth.medianDown * factor), 0))
        }
    }

    /// When the last byte has left the node.
    mutating func leave(_ node: Int, byteCount: Int, at time: Int64) -> Int64 {
        let end = max(time, up[node].freeAt) + Int64(Double(byteCount) / up[node].rate * 1e9)
        up[node].freeAt = end
        return end
    }

    /// When the last byte has come in.
    mutating func arrive(_ node: Int, byteCount: Int, at time: Int64) -> Int64 {
        let end = max(time, down[node].freeAt) + Int64(Double(byteCount) / down[node].rate * 1e9)
        down[node].freeAt = end
        return end
    }

    func rates(of node: Int) -> (up: Double, down: Double) { (up[node].rate, down[node].rate) }

    mutating func setRates(of node: Int, up upRate: Double, down downRate: Double) {
        up[node].rate = max(1, upRate)
        down[node].rate = max(1, downRate)
    }
}
