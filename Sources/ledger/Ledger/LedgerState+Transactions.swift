import Blake3
import Foundation
import Identity

extension LedgerState {
    /// Carries out a transaction as a part of the next entry, whose time is given, or refuses it and changes nothing.
    ///
    /// The signature is known to be valid; everything else is checked here. Never throws and never traps.
    public mutating func execute(_ transaction: SignedTransaction, timeMilliseconds: Int64) -> Outcome {
        var next = self
        do throws(LedgerError) {
            try next.admit(transaction, timeMilliseconds)
            let release = try next.perform(transaction, timeMilliseconds)
            try next.countNonce(transaction.signer)
            self = next
            return .applied(release: release)
        } catch {
            return .refused(error)
        }
    }

    /// What holds for every action: size, network, time, signer and nonce.
    private func admit(_ transaction: SignedTransaction, _ timeMilliseconds: Int64) throws(LedgerError) {
        guard transaction.bytes.count <= Int(parameters.transactionBytes) else {
            throw LedgerError(
                .tooLarge,
                "The transaction has \(transaction.bytes.count) bytes; \(parameters.transactionBytes) are allowed here")
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
        try admitSigner(transaction.signer)
        let last = nonce(of: transaction.signer)
        guard last < .max, transaction.nonce == last + 1 else {
            throw LedgerError(
                .badNonce,
                "The nonce is \(transaction.nonce), but \(transaction.signer) is at \(last); use one more than that")
        }
    }

    private func admitSigner(_ signer: Signer) throws(LedgerError) {
        switch signer {
        case .account(let id):
            if account(id) != nil { return }
            guard parameters.openAccounts else {
                throw LedgerError(
                    .unknownSigner, "The key's account \(id) is not on this network; use one of its genesis")
            }
            try checkRoomForAccount()
        case .node(let id):
            guard node(id) != nil else {
                throw LedgerError(.unknownSigner, "The key's node \(id) is not registered; have its operator do it")
            }
        }
    }

    func checkRoomForAccount() throws(LedgerError) {
        guard accountTable.count < Int(clamping: parameters.accounts) else {
            throw LedgerError(.limitReached, "The network has \(accountTable.count) accounts and takes no more")
        }
    }

    private mutating func perform(
        _ transaction: SignedTransaction, _ timeMilliseconds: Int64
    ) throws(LedgerError) -> ReleaseID? {
        if case .updateNode(let id, let peer, let gateway) = transaction.action {
            try updateNode(id, peer: peer, gateway: gateway, signer: transaction.signer)
            return nil
        }
        guard case .account(let account) = transaction.signer else {
            throw LedgerError(.notAuthorised, "A node may only change its own endpoints; sign with an account's key")
        }
        switch transaction.action {
        case .updateNode: break
        case .registerNode(let key, let peer, let gateway, let proof):
            try registerNode(key, peer: peer, gateway: gateway, proof: proof, operatorAccount: account)
        case .claimName(let name): try claim(name, account)
        case .transferName(let name, let owner): try transfer(name, from: account, to: owner)
        case .publishRelease(let name, let release):
            return try publish(release, name, account, nonce: transaction.nonce, timeMilliseconds)
        case .promoteRelease(let name, let release): try promote(name, release, account)
        case .rollBack(let name, let release): try rollBack(name, to: release, account)
        }
        return nil
    }

    /// An open network's account begins with its first applied transaction.
    private mutating func countNonce(_ signer: Signer) throws(LedgerError) {
        switch signer {
        case .account(let id):
            var record = account(id) ?? AccountRecord(id)
            record.nonce += 1
            accountTable.put(record)
        case .node(let id):
            guard var record = node(id) else {
                throw LedgerError(.unknownNode, "The node \(id) left in its own transaction")
            }
            record.nonce += 1
            nodeTable.put(record)
        }
    }
}
