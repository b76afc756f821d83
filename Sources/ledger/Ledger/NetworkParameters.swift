/// What a network fixes in its genesis for everyone. All limits are inclusive.
public struct NetworkParameters: Hashable, Sendable {
    /// The largest transaction in bytes. Default 65,536; 1,024 to ``SignedTransaction/maxByteCount``.
    public var transactionBytes: UInt32 = 65_536

    /// Releases of a name that stay on the ledger; the oldest that is neither live nor next in line for a roll-back
    /// is dropped. Default 32; 3 to 1,024. More lets people roll back further and keeps more blobs alive.
    public var releasesKeptPerName: UInt32 = 32

    /// Names that one account may own. Default 1,000.
    public var namesPerAccount: UInt32 = 1_000

    /// Nodes that one account may operate. Default 1,000.
    public var nodesPerAccount: UInt32 = 1_000

    /// The largest settings of a release in bytes. Default 16,384.
    public var settingsBytes: UInt32 = 16_384

    /// The largest manifest blob in bytes. Default 16 MiB.
    public var manifestBytes: UInt64 = 16 << 20

    /// Copies of each blob of a live release that the network aims for. Default 2; 1 to 64.
    public var replicas: UInt32 = 2

    /// Whether an unknown key becomes an account with its first applied transaction. Default false: only the genesis
    /// brings accounts. Set it where strangers may join; today nothing else limits who claims names.
    public var openAccounts = false

    /// Accounts at most, where ``openAccounts`` is set. Default 1,000,000.
    public var accounts: UInt64 = 1_000_000

    /// The longest message of a release in bytes of UTF-8, in every network.
    public static let messageByteCount = 1_024

    /// The defaults.
    public init() {}

    /// - Throws: `.badGenesis` for a value out of its range.
    func validate() throws(LedgerError) {
        func check(_ value: UInt64, _ range: ClosedRange<UInt64>, _ name: String) throws(LedgerError) {
            guard range.contains(value) else {
                throw LedgerError(
                    .badGenesis,
                    "The parameter \(name) is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
            }
        }
        try check(UInt64(transactionBytes), 1_024...UInt64(SignedTransaction.maxByteCount), "transactionBytes")
        try check(UInt64(releasesKeptPerName), 3...1_024, "releasesKeptPerName")
        try check(UInt64(namesPerAccount), 0...1_000_000, "namesPerAccount")
        try check(UInt64(nodesPerAccount), 0...1_000_000, "nodesPerAccount")
        try check(UInt64(settingsBytes), 0...UInt64(transactionBytes), "settingsBytes")
        try check(manifestBytes, 1...(1 << 32), "manifestBytes")
        try check(UInt64(replicas), 1...64, "replicas")
        try check(accounts, 0...(1 << 40), "accounts")
    }
}
