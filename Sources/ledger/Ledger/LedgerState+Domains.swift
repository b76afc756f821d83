import Identity

extension LedgerState {
    /// Binds a domain that is free, or moves one between names of the same owner.
    mutating func bind(_ domain: DomainName, to name: AppName, _ account: AccountID) throws(LedgerError) {
        var record = try owned(name, account)
        if let bound = self.domain(domain) {
            guard bound.name != name else {
                throw LedgerError(.alreadyDone, "The domain \(domain) is bound to \(name) already")
            }
            guard var other = self.name(bound.name), other.owner == account else {
                throw LedgerError(
                    .domainTaken, "The domain \(domain) is bound to \(bound.name); its owner must unbind it first")
            }
            other.domainCount -= min(1, other.domainCount)
            nameTable.put(other)
        }
        guard record.domainCount < UInt64(parameters.domainsPerName) else {
            throw LedgerError(
                .limitReached, "The name \(name) has \(record.domainCount) domains; it may have no more, unbind one")
        }
        record.domainCount += 1
        nameTable.put(record)
        domainTable.put(DomainRecord(domain: domain, name: name, boundSequence: sequence &+ 1))
    }

    mutating func unbind(_ domain: DomainName, _ account: AccountID) throws(LedgerError) {
        guard let bound = self.domain(domain) else {
            throw LedgerError(.unknownDomain, "The domain \(domain) is bound to no name")
        }
        var record = try owned(bound.name, account)
        record.domainCount -= min(1, record.domainCount)
        nameTable.put(record)
        domainTable.remove(DomainRecord.path(domain))
    }
}
