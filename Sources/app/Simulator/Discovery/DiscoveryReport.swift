import Discovery

/// How lookups went, and what publishing cost.
package struct DiscoveryReport: SimulationReport, Codable, Equatable {
    package var options: DiscoverySimulation.Options
    /// Lookups of blobs that a running honest node had, by nodes that ran to the end of them.
    package var lookups: Int
    /// The share of them that found a provider which ran and had the blob.
    package var success: Double
    /// Those of keys that malicious nodes have gathered around.
    package var targetedLookups: Int
    package var targetedSuccess: Double
    /// Until the first such provider was known, in seconds, and in answers in a row.
    package var seconds: Distribution
    package var rounds: Distribution
    /// Until the lookup was over or the asker had a provider that proved itself, in seconds.
    package var durations: Distribution
    /// Nodes that a lookup asked, and its bytes on the wire in both directions.
    package var asked: Distribution
    package var bytesPerLookup: Distribution
    /// Records that a running honest node holds for others, at the end.
    package var records: Distribution
    /// What a node sends and receives in a second, all in all and without lookups.
    package var bytesPerSecond: Double
    package var upkeepBytesPerSecond: Double
    package var refusedRecords: Int
    package var forgeries: Int
    package var events: Int
    package var violations: [String]
    /// The plot's curve: seconds until the first provider.
    package var curve: [Plot.Point]

    /// The promise of the design: this share of lookups finds a provider that is there.
    package static let promisedSuccess = 0.99

    init(options: DiscoverySimulation.Options, world: DiscoveryWorld) {
        let results = world.results
        self.options = options
        lookups = results.asked.count
        success = DiscoveryReport.share(lookups - results.failed, lookups)
        targetedLookups = results.targeted
        targetedSuccess = DiscoveryReport.share(results.targeted - results.targetedFailed, results.targeted)
        seconds = Distribution(results.seconds)
        rounds = Distribution(results.rounds)
        durations = Distribution(results.durations)
        asked = Distribution(results.asked)
        bytesPerLookup = Distribution(results.bytes)
        let honest = world.peers.indices.filter { world.map.malice[$0] == nil && world.network.isRunning($0) }
        records = Distribution(honest.map { Double(world.peers[$0].store.count) })
        let nodeSeconds = Double(options.network.nodes) * options.durationSeconds
        let total = Double(world.network.traffic.reduce(0) { $0 + $1.bytesOut + $1.bytesIn })
        bytesPerSecond = total / nodeSeconds
        // Each of a lookup's bytes is sent by one node and received by another.
        upkeepBytesPerSecond = max(0, total - 2 * results.bytes.reduce(0, +)) / nodeSeconds
        refusedRecords = results.refusedRecords
        forgeries = results.forgeries
        events = world.network.eventCount
        curve = Distribution.cumulative(results.seconds)
        violations = []
        if success < DiscoveryReport.promisedSuccess {
            violations.append(
                "\(Figure.share(success)) of lookups found a live provider; at least "
                    + "\(Figure.share(DiscoveryReport.promisedSuccess)) are promised")
        }
        if options.knownShare == 1, options.stalenessSeconds <= 60, rounds.median > 1 {
            violations.append(
                "The median lookup took \(rounds.median) round trips; one is promised while views are fresh")
        }
    }

    private static func share(_ part: Int, _ whole: Int) -> Double { whole > 0 ? Double(part) / Double(whole) : 1 }

    package var rows: [[String]] {
        [
            ["figure", "value", "p95", "p99"],
            ["lookups", "\(lookups)", "", ""],
            ["found a live provider", Figure.share(success), "", ""],
            ["… of keys under attack", targetedLookups > 0 ? Figure.share(targetedSuccess) : "–", "", ""],
            row("round trips to the first", rounds) { Figure.number($0, digits: 0) },
            row("time to the first", seconds, Figure.seconds),
            row("time to the end", durations, Figure.seconds),
            row("nodes asked", asked) { Figure.number($0, digits: 0) },
            row("bytes a lookup", bytesPerLookup) { Figure.number($0, digits: 0) },
            row("records a node holds", records) { Figure.number($0, digits: 0) },
            ["traffic a node", Figure.rate(bytesPerSecond), "", ""],
            ["… without lookups", Figure.rate(upkeepBytesPerSecond), "", ""],
            ["records refused", "\(refusedRecords)", "", ""],
            ["forged answers noticed", "\(forgeries)", "", ""],
        ]
    }

    private func row(_ name: String, _ values: Distribution, _ format: (Double) -> String) -> [String] {
        [name, format(values.median), format(values.p95), format(values.p99)]
    }

    package var plot: Plot {
        Plot(
            title: "Lookups: time until a live provider is known",
            note: "\(options.network.nodes) nodes, \(Figure.share(options.knownShare)) of them known, "
                + "seed \(options.network.seed)",
            x: Plot.Axis("ms", isLogarithmic: true), y: Plot.Axis("share of lookups", range: 0...1),
            series: [
                Plot.Series(
                    name: "found", points: curve.map { Plot.Point($0.x * 1_000, $0.y * success) })
            ])
    }
}
