/// How well nodes knew about each other.
package struct MembershipReport: SimulationReport, Codable, Equatable {
    /// Every honest node knows of a crash after this time, with as many nodes as can be simulated.
    package static let promisedSeconds = 180.0

    /// A named curve of a plot.
    package struct Curve: Codable, Equatable, Sendable {
        package var name: String
        package var points: [Plot.Point]
    }

    /// How far estimates of round trips are off, as shares of the true ones, at one time.
    package struct CoordinateError: Codable, Equatable, Sendable {
        package var seconds: Double
        package var median: Double
        package var p90: Double
    }

    package var options: MembershipSimulation.Options
    /// Crashes that happened, those of the churn among them.
    package var crashes = 0
    /// Seconds from a crash until the first node, each node, and the last node believed it.
    package var firstDetection = Distribution([])
    package var detection = Distribution([])
    package var lastDetection = Distribution([])
    /// Pairs of a crash and an honest node that knew of it after `promisedSeconds` only, or did not when the run ended.
    package var late = 0
    /// Times that an honest node believed an honest, running, reachable one dead; and where one of both was slow.
    package var falseDeaths = 0
    package var falseDeathsOfSlow = 0
    package var suspicions = 0
    package var refutations = 0
    /// What a node sends, on the wire.
    package var bytesASecond = Distribution([])
    package var messagesASecond = Distribution([])
    /// For each partition that healed: seconds until all honest nodes saw each other again.
    package var healingSeconds: [Double] = []
    package var coordinateErrors: [CoordinateError] = []
    package var detectionCurves: [Curve] = []
    package var events = 0

    init(_ options: MembershipSimulation.Options) { self.options = options }

    /// False deaths for each node and hour.
    package var falseDeathsANodeHour: Double {
        Double(falseDeaths + falseDeathsOfSlow) / (Double(options.network.nodes) * options.durationSeconds / 3_600)
    }

    package var rows: [[String]] {
        func row(_ name: String, _ values: Distribution, _ text: (Double) -> String) -> [String] {
            [name, text(values.median), text(values.p99), text(values.most)]
        }
        let count = options.network.nodes
        var rows = [
            ["figure", "median", "p99", "most"],
            row("crash known to the first node", firstDetection, Figure.seconds),
            row("crash known to a node", detection, Figure.seconds),
            row("crash known to all nodes", lastDetection, Figure.seconds),
            row("bytes sent a node", bytesASecond, Figure.rate),
            row("messages sent a node", messagesASecond) { "\(Figure.number($0, digits: 2))/s" },
            ["crashes", "\(crashes)"],
            ["known later than \(Figure.seconds(Self.promisedSeconds))", "\(late)"],
            ["false deaths", "\(falseDeaths)"],
            ["false deaths, one of both slow", "\(falseDeathsOfSlow)"],
            ["false deaths a node and hour", Figure.number(falseDeathsANodeHour, digits: 3)],
            ["suspicions a node", Figure.number(Double(suspicions) / Double(count), digits: 1)],
            ["refutations a node", Figure.number(Double(refutations) / Double(count), digits: 1)],
        ]
        for (number, seconds) in healingSeconds.enumerated() {
            rows.append(["partition \(number + 1) healed after", Figure.seconds(seconds)])
        }
        for sample in errorsToShow {
            rows.append([
                "coordinate error after \(Figure.seconds(sample.seconds))", Figure.share(sample.median), "",
                "p90 \(Figure.share(sample.p90))",
            ])
        }
        return rows
    }

    package var violations: [String] {
        var violations: [String] = []
        let network = options.network
        let isCalm = network.slowNodes == 0 && network.oneWayBlocks == 0 && network.partitions.isEmpty
        if isCalm, network.loss <= 0.01, network.churnPerHour == 0, falseDeaths > 0 {
            violations.append("\(falseDeaths) false deaths")
        }
        if late > 0, isCalm {
            violations.append(
                "\(late) nodes × crashes took longer than \(Figure.seconds(Self.promisedSeconds))")
        }
        return violations
    }

    package var plot: Plot {
        Plot(
            title: "Time until nodes know of a crash",
            note: "\(options.network.nodes) nodes, \(crashes) crashes, loss \(Figure.share(options.network.loss)), "
                + "liars \(Figure.share(options.network.malicious)), seed \(options.network.seed)",
            x: Plot.Axis("seconds after the crash"), y: Plot.Axis("share known", range: 0...1),
            series: detectionCurves.map { Plot.Series(name: $0.name, points: $0.points) })
    }

    /// The samples after one, two, four … periods.
    private var errorsToShow: [CoordinateError] {
        coordinateErrors.enumerated().filter { ($0.offset + 1) & $0.offset == 0 }.map(\.element)
    }
}
