import Identity

extension LedgerState {
    /// Walks all tables and checks that no unit was lost or made, and that every count agrees with the rows.
    ///
    /// Takes time and memory in proportion to the state.
    package func audit() -> LedgerAudit {
        var audit = LedgerAudit()
        audit.treasury = chain.treasury
        audit.supply = chain.supply
        var names: [AccountID: UInt64] = [:]
        var domains: [AppName: UInt64] = [:]
        var nodes: [AccountID: UInt64] = [:]
        var channels: [AccountID: UInt64] = [:]
        nameTable.forEach { names[$0.owner, default: 0] += 1 }
        domainTable.forEach { domains[$0.name, default: 0] += 1 }
        nodeTable.forEach { node in
            nodes[node.operatorAccount, default: 0] += 1
            audit.count(\.stakes, node.stake)
            for part in node.unstaking { audit.count(\.unstaking, part.amount) }
            if account(node.operatorAccount) == nil { audit.note("node \(node.id) has an operator that is no account") }
        }
        channelTable.forEach { channel in
            channels[channel.payer, default: 0] += 1
            audit.count(\.escrow, channel.refund)
            if channel.settled > channel.deposit { audit.note("channel \(channel.id) paid more than its deposit") }
            for chain in channel.chains where anchorTable[AnchorRecord.path(chain.anchor)]?.channel != channel.id {
                audit.note("an anchor of channel \(channel.id) is not kept for it")
            }
        }
        nameTable.forEach { name in
            if name.domainCount != domains[name.name] ?? 0 { audit.note("the name \(name.name) miscounts its domains") }
            if account(name.owner) == nil { audit.note("the name \(name.name) has an owner that is no account") }
        }
        for name in domains.keys.sorted() where self.name(name) == nil { audit.note("domains are bound to \(name)") }
        accountTable.forEach { account in
            audit.count(\.balances, account.balance)
            let counts = [account.nameCount, account.nodeCount, account.channelCount]
            if counts != [names, nodes, channels].map({ $0[account.id] ?? 0 }) {
                audit.note("account \(account.id) miscounts its names, nodes or channels")
            }
        }
        audit.finish()
        return audit
    }
}

extension LedgerAudit {
    fileprivate mutating func note(_ problem: String) { problems.append(problem) }

    fileprivate mutating func count(_ sum: WritableKeyPath<LedgerAudit, UInt64>, _ amount: UInt64) {
        let (next, overflow) = self[keyPath: sum].addingReportingOverflow(amount)
        self[keyPath: sum] = next
        if overflow { note("more units than a number holds") }
    }

    fileprivate mutating func finish() {
        var sum: UInt64 = 0
        for amount in [balances, stakes, unstaking, escrow, treasury] {
            let (next, overflow) = sum.addingReportingOverflow(amount)
            sum = next
            if overflow { note("more units than a number holds") }
        }
        if sum != supply { note("\(sum) units are there, but the supply is \(supply)") }
        if supply > NetworkParameters.maxUnits { note("the supply is above \(NetworkParameters.maxUnits)") }
    }
}
