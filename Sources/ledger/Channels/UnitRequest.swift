public import Identity
public import Ledger

/// What a payer's request brings: links that acknowledge, and units that it wants for it.
public struct UnitRequest: Sendable {
    /// Who is connected, as the connection proves.
    public let holder: NodeID
    public let session: UInt32
    /// In ascending order.
    public let acknowledgments: [ChainLink]
    /// To be counted as delivered; 0 for acknowledgments that travel by themselves.
    public let units: UInt64
    /// What the units are of: the session must pay for that.
    public let commodity: Commodity

    public init(
        holder: NodeID, session: UInt32, acknowledgments: [ChainLink], units: UInt64, commodity: Commodity
    ) {
        self.holder = holder
        self.session = session
        self.acknowledgments = acknowledgments
        self.units = units
        self.commodity = commodity
    }
}

/// What became of a ``UnitRequest``.
public struct UnitAnswer: Sendable {
    /// Units that its links acknowledged; they count whatever became of the units that it wanted.
    public internal(set) var acknowledged: UInt64 = 0
    /// Why the units were not counted; nil if they may be delivered.
    public internal(set) var refusal: ChannelsError?

    init(refusal: ChannelsError? = nil) { self.refusal = refusal }
}

/// Where units were counted, so that more can be when it is known how many were used, whatever became of the session.
public struct UnitTicket: Sendable {
    let place: Int
    let key: PayeeChannel.Key
    let permille: UInt32
}
