public import Identity

/// An account that exists from the beginning.
public struct GenesisAccount: Hashable, Sendable {
    public var id: AccountID
    /// In units.
    public var balance: UInt64

    public init(_ id: AccountID, balance: UInt64 = 0) {
        self.id = id
        self.balance = balance
    }
}
