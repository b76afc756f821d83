import Functions

/// What `skerry doctor` found.
struct DoctorReport: Encodable {
    enum State: String, Encodable {
        case ok
        /// A node runs, with less.
        case warning
        /// A node does not run, or runs no functions.
        case failed
    }

    struct Check: Encodable {
        var name: String
        var state: State
        /// What was seen; where something is wrong, also what to do.
        var detail: String
    }

    struct Layer: Encodable {
        var name: String
        var active: Bool
        var purpose: String
        /// Why it is missing.
        var reason: String?
    }

    private(set) var checks: [Check] = []
    private(set) var layers: [Layer] = []
    /// Nothing necessary is missing.
    private(set) var canRun = true

    mutating func add(_ name: String, _ state: State, _ detail: String) {
        checks.append(Check(name: name, state: state, detail: detail))
        if state == .failed { canRun = false }
    }

    mutating func add(_ inspected: [WorkerInspection.Layer]) {
        layers = inspected.map { Layer(name: $0.name, active: $0.isActive, purpose: $0.purpose, reason: $0.reason) }
    }

    /// The report as people read it.
    var lines: [String] {
        var lines = Human.table(checks.map { [$0.state.rawValue, $0.name, $0.detail] })
        if !layers.isEmpty {
            lines += ["", "Isolation of workers:"]
            lines += Human.table(
                layers.map { [$0.active ? "active" : "missing", $0.name, $0.reason ?? $0.purpose] })
        }
        let missing = layers.filter { !$0.active }.count
        let verdict =
            canRun
            ? (missing == 0 ? "A node can run here." : "A node can run here, with \(missing) layers missing.")
            : "A node cannot run here as it is."
        return lines + ["", verdict]
    }
}
