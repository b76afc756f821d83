public import Stark

/// Why a batch of claims was not proved, or a proof not accepted.
public struct AckProofError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }
        init(_ code: StarkError.Code) { description = code.description }

        /// No claims.
        public static let empty = Code("ack-proofs/empty")
        /// More claims than `AckProof.maxClaims`.
        public static let tooManyClaims = Code("ack-proofs/too-many-claims")
        /// More steps than `AckProof.maxSteps`.
        public static let tooManySteps = Code("ack-proofs/too-many-steps")
        /// A claim of no steps.
        public static let noSteps = Code("ack-proofs/no-steps")
        /// Two claims that begin at the same settled link: one channel, settled twice.
        public static let duplicate = Code("ack-proofs/duplicate")
        /// More context than `AckProof.maxContextBytes`.
        public static let contextTooLong = Code("ack-proofs/context-too-long")
        /// The first bytes are not those of a proof of this version.
        public static let format = Code("ack-proofs/format")
        /// A parameter set that the verifier does not accept.
        public static let parameters = Code("ack-proofs/parameters")

        /// The code of a failure inside the proof system.
        public static func stark(_ code: StarkError.Code) -> Code { Code(code) }
    }

    /// The kind of failure.
    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: StarkError) {
        code = Code(error.code)
        message = error.message
    }

    public var description: String { "\(code): \(message)" }
}
