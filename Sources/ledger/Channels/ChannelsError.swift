/// Why a payment, a session, a quote or the log of acknowledgments was refused.
public struct ChannelsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added. Its text is stable, and travels to peers.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// A code of this or another release of the software.
        public init(_ description: String) { self.description = description }

        /// Bytes that are no encoding of what they should be.
        public static let malformed = Code("channels/malformed")
        /// The ledger knows no such open channel to this node, or it does not pay for this.
        public static let unknownChannel = Code("channels/unknown-channel")
        /// The channel expired, is closing or is too near to its end.
        public static let channelEnded = Code("channels/ended")
        /// So little can be paid through the channel that it is not worth its settlement.
        public static let dust = Code("channels/dust")
        /// The channel's price is below what this node asks.
        public static let price = Code("channels/price")
        /// The payer, or all payers together, have as many channels here as they may.
        public static let limitReached = Code("channels/limit-reached")
        /// The channel was handed out under a signature that is not the payer's, or to somebody else.
        public static let notAuthorised = Code("channels/not-authorised")
        /// No such session: it was replaced, ended for a wrong link, or the node restarted. Open it again.
        public static let unknownSession = Code("channels/unknown-session")
        /// The acknowledgment is not newer than the last one. It changes nothing.
        public static let stale = Code("channels/stale")
        /// The acknowledgment is further from the last one than a node hashes.
        public static let gap = Code("channels/gap")
        /// The link is none of the chain at that place.
        public static let badLink = Code("channels/bad-link")
        /// The chain has no links left.
        public static let exhausted = Code("channels/exhausted")
        /// As many units are unacknowledged as may be. Acknowledge some first.
        public static let credit = Code("channels/credit")
        /// Nothing more is delivered without payment.
        public static let paymentRequired = Code("channels/payment-required")
        /// The quote is not this node's, is for another payer or commodity, or was changed.
        public static let badQuote = Code("channels/bad-quote")
        /// The quote's time is over; ask for another.
        public static let quoteExpired = Code("channels/quote-expired")
        /// The voucher is not signed by the channel's payer, or does not pay more than the last.
        public static let badVoucher = Code("channels/bad-voucher")
        /// The log of acknowledgments cannot be read or written; nothing more is accepted until it can.
        public static let log = Code("channels/log")
        /// A node wants more for a call than it can have cost, or than its caller agreed to.
        public static let overcharged = Code("channels/overcharged")
    }

    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code): \(message)" }
}
