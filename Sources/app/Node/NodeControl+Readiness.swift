import ControlModel
import Identity
import Ledger
import LedgerLog
import Placement

extension NodeControl {
    func readiness(name: String, release: String, waitMillis: Int) async throws -> ReadinessReport {
        guard let name = AppName(name), let release = ReleaseID(release) else {
            return ReadinessReport(replicas: [], ready: [])
        }
        let deadline = ContinuousClock.now + .milliseconds(Int64(waitMillis))
        let (candidates, count) = releases.candidates(of: name)
        var answers: [NodeID: CopyStatus] = [:]
        while true {
            let homes = Rendezvous.replicas(among: candidates, count: count) { answers[$0]?.hasRoom ?? true }
            let asked = homes.filter { answers[$0] == nil }
            if asked.isEmpty {
                let ready = homes.filter { answers[$0]?.isReady == true }
                return ReadinessReport(replicas: homes.map(\.description), ready: ready.sorted().map(\.description))
            }
            // Whoever has no room says so at once; the others stand in within the time that is left.
            let wait = max(.zero, deadline - ContinuousClock.now)
            await withTaskGroup(of: (NodeID, CopyStatus).self) { group in
                for home in asked { group.addTask { (home, await status(of: name, release, at: home, wait: wait)) } }
                for await (home, status) in group { answers[home] = status }
            }
        }
    }

    private func status(
        of name: AppName, _ release: ReleaseID, at replica: NodeID, wait: Duration
    ) async -> CopyStatus {
        if replica == node { return await releases.status(of: name, release, wait: wait) }
        return await copies.status(of: name, release, at: replica, wait: wait) ?? CopyStatus()
    }
}
