import Blake3
import Foundation
import Identity

extension LedgerState {
    /// Carries out a transaction as a part of the next entry, whose time is given, or refuses it and changes nothing.
    ///
    /// The signature is known to be valid; everything else is checked here. Never throws and never traps. What was
    /// refused is not counted here but by the entry that records it.
    public mutating func execute(_ transaction: SignedTransaction, timeMilliseconds: Int64) -> Outcome {
        let before = (chain, roster, certificatesInEntry)
        markTables()
        do throws(LedgerError) {
            try admit(transaction, timeMilliseconds)
            try charge(transaction)
            return .applied(release: try perform(transaction, timeMilliseconds))
        } catch {
            revertTables()
            (chain, roster, certificatesInEntry) = before
            return .refused(error)
        }
    }

    /// What holds for every action: size, network and time.
    private func admit(_ transaction: SignedTransaction, _ timeMilliseconds: Int64) throws(LedgerError) {
        let most = maxByteCount(of: transaction.action)
        guard transaction.bytes.count <= most else {
            throw LedgerError(
                .tooLarge, "The transaction has \(transaction.bytes.count) bytes; \(most) are allowed here")
        }
        guard transaction.networkID == networkID else {
            throw LedgerError(
                .wrongNetwork,
                "Signed for network \(transaction.networkID.short), but this is \(networkID.short); sign for this one")
        }
        if let last = transaction.validUntilMilliseconds, timeMilliseconds > last {
            throw LedgerError(
                .expired, "Valid until \(last) ms, but the ledger's time is \(timeMilliseconds) ms; sign it again")
        }
    }

    /// Bytes that the transaction may have. Evidence of a false settlement has a whole one in it.
    private func maxByteCount(of action: LedgerAction) -> Int {
        let plain = Int(parameters.transactionBytes)
        return switch action {
        case .settleChannels(_, let proof) where !proof.isEmpty:
            min(plain + Int(parameters.settlementBytes), SignedTransaction.maxProvenByteCount)
        case .submitFault(.falseSettlement): SignedTransaction.maxByteCount
        default: plain
        }
    }

    /// Counts the signer's nonce and takes the fee, before the action sees the balance.
    private mutating func charge(_ transaction: SignedTransaction) throws(LedgerError) {
        switch transaction.signer {
        case .account(let id):
            var record = try signingAccount(id)
            try countNonce(&record.nonce, transaction)
            let fee = fee(of: transaction.action)
            if fee > 0 {
                try spend(fee, from: &record, for: "the transaction's fee")
                chain.treasury = try adding(fee, to: chain.treasury)
            }
            accountTable.put(record)
        case .node(let id):
            guard var record = node(id) else {
                throw LedgerError(.unknownSigner, "The key's node \(id) is not registered; have its operator do it")
            }
            try countNonce(&record.nonce, transaction)
            nodeTable.put(record)
        }
    }

    private func countNonce(_ nonce: inout UInt64, _ transaction: SignedTransaction) throws(LedgerError) {
        guard nonce < .max, transaction.nonce == nonce + 1 else {
            throw LedgerError(
                .badNonce,
                "The nonce is \(transaction.nonce), but \(transaction.signer) is at \(nonce); use one more than that")
        }
        nonce += 1
    }

    /// Changes of parameters are free, or a fee that nobody has could never be lowered again.
    private func fee(of action: LedgerAction) -> UInt64 {
        if case .changeParameter = action { 0 } else { parameters.transactionFee }
    }

    /// An open network's account begins with its first applied transaction.
    private func signingAccount(_ id: AccountID) throws(LedgerError) -> AccountRecord {
        if let record = account(id) { return record }
        guard parameters.openAccounts else {
            throw LedgerError(
                .unknownSigner,
                "The key's account \(id) is not on this network; have somebody transfer units to it first")
        }
        return try newAccount(id)
    }

    /// An account that is not in the table yet.
    func newAccount(_ id: AccountID) throws(LedgerError) -> AccountRecord {
        guard accountTable.count < Int(clamping: parameters.accounts) else {
            throw LedgerError(
                .limitReached,
                "The network has \(accountTable.count) accounts and takes no more; a governor may raise \"accounts\"")
        }
        return AccountRecord(id)
    }

    private mutating func perform(
        _ transaction: SignedTransaction, _ timeMilliseconds: Int64
    ) throws(LedgerError) -> ReleaseID? {
        switch transaction.action {
        case .registerNode, .updateNode, .stake, .unstake, .withdrawUnstaked, .optIn, .optOut:
            try performOnNode(transaction, timeMilliseconds)
        case .transfer, .mint: try performOnBalance(transaction)
        case .openChannel, .settleChannels, .closeChannel: try performOnChannel(transaction, timeMilliseconds)
        case .claimName, .transferName, .publishRelease, .promoteRelease, .rollBack, .bindDomain:
            return try performOnName(transaction, timeMilliseconds)
        case .reportMeasurements, .submitFault, .submitAudit: try performOnTrust(transaction, timeMilliseconds)
        case .beaconCommit, .beaconReveal, .advanceEpoch, .recordCertificate:
            try performOnEpoch(transaction, timeMilliseconds)
        case .leaseMachines, .yieldMachines: try performOnMachines(transaction, timeMilliseconds)
        case .changeParameter: try performOnParameters(transaction)
        }
        return nil
    }

    /// The account that signed; nodes may not.
    func requireAccount(_ signer: Signer) throws(LedgerError) -> AccountID {
        guard case .account(let account) = signer else {
            throw LedgerError(.notAuthorised, "A node may not do this; sign with an account's key")
        }
        return account
    }

    /// The node that signed; accounts may not.
    func requireNode(_ signer: Signer) throws(LedgerError) -> NodeRecord {
        guard case .node(let id) = signer, let record = node(id) else {
            throw LedgerError(.notAuthorised, "Only a node may do this; sign with a node's key")
        }
        return record
    }

    /// The account of a governor that signed.
    func requireGovernor(_ signer: Signer) throws(LedgerError) -> AccountID {
        let account = try requireAccount(signer)
        guard genesis.governors.contains(account) else {
            throw LedgerError(
                .notAuthorised, "The account \(account) is no governor; only those that the genesis lists may do this")
        }
        return account
    }
}
