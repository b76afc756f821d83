import Identity

extension LedgerState {
    /// Ends an epoch's measurements: everybody who was there gets a new reputation and, as an observer, a new
    /// agreement.
    ///
    /// - Parameter nodes: All, in ascending order of their ids.
    mutating func updateReputation(_ nodes: inout [NodeRecord], endMilliseconds: Int64) {
        let members = nodes.indices.filter { nodes[$0].standing.weight > 0 }
        let places = Dictionary(members.enumerated().map { (nodes[$1].id, $0) }) { first, _ in first }
        var round = ReputationRound(
            members.map { index in
                let node = nodes[index]
                return ReputationRound.Observer(
                    operatorAccount: node.operatorAccount, stake: node.standing.weight,
                    reputation: node.standing.reputation, agreement: node.standing.agreement)
            })
        var reports = [[ReputationRound.Report]](repeating: [], count: members.count)
        reportTable.forEach { (row: ReportRecord) in
            guard let observer = places[row.observer] else { return }
            for observation in row.observations {
                guard let subject = places[observation.subject] else { continue }
                reports[subject].append(ReputationRound.Report(observer: observer, observation: observation))
            }
        }
        let count = Int(parameters.observersPerNode)
        let quorum = EpochRoster.quorum(observerCount: min(count, max(0, members.count - 1)))
        let (elapsed, overflow) = endMilliseconds.subtractingReportingOverflow(chain.epoch.roundStartMilliseconds)
        let length = overflow || elapsed < 0 ? 0 : UInt64(elapsed)
        for (place, index) in members.enumerated() {
            let score = round.score(reports[place], quorum: quorum)
            if nodes[index].isParticipating {
                nodes[index].standing.servedMilliseconds = nodes[index].standing.servedMilliseconds.addingClamped(
                    length)
            }
            let cap = Reputation.cap(servedMilliseconds: nodes[index].standing.servedMilliseconds)
            nodes[index].standing.reputation = min(cap, Reputation.next(nodes[index].standing.reputation, score: score))
        }
        for (place, index) in members.enumerated() {
            nodes[index].standing.agreement = round.agreement(of: place)
        }
    }
}
