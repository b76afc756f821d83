/// Where all units are, counted row by row, and what does not fit together.
package struct LedgerAudit: Sendable, Hashable {
    /// Units in accounts.
    package internal(set) var balances: UInt64 = 0
    /// Units at stake.
    package internal(set) var stakes: UInt64 = 0
    /// Units that were unstaked and not withdrawn.
    package internal(set) var unstaking: UInt64 = 0
    /// Units that channels hold for payees and payers.
    package internal(set) var escrow: UInt64 = 0
    package internal(set) var treasury: UInt64 = 0
    /// What the sum must be.
    package internal(set) var supply: UInt64 = 0
    /// Each says what is wrong and where; empty for a ledger in order.
    package internal(set) var problems: [String] = []
}
