extension LedgerState {
    /// Transactions in entries that changed the state.
    public var appliedCount: UInt64 { chain.appliedCount }

    /// Transactions in entries that did not.
    public var refusedCount: UInt64 { chain.refusedCount }
}
