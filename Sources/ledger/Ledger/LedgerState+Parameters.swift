import Blake3
import Identity

extension LedgerState {
    /// Accounts and nodes on the allowlist at most.
    public static let maxAllowedMembers = 1_000_000

    mutating func performOnParameters(_ transaction: SignedTransaction) throws(LedgerError) {
        _ = try requireGovernor(transaction.signer)
        switch transaction.action {
        case .changeParameter(.value(let name, let value)): try chain.parameters.set(name, to: value)
        case .changeParameter(.member(let id, isAllowed: true)): try allow(id)
        case .changeParameter(.member(let id, isAllowed: false)): try disallow(id)
        default: throw LedgerError(.unsupported, "This changes no parameter; update the node")
        }
    }

    private mutating func allow(_ id: Digest) throws(LedgerError) {
        guard !isAllowed(id) else { throw LedgerError(.alreadyDone, "\(id) is on the allowlist already") }
        guard allowedTable.count < LedgerState.maxAllowedMembers else {
            throw LedgerError(
                .limitReached, "The allowlist has \(allowedTable.count) members; take some away that are not needed")
        }
        allowedTable.put(AllowedMember(id: id))
    }

    /// Nodes that came in stay in.
    private mutating func disallow(_ id: Digest) throws(LedgerError) {
        guard isAllowed(id) else { throw LedgerError(.alreadyDone, "\(id) is not on the allowlist") }
        allowedTable.remove(AllowedMember.path(id))
    }
}
