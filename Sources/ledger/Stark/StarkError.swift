/// Why a proof was not made, or not accepted.
public struct StarkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The proof ends before everything was there.
        public static let truncated = Code("stark/truncated")
        /// There are bytes after the proof.
        public static let overlong = Code("stark/overlong")
        /// A word that is not below p.
        public static let notCanonical = Code("stark/not-canonical")
        /// The constraints do not hold at the point that was drawn.
        public static let constraints = Code("stark/constraints")
        /// The proof of work is not one.
        public static let grinding = Code("stark/grinding")
        /// Opened cells of the trace that were not committed to.
        public static let traceOpening = Code("stark/trace-opening")
        /// Opened values of the quotient that were not committed to.
        public static let quotientOpening = Code("stark/quotient-opening")
        /// Opened values of a FRI layer that were not committed to.
        public static let layerOpening = Code("stark/layer-opening")
        /// A FRI layer does not follow from the one before, or the first one from the opened cells.
        public static let folding = Code("stark/folding")
        /// The last FRI layer is not the final polynomial.
        public static let finalPolynomial = Code("stark/final-polynomial")
        /// A drawn point for which the proof means nothing: does not happen by chance.
        public static let challenge = Code("stark/challenge")
        /// The statement has a size that cannot be proved.
        public static let unsupported = Code("stark/unsupported")
        /// What was to be proved is not true.
        public static let untrue = Code("stark/untrue")
        /// The caller gave up.
        public static let cancelled = Code("stark/cancelled")
        /// There is not enough memory for a proof of this size.
        public static let outOfMemory = Code("stark/out-of-memory")
    }

    /// The kind of failure.
    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code): \(message)" }
}
