/// How fetches went, by case and policy.
package struct ExchangeReport: SimulationReport, Codable, Equatable {
    /// All rounds of one case with one policy.
    package struct Result: Codable, Equatable, Sendable {
        package var name: String
        package var policy: ExchangeSimulation.Policy
        /// Completion time over that of all honest lines together; only fetches that completed.
        package var slowdown: Distribution
        package var unfinished: Int
        /// Bytes received beyond the blob, as a share of the blob.
        package var wastedShare: Double
        package var hedgesAFetch: Double
        /// Times in which a reader at 0.8 of the ideal rate had to wait, and how long together, a fetch.
        package var stallsAFetch: Double
        package var stallSecondsAFetch: Double
        /// Providers that sent a wrong block, and those that were asked on in spite of it.
        package var wrongProviders: Int
        package var wrongBlocks: Int

        init(_ name: String, _ policy: ExchangeSimulation.Policy, _ outcomes: [FetchRun.Outcome], blobBytes: Int) {
            self.name = name
            self.policy = policy
            let rounds = Double(max(1, outcomes.count))
            slowdown = Distribution(
                outcomes.compactMap { outcome in outcome.seconds.map { $0 / outcome.idealSeconds } })
            unfinished = outcomes.count { $0.seconds == nil }
            let blocks = max(1, (blobBytes + FetchRun.blockBytes - 1) / FetchRun.blockBytes) * FetchRun.blockBytes
            let wasted = outcomes.map { Double(max(0, $0.receivedBytes - blocks)) / Double(blocks) }
            wastedShare = wasted.reduce(0, +) / rounds
            hedgesAFetch = outcomes.map { Double($0.hedges) }.reduce(0, +) / rounds
            stallsAFetch = outcomes.map { Double($0.stalls) }.reduce(0, +) / rounds
            stallSecondsAFetch = outcomes.map(\.stallSeconds).reduce(0, +) / rounds
            wrongProviders = outcomes.map(\.wrongProviders).reduce(0, +)
            wrongBlocks = outcomes.map(\.wrongBlocks).reduce(0, +)
        }
    }

    package var options: ExchangeSimulation.Options
    package var results: [Result]

    package var rows: [[String]] {
        let headings = [
            "case", "policy", "time / ideal", "p95", "wasted", "hedges", "stalls", "stalled", "liars", "wrong blocks",
            "unfinished",
        ]
        return [headings]
            + results.map { result in
                [
                    result.name, result.policy.rawValue, Figure.number(result.slowdown.median, digits: 2),
                    Figure.number(result.slowdown.p95, digits: 2), Figure.share(result.wastedShare),
                    Figure.number(result.hedgesAFetch, digits: 1), Figure.number(result.stallsAFetch, digits: 1),
                    Figure.seconds(result.stallSecondsAFetch), "\(result.wrongProviders)", "\(result.wrongBlocks)",
                    "\(result.unfinished)",
                ]
            }
    }

    /// A fetch by `FetchPlan` must complete whenever somebody honest has the blob.
    package var violations: [String] {
        results.filter { $0.policy != .roundRobin && $0.unfinished > 0 }.map {
            "\($0.unfinished) of \(options.rounds) fetches did not complete (\($0.name), \($0.policy.rawValue))"
        }
    }

    package var plot: Plot {
        let names = ExchangeSimulation.cases.map(\.name)
        let series = ExchangeSimulation.Policy.allCases.map { policy in
            Plot.Series(
                name: policy.rawValue,
                points: names.enumerated().compactMap { index, name in
                    results.first { $0.name == name && $0.policy == policy && $0.slowdown.count > 0 }
                        .map { Plot.Point(Double(index), $0.slowdown.median) }
                })
        }
        return Plot(
            title: "Time to fetch a blob, by fault and policy",
            note: "\(options.network.nodes - 1) providers, \(options.blobBytes >> 20) MiB, "
                + "\(options.rounds) rounds, seed \(options.network.seed)",
            x: Plot.Axis("fault of some providers"), y: Plot.Axis("times the ideal (median)"),
            marks: .bars(names), series: series)
    }
}
