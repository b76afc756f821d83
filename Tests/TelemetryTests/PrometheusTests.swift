import CoreMetrics
import Telemetry
import Testing

@Suite("Prometheus metrics")
struct PrometheusTests {
    @Test("Counters, gauges and timers are rendered in the text format")
    func rendering() {
        let metrics = PrometheusMetrics()
        metrics.makeCounter(label: "requests_total", dimensions: [("kind", "site")]).increment(by: 2)
        metrics.makeCounter(label: "requests_total", dimensions: [("kind", "site")]).increment(by: 3)
        metrics.makeCounter(label: "requests_total", dimensions: [("kind", "blob")]).increment(by: 1)
        metrics.makeRecorder(label: "connections", dimensions: [], aggregate: false).record(Int64(7))
        metrics.makeTimer(label: "duration_seconds", dimensions: []).recordNanoseconds(3_000_000)
        let text = metrics.render()
        #expect(
            text.contains(
                "# TYPE requests_total counter\nrequests_total{kind=\"blob\"} 1\nrequests_total{kind=\"site\"} 5\n"))
        #expect(text.contains("# TYPE connections gauge\nconnections 7.0\n"))
        #expect(text.contains("duration_seconds_bucket{le=\"0.0025\"} 0\n"))
        #expect(text.contains("duration_seconds_bucket{le=\"0.005\"} 1\n"))
        #expect(text.contains("duration_seconds_bucket{le=\"+Inf\"} 1\n"))
        #expect(text.contains("duration_seconds_count 1\n"))
    }

    @Test("A metric of ours says what it counts, once")
    func texts() {
        let metrics = PrometheusMetrics()
        for kind in ["site", "blob"] {
            metrics.makeCounter(label: "skerry_ledger_transactions_total", dimensions: [("outcome", kind)])
                .increment(by: 1)
        }
        let lines = metrics.render().split(separator: "\n")
        #expect(lines.count == 4 && lines[0].hasPrefix("# HELP skerry_ledger_transactions_total Transactions"))
        #expect(lines[1] == "# TYPE skerry_ledger_transactions_total counter")
    }

    @Test("Names and label values from outside cannot break the format")
    func escaping() {
        let metrics = PrometheusMetrics()
        metrics.makeCounter(label: "a b\n", dimensions: [("x-y", "q\"\\\n")]).increment(by: 1)
        #expect(metrics.render() == "# TYPE a_b_ counter\na_b_{x_y=\"q\\\"\\\\\\n\"} 1\n")
    }

    @Test("The number of series is bounded: at the limit all are kept, one more is counted but not kept")
    func bounded() {
        let metrics = PrometheusMetrics()
        for index in 0...PrometheusMetrics.maxSeries {
            metrics.makeCounter(label: "c", dimensions: [("i", "\(index)")]).increment(by: 1)
        }
        #expect(metrics.render().split(separator: "\n").count == PrometheusMetrics.maxSeries + 1)
    }
}
