import Foundation
import Logging
import Synchronization

/// What was logged.
final class Reports: Sendable {
    struct Line: Sendable {
        let level: Logger.Level
        /// The message and what came with it.
        let text: String
    }

    private let lines = Mutex<[Line]>([])

    func lines(_ level: Logger.Level) -> [String] {
        lines.withLock { $0.filter { $0.level == level }.map(\.text) }
    }

    var handler: any LogHandler { Handler(reports: self) }

    private struct Handler: LogHandler {
        let reports: Reports
        var logLevel = Logger.Level.trace
        var metadata = Logger.Metadata()
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let extra = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0)=\($1)" }.joined()
            reports.lines.withLock { $0.append(Line(level: event.level, text: "\(event.message)\(extra)")) }
        }
    }
}
