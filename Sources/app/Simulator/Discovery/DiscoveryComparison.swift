/// Two networks of different sizes, and what a node of the larger one holds and sends against one of the smaller.
package struct DiscoveryComparison: SimulationReport, Codable, Equatable {
    /// A figure in both networks.
    package struct Growth: Codable, Equatable, Sendable {
        package var name: String
        package var base: Double
        package var value: Double
        /// `value` over `base`; nil if that is 0.
        package var ratio: Double?

        init(_ name: String, _ base: Double, _ value: Double) {
            self.name = name
            self.base = base
            self.value = value
            ratio = base > 0 ? value / base : nil
        }
    }

    /// The network that the other one is compared with.
    package var base: DiscoveryReport
    package var report: DiscoveryReport
    /// Records that a node holds, by number; then bytes a second that it sends and receives.
    package var growth: [Growth]

    /// The promise of the design: what a node holds and what that costs it does not grow with the network. Chance and
    /// churn are allowed this factor.
    package static let promisedRatio = 1.5
    /// In smaller networks a key has fewer replicas, or nearly every node is one.
    package static let leastNodes = 100

    /// Both should differ in their number of nodes alone, and look up equally often by node.
    package init(base: DiscoveryReport, report: DiscoveryReport) {
        self.base = base
        self.report = report
        growth = [
            Growth("records a node holds, median", base.records.median, report.records.median),
            Growth("records a node holds, p99", base.records.p99, report.records.p99),
            Growth("traffic without lookups, B/s", base.upkeepBytesPerSecond, report.upkeepBytesPerSecond),
            Growth("traffic, B/s", base.bytesPerSecond, report.bytesPerSecond),
        ]
    }

    package var rows: [[String]] {
        report.rows + [["", "", "", ""], ["a node", size(base), size(report), "ratio"]]
            + growth.map { figure in
                [
                    figure.name, Figure.number(figure.base, digits: 1), Figure.number(figure.value, digits: 1),
                    figure.ratio.map { Figure.number($0, digits: 2) } ?? "–",
                ]
            }
    }

    package var violations: [String] {
        var violations =
            base.violations.map { "\(size(base)): \($0)" } + report.violations.map { "\(size(report)): \($0)" }
        guard min(base.options.network.nodes, report.options.network.nodes) >= DiscoveryComparison.leastNodes else {
            return violations
        }
        for figure in growth {
            guard let ratio = figure.ratio, ratio > DiscoveryComparison.promisedRatio else { continue }
            violations.append(
                "\(figure.name) grew \(Figure.number(ratio, digits: 2)) times from \(size(base)) to \(size(report)); "
                    + "at most \(Figure.number(DiscoveryComparison.promisedRatio, digits: 1)) times are promised")
        }
        return violations
    }

    package var plot: Plot {
        let ratios = growth.map { $0.ratio.map { "× " + Figure.number($0, digits: 2) } ?? "–" }
        return Plot(
            title: "What a node holds and sends, by the size of the network",
            note: "\(ratios.joined(separator: ", ")); seed \(report.options.network.seed)",
            x: Plot.Axis("records, or bytes a second in both directions"), y: Plot.Axis("a node"),
            marks: .bars(["records, median", "records, p99", "upkeep, B/s", "traffic, B/s"]),
            series: [
                Plot.Series(name: size(base), points: points(\.base)),
                Plot.Series(name: size(report), points: points(\.value)),
            ])
    }

    private func size(_ report: DiscoveryReport) -> String { "\(report.options.network.nodes) nodes" }

    private func points(_ figure: KeyPath<Growth, Double>) -> [Plot.Point] {
        growth.enumerated().map { Plot.Point(Double($0.offset), $0.element[keyPath: figure]) }
    }
}
