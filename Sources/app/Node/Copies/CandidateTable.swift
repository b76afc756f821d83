import Identity
import Ledger
import Placement

/// The candidates of names, which change only with who takes part.
struct CandidateTable: Sendable {
    private var nodes: [NodeID] = []
    private var count = 0
    private var known: [AppName: [NodeID]] = [:]

    /// Forgets everything if it was about others.
    mutating func use(_ nodes: [NodeID], count: Int) {
        guard nodes != self.nodes || count != self.count else { return }
        (self.nodes, self.count, known) = (nodes, count, [:])
    }

    /// In order of preference.
    mutating func candidates(of name: AppName) -> [NodeID] {
        if let candidates = known[name] { return candidates }
        let candidates = Rendezvous.candidates(nodes, for: name.description, count: count)
        known[name] = candidates
        return candidates
    }

    mutating func keepOnly(_ names: Set<AppName>) {
        if known.count > names.count { known = known.filter { names.contains($0.key) } }
    }
}
