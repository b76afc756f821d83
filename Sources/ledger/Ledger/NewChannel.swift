public import Identity
public import Stark

/// A channel to open.
public struct NewChannel: Hashable, Sendable {
    /// From when a channel is opened until it expires, at most: 366 days.
    public static let maxLifetimeMilliseconds: UInt64 = 366 * 86_400_000

    /// One hash chain of a channel: revealing the link `units` steps behind the anchor acknowledges `units` units.
    public struct Chain: Hashable, Sendable {
        public let commodity: Commodity
        /// The end of the chain; no two chains on the ledger share one.
        public let anchor: PoseidonLink
        /// Units of money for each unit of the commodity.
        public let unitPrice: UInt64
        /// Units of the commodity at most.
        public let maxUnits: UInt64

        public init(commodity: Commodity, anchor: PoseidonLink, unitPrice: UInt64, maxUnits: UInt64) {
            self.commodity = commodity
            self.anchor = anchor
            self.unitPrice = unitPrice
            self.maxUnits = maxUnits
        }
    }

    public let payee: NodeID
    /// After this ledger time nothing more is delivered; milliseconds since 1970-01-01T00:00:00Z.
    public let expiresMilliseconds: Int64
    /// One for each commodity, in ascending order of their codes.
    public let chains: [Chain]

    public init(payee: NodeID, expiresMilliseconds: Int64, chains: [Chain]) {
        self.payee = payee
        self.expiresMilliseconds = expiresMilliseconds
        self.chains = chains
    }

    /// What the payer puts into escrow: for each chain its price times its units, exactly.
    ///
    /// - Throws: `.badChannel` for chains that no channel can have, `.badAmount` for more units than there may be.
    public func deposit() throws(LedgerError) -> UInt64 {
        guard (1...Commodity.allCases.count).contains(chains.count),
            zip(chains, chains.dropFirst()).allSatisfy({ $0.commodity < $1.commodity })
        else {
            throw LedgerError(
                .badChannel, "A channel has one chain for each commodity, bytes before compute, and at least one")
        }
        guard Set(chains.map(\.anchor)).count == chains.count else {
            throw LedgerError(.badChannel, "The chains have the same anchor; make one chain for each commodity")
        }
        var deposit: UInt64 = 0
        for chain in chains {
            guard chain.maxUnits > 0 else {
                throw LedgerError(.badChannel, "A chain for 0 units of \(chain.commodity) pays nothing; leave it out")
            }
            let (price, overflow) = chain.maxUnits.multipliedReportingOverflow(by: chain.unitPrice)
            let (sum, isTooMuch) = deposit.addingReportingOverflow(price)
            guard !overflow, !isTooMuch, sum <= NetworkParameters.maxUnits else {
                throw LedgerError(
                    .badAmount, "The deposit would be above \(NetworkParameters.maxUnits) units; lower price or units")
            }
            deposit = sum
        }
        return deposit
    }
}
