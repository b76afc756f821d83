import Identity

extension LedgerState {
    mutating func performOnBalance(_ transaction: SignedTransaction) throws(LedgerError) {
        switch transaction.action {
        case .transfer(let recipient, let amount):
            try transfer(amount, from: try requireAccount(transaction.signer), to: recipient)
        case .mint(let recipient, let amount): try mint(amount, to: recipient, signer: transaction.signer)
        default: throw LedgerError(.unsupported, "This is nothing that is done to balances; update the node")
        }
    }

    private mutating func transfer(
        _ amount: UInt64, from sender: AccountID, to recipient: AccountID
    ) throws(LedgerError) {
        try requirePositive(amount)
        guard sender != recipient else {
            throw LedgerError(.selfTransfer, "Sender and recipient are the same account; name another recipient")
        }
        var payer = try existing(sender)
        try spend(amount, from: &payer, for: "the transfer")
        var payee = try existingOrNew(recipient)
        payee.balance = try adding(amount, to: payee.balance)
        accountTable.put(payer)
        accountTable.put(payee)
    }

    private mutating func mint(_ amount: UInt64, to recipient: AccountID, signer: Signer) throws(LedgerError) {
        guard genesis.isDevelopment else {
            throw LedgerError(.unsupported, "Units are made on development networks only; this is none")
        }
        _ = try requireGovernor(signer)
        try requirePositive(amount)
        chain.supply = try adding(amount, to: chain.supply)
        var payee = try existingOrNew(recipient)
        payee.balance = try adding(amount, to: payee.balance)
        accountTable.put(payee)
    }

    // MARK: Arithmetic

    /// An account that takes part in what is done, such as the signer's.
    func existing(_ id: AccountID) throws(LedgerError) -> AccountRecord {
        guard let record = account(id) else {
            throw LedgerError(.unknownAccount, "The account \(id) is not on this network; check the id")
        }
        return record
    }

    /// An account that receives something and begins with it if it did not exist.
    func existingOrNew(_ id: AccountID) throws(LedgerError) -> AccountRecord {
        if let record = account(id) { return record }
        return try newAccount(id)
    }

    func requirePositive(_ amount: UInt64) throws(LedgerError) {
        guard amount > 0 else { throw LedgerError(.badAmount, "The amount is 0; give at least 1 unit") }
    }

    /// Takes units out of a balance.
    func spend(_ amount: UInt64, from record: inout AccountRecord, for purpose: String) throws(LedgerError) {
        guard amount <= record.balance else {
            throw LedgerError(
                .insufficientBalance,
                "The account \(record.id) has \(record.balance) units left; \(purpose) takes \(amount)")
        }
        record.balance -= amount
    }

    /// Pays units to an account that exists.
    mutating func pay(_ amount: UInt64, to id: AccountID) throws(LedgerError) {
        var record = try existing(id)
        record.balance = try adding(amount, to: record.balance)
        accountTable.put(record)
    }

    /// A sum of units, which is never above what there may be in all.
    func adding(_ amount: UInt64, to units: UInt64) throws(LedgerError) -> UInt64 {
        let (sum, overflow) = units.addingReportingOverflow(amount)
        guard !overflow, sum <= NetworkParameters.maxUnits else {
            throw LedgerError(
                .badAmount,
                "\(units) and \(amount) are above \(NetworkParameters.maxUnits) units, the most there may be")
        }
        return sum
    }
}
