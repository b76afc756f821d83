import Peering

/// Why a membership message of a peer was refused, or could not be made.
public struct MembershipError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// Such as `membership/malformed`; peers see it.
        public let description: String
        init(_ description: String) { self.description = description }

        /// The message is larger, or says more, than the protocol allows.
        public static let tooLarge = Code("membership/too-large")
        /// A part of the message cannot be read.
        public static let malformed = Code("membership/malformed")
        /// An incarnation without a signature of the node that it belongs to.
        public static let badSignature = Code("membership/bad-signature")
        /// An incarnation too far above the clock and what is known of the node.
        public static let incarnationTooHigh = Code("membership/incarnation-too-high")
        /// The sender, or the target of an indirect probe, is not on the ledger.
        public static let unknownNode = Code("membership/unknown-node")
        /// The sender asks for more indirect probes than it may.
        public static let tooManyProbes = Code("membership/too-many-probes")
    }

    /// What kind of failure it is.
    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }

    /// As it is told to a peer.
    var answer: PeerError { PeerError(.init(code.description), message) }
}
