/// What a simulation found out; its encoding is what `skerry simulate … --json` prints.
package protocol SimulationReport: Encodable, Sendable {
    /// A table for people: headings first, then a row a figure.
    var rows: [[String]] { get }
    /// What the network promises and the run broke; empty if all is well.
    var violations: [String] { get }
    /// The picture that says more than the table.
    var plot: Plot { get }
}

/// Figures as the reports' tables show them.
package enum Figure {
    package static func seconds(_ value: Double) -> String {
        value < 1 ? "\(number(value * 1_000, digits: 0)) ms" : "\(number(value, digits: 1)) s"
    }

    package static func share(_ value: Double) -> String { "\(number(value * 100, digits: 2)) %" }

    package static func rate(_ bytesPerSecond: Double) -> String {
        bytesPerSecond < 1e6
            ? "\(number(bytesPerSecond / 1e3, digits: 2)) kB/s" : "\(number(bytesPerSecond / 1e6, digits: 2)) MB/s"
    }

    /// `value` with `digits` decimal places; the same text in every locale.
    package static func number(_ value: Double, digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        var scale = 1
        for _ in 0..<max(0, min(digits, 3)) { scale *= 10 }
        let rounded = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && rounded != 0 ? "-" : ""
        guard scale > 1 else { return "\(sign)\(rounded)" }
        let fraction = String(rounded % scale)
        let zeros = String(repeating: "0", count: String(scale).count - 1 - fraction.count)
        return "\(sign)\(rounded / scale).\(zeros)\(fraction)"
    }
}
