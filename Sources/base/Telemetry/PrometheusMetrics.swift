public import CoreMetrics
import Synchronization

/// A swift-metrics backend that renders the Prometheus text exposition format, version 0.0.4.
///
/// Handlers are shared: two counters with one label and the same dimensions are one time series. Bounded by
/// ``maxSeries``; series beyond that are dropped, so that a label made from outside input cannot exhaust memory.
public final class PrometheusMetrics: MetricsFactory, Sendable {
    /// Time series that are kept.
    public static let maxSeries = 10_000

    private struct State {
        var counters: [Series: CounterSeries] = [:]
        var gauges: [Series: GaugeSeries] = [:]
        var histograms: [Series: HistogramSeries] = [:]
        var count: Int { counters.count + gauges.count + histograms.count }
    }

    private let state = Mutex(State())

    public init() {}

    // MARK: MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        state.withLock { state in
            let series = Series(label, dimensions)
            if let known = state.counters[series] { return known }
            let made = CounterSeries()
            if state.count < PrometheusMetrics.maxSeries { state.counters[series] = made }
            return made
        }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(label, dimensions, scale: 1) : gauge(label, dimensions)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions, scale: 1e-9)
    }

    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries {
        state.withLock { state in
            let series = Series(label, dimensions)
            if let known = state.gauges[series] { return known }
            let made = GaugeSeries()
            if state.count < PrometheusMetrics.maxSeries { state.gauges[series] = made }
            return made
        }
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)], scale: Double) -> HistogramSeries {
        state.withLock { state in
            let series = Series(label, dimensions)
            if let known = state.histograms[series] { return known }
            let made = HistogramSeries(scale: scale)
            if state.count < PrometheusMetrics.maxSeries { state.histograms[series] = made }
            return made
        }
    }

    // MARK: Rendering

    /// All series as Prometheus text, sorted by name and labels.
    public func render() -> String {
        let (counters, gauges, histograms) = state.withLock { ($0.counters, $0.gauges, $0.histograms) }
        var output = ""
        var described: Set<String> = []
        func describe(_ name: String, _ type: String) {
            guard described.insert(name).inserted else { return }
            if let text = MetricTexts.all[name] { output += "# HELP \(name) \(text)\n" }
            output += "# TYPE \(name) \(type)\n"
        }
        for (series, counter) in counters.sorted(by: { $0.key < $1.key }) {
            describe(series.name, "counter")
            output += "\(series.name)\(series.labels()) \(counter.value)\n"
        }
        for (series, gauge) in gauges.sorted(by: { $0.key < $1.key }) {
            describe(series.name, "gauge")
            output += "\(series.name)\(series.labels()) \(gauge.value)\n"
        }
        for (series, histogram) in histograms.sorted(by: { $0.key < $1.key }) {
            describe(series.name, "histogram")
            histogram.render(series, into: &output)
        }
        return output
    }
}
