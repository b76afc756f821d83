import CoreMetrics
import Synchronization

/// A value that only grows.
final class CounterSeries: CounterHandler, Sendable {
    private let total = Atomic<Int64>(0)

    var value: Int64 { total.load(ordering: .relaxed) }

    func increment(by amount: Int64) { total.add(amount, ordering: .relaxed) }

    func reset() { total.store(0, ordering: .relaxed) }
}

/// A value that goes up and down.
final class GaugeSeries: RecorderHandler, MeterHandler, Sendable {
    private let current = Mutex(0.0)

    var value: Double { current.withLock { $0 } }

    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { current.withLock { $0 = value } }
    func increment(by amount: Double) { current.withLock { $0 += amount } }
    func decrement(by amount: Double) { current.withLock { $0 -= amount } }
}

/// A distribution in cumulative buckets, from 100 µs to 100 s when it measures seconds.
final class HistogramSeries: RecorderHandler, TimerHandler, Sendable {
    private struct State {
        var buckets = [UInt64](repeating: 0, count: HistogramSeries.bounds.count)
        var count: UInt64 = 0
        var sum = 0.0
    }

    private static let bounds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100,
    ]

    /// What a recorded integer is multiplied with: 1e-9 turns nanoseconds into seconds.
    private let scale: Double
    private let state = Mutex(State())

    init(scale: Double) { self.scale = scale }

    func record(_ value: Int64) { observe(Double(value) * scale) }
    func record(_ value: Double) { observe(value) }
    func recordNanoseconds(_ duration: Int64) { observe(Double(duration) * scale) }

    private func observe(_ value: Double) {
        state.withLock { state in
            if let index = HistogramSeries.bounds.firstIndex(where: { value <= $0 }) { state.buckets[index] += 1 }
            state.count += 1
            state.sum += value
        }
    }

    func render(_ series: Series, into output: inout String) {
        let (buckets, count, sum) = state.withLock { ($0.buckets, $0.count, $0.sum) }
        var cumulative: UInt64 = 0
        for (bound, bucket) in zip(HistogramSeries.bounds, buckets) {
            cumulative += bucket
            output += "\(series.name)_bucket\(series.labels("le=\"\(bound)\"")) \(cumulative)\n"
        }
        output += "\(series.name)_bucket\(series.labels("le=\"+Inf\"")) \(count)\n"
        output += "\(series.name)_sum\(series.labels()) \(sum)\n"
        output += "\(series.name)_count\(series.labels()) \(count)\n"
    }
}
