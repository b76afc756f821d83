import Metrics
import NIOCore

/// The gateway's metrics, made once so that counting costs no lookup.
final class GatewayMetrics: Sendable {
    private static let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"]

    private let requests: [Counter]
    private let durations: [Metrics.Timer]
    private let bytesOut: Counter
    private let connections: Gauge
    private let refused: Counter
    private let broken: Counter

    init() {
        requests = RequestKind.allCases.flatMap { kind in
            GatewayMetrics.classes.map { name in
                Counter(
                    label: "skerry_gateway_requests_total", dimensions: [("kind", "\(kind)"), ("status", name)])
            }
        }
        durations = RequestKind.allCases.map {
            Metrics.Timer(label: "skerry_gateway_request_duration", dimensions: [("kind", "\($0)")])
        }
        bytesOut = Counter(label: "skerry_gateway_body_bytes_total")
        connections = Gauge(label: "skerry_gateway_connections")
        refused = Counter(label: "skerry_gateway_connections_refused_total")
        broken = Counter(label: "skerry_gateway_bodies_broken_total")
    }

    func answered(_ kind: RequestKind, status: Int, bodyBytes: Int, nanoseconds: Int64) {
        let statusClass = min(max(status / 100, 1), GatewayMetrics.classes.count) - 1
        requests[kind.rawValue * GatewayMetrics.classes.count + statusClass].increment()
        durations[kind.rawValue].recordNanoseconds(nanoseconds)
        bytesOut.increment(by: bodyBytes)
    }

    func connectionCount(_ count: Int) { connections.record(count) }
    func connectionRefused() { refused.increment() }
    /// A body whose connection was closed before its end.
    func bodyBroken() { broken.increment() }
}
