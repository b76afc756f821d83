import ControlModel
import FunctionLogs

/// Brings the records of several nodes together: lines wait for the outcome of their request, so that they stand under
/// it.
actor LogCollector {
    /// How long a line waits for its request's end.
    private static let patience = Duration.seconds(2)
    private static let turn = Duration.milliseconds(250)

    private let printer: LogPrinter
    private let places: StackPlaces
    private var groups = LogGroups()

    init(printer: LogPrinter, places: StackPlaces) {
        self.printer = printer
        self.places = places
    }

    /// Adds what a node answered, without printing.
    func add(_ page: FunctionLogPage) async {
        for record in page.records {
            var record = record
            if record.kind == .line { record.text = await places.rewrite(record.text, release: record.release) }
            groups.add(record, node: page.node, now: .now)
        }
    }

    /// Prints the requests that have ended; in JSON, where nothing is grouped, all records.
    func show() {
        for group in printer.isJSON ? groups.takeAll() : groups.takeComplete() { printer.show(group) }
    }

    /// Prints everything, oldest first.
    func flush() {
        for group in groups.takeAll() { printer.show(group) }
    }

    /// Prints the lines of requests that do not end, until cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: LogCollector.turn)
            for group in groups.takeWaiting(before: .now - LogCollector.patience) { printer.show(group) }
        }
    }
}
