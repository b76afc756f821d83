/// Who has noticed which crash, and when.
struct CrashWatch {
    private struct Crash {
        var node: Int
        var seconds: Double
        /// Nodes that have to notice it.
        var open: Set<Int>
        var delays: [Double] = []
        /// It came back before all had noticed.
        var isCensored = false
    }

    private var crashes: [Crash] = []
    /// The crash in which each node is; nil while it runs.
    private var current: [Int?]

    init(nodes: Int) { current = Array(repeating: nil, count: nodes) }

    mutating func onCrash(of node: Int, at seconds: Double, witnesses: [Int]) {
        current[node] = crashes.count
        crashes.append(Crash(node: node, seconds: seconds, open: Set(witnesses)))
    }

    mutating func onDetection(of node: Int, by witness: Int, at seconds: Double) {
        guard let index = current[node], crashes[index].open.remove(witness) != nil else { return }
        crashes[index].delays.append(seconds - crashes[index].seconds)
    }

    /// `node` runs again; what was not noticed never will be.
    mutating func onReturn(of node: Int) {
        guard let index = current[node] else { return }
        crashes[index].isCensored = !crashes[index].open.isEmpty
        current[node] = nil
    }

    /// `node` cannot notice anything any more.
    mutating func onStop(of node: Int) {
        for index in crashes.indices { crashes[index].open.remove(node) }
    }

    func report(into report: inout MembershipReport) {
        let all = crashes.flatMap(\.delays)
        let first = crashes.compactMap { $0.delays.min() }
        let last = crashes.filter { $0.open.isEmpty && !$0.isCensored }.compactMap { $0.delays.max() }
        report.crashes = crashes.count
        report.firstDetection = Distribution(first)
        report.detection = Distribution(all)
        report.lastDetection = Distribution(last)
        report.detectionCurves = [
            .init(name: "first node", points: Distribution.cumulative(first)),
            .init(name: "a node", points: Distribution.cumulative(all)),
            .init(name: "last node", points: Distribution.cumulative(last)),
        ]
        let promise = MembershipReport.promisedSeconds
        for crash in crashes {
            report.late += crash.delays.count { $0 > promise }
            if !crash.isCensored, report.options.durationSeconds - crash.seconds > promise {
                report.late += crash.open.count
            }
        }
    }
}
