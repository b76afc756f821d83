import Identity
public import Ledger

/// An open payment channel as the ledger has it: `GET /api/v1/channels/<id>`.
public struct ChannelInfo: Codable, Sendable, Equatable {
    /// One commodity of it.
    public struct Chain: Codable, Sendable, Equatable {
        /// `bytes` (units of 128 KiB) or `compute` (units of gas).
        public var commodity: String
        /// In units of money for each unit.
        public var unitPrice: UInt64
        public var maxUnits: UInt64
        /// Units that were paid.
        public var settledUnits: UInt64

        public init(commodity: String, unitPrice: UInt64, maxUnits: UInt64, settledUnits: UInt64) {
            self.commodity = commodity
            self.unitPrice = unitPrice
            self.maxUnits = maxUnits
            self.settledUnits = settledUnits
        }
    }

    /// 64 hexadecimal digits.
    public var id: String
    /// The account that pays.
    public var payer: String
    /// The node that is paid.
    public var payee: String
    /// In units of money.
    public var deposit: UInt64
    /// What of it the payee got.
    public var settled: UInt64
    /// The entry that opened it.
    public var openedSequence: UInt64
    /// Milliseconds since 1970; after that nothing more is delivered for it.
    public var expiresMilliseconds: Int64
    /// When the payer's closing comes into force, once it asked for that.
    public var closingMilliseconds: Int64?
    /// Up to when the payee may settle; behind it anybody may close the channel.
    public var endMilliseconds: Int64
    public var chains: [Chain]

    /// - Parameter grace: The network's, in milliseconds.
    public init(_ channel: ChannelRecord, grace: UInt64) {
        id = channel.id.description
        payer = channel.payer.description
        payee = channel.payee.description
        deposit = channel.deposit
        settled = channel.settled
        openedSequence = channel.openedSequence
        expiresMilliseconds = channel.expiresMilliseconds
        closingMilliseconds = channel.closingMilliseconds
        endMilliseconds = channel.endMilliseconds(grace: grace)
        chains = channel.chains.map {
            Chain(
                commodity: $0.commodity.rawValue, unitPrice: $0.unitPrice, maxUnits: $0.maxUnits,
                settledUnits: $0.settledUnits)
        }
    }
}

/// Open channels of a payer or a payee: `GET /api/v1/channels`.
public struct ChannelList: Codable, Sendable, Equatable {
    /// In the order in which the table has them, which means nothing to people.
    public var channels: [ChannelInfo]
    /// Where to go on (`?after=`); nil at the end.
    public var next: String?

    public init(channels: [ChannelInfo], next: String?) {
        self.channels = channels
        self.next = next
    }
}

/// What a node asks for a unit at present: `GET /api/v1/prices`.
public struct PriceList: Codable, Sendable, Equatable {
    /// The node that is paid.
    public var node: String
    /// In units of money for each unit, by commodity.
    public var prices: [String: UInt64]

    public init(node: String, prices: [String: UInt64]) {
        self.node = node
        self.prices = prices
    }
}

/// What clients pay a node: a part of its status. Values are in units of money, sums count since the node started.
public struct EarningsInfo: Codable, Sendable, Equatable {
    /// Records of acknowledgments that were written.
    public var acknowledgments: UInt64 = 0
    /// Units that were acknowledged on the channels that are open, settled or not.
    public var acknowledgedUnits: UInt64 = 0
    /// Units that are acknowledged and not settled, and what they are worth.
    public var pendingUnits: UInt64 = 0
    public var pendingValue: UInt64 = 0
    /// Chains that have such units.
    public var pendingChains = 0
    /// What the ledger paid.
    public var settledUnits: UInt64 = 0
    public var settledValue: UInt64 = 0
    /// Transactions that settled.
    public var batches = 0
    /// What proofs took.
    public var proverSeconds = 0.0
    /// Settled batches of all nodes that this one hashed again, and those of them that were false.
    public var rehashedBatches = 0
    public var falseBatches = 0

    public init() {}
}

/// What a node pays others: a part of its status.
public struct SpendingInfo: Codable, Sendable, Equatable {
    /// The account of the node's key, which pays.
    public var account: String
    /// In units of money, without what is in channels.
    public var balance: UInt64
    /// Channels that the account has open.
    public var channels: UInt64
    /// Units of 128 KiB that were acknowledged to others since the node started.
    public var bytesUnits: UInt64
    /// Units of gas, as well.
    public var computeUnits: UInt64

    public init(account: String, balance: UInt64, channels: UInt64, bytesUnits: UInt64, computeUnits: UInt64) {
        self.account = account
        self.balance = balance
        self.channels = channels
        self.bytesUnits = bytesUnits
        self.computeUnits = computeUnits
    }
}
