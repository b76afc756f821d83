/// What a set of measurements looks like; all figures are 0 if there are none.
package struct Distribution: Codable, Equatable, Sendable {
    package var count = 0
    package var mean = 0.0
    package var least = 0.0
    package var p5 = 0.0
    package var median = 0.0
    package var p90 = 0.0
    package var p95 = 0.0
    package var p99 = 0.0
    package var most = 0.0

    /// Summarises `samples` in any order; what is not finite is left out. Percentiles are measured values (nearest rank).
    package init(_ samples: [Double]) {
        let sorted = samples.filter(\.isFinite).sorted()
        guard let first = sorted.first, let last = sorted.last else { return }
        count = sorted.count
        mean = sorted.reduce(0, +) / Double(sorted.count)
        least = first
        most = last
        p5 = Self.percentile(5, of: sorted)
        median = Self.percentile(50, of: sorted)
        p90 = Self.percentile(90, of: sorted)
        p95 = Self.percentile(95, of: sorted)
        p99 = Self.percentile(99, of: sorted)
    }

    /// The share of `samples` at or below each of up to `limit` values, for a plot.
    package static func cumulative(_ samples: [Double], limit: Int = 200) -> [Plot.Point] {
        let sorted = samples.filter(\.isFinite).sorted()
        guard let first = sorted.first, limit > 1 else { return [] }
        let steps = min(limit, sorted.count)
        var points = [Plot.Point(first, 0)]
        for step in 1...steps {
            let rank = step * sorted.count / steps
            points.append(Plot.Point(sorted[rank - 1], Double(rank) / Double(sorted.count)))
        }
        return points
    }

    private static func percentile(_ percent: Int, of sorted: [Double]) -> Double {
        let rank = (percent * sorted.count + 99) / 100
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }
}
