/// How a proof is made and how sure it is: one of a few fixed sets, which a proof names and the verifier knows.
///
/// `tools/soundness` recomputes what each set gives; `docs/design/stark.md` has the table.
public struct ProofParameters: Hashable, Sendable, CustomStringConvertible {
    /// What a proof calls the set. A set's meaning never changes: other numbers get another id.
    public let id: UInt8
    /// "S100", "S100-fast" or "UDR".
    public let name: String
    /// The evaluation domain is 2^`logBlowup` times as large as the trace: the rate ρ is its inverse.
    public let logBlowup: Int
    /// Places at which FRI is checked.
    public let queries: Int
    /// Bits of proof of work before the queries are drawn.
    public let grindingBits: Int

    package init(id: UInt8, name: String, logBlowup: Int, queries: Int, grindingBits: Int) {
        self.id = id
        self.name = name
        self.logBlowup = logBlowup
        self.queries = queries
        self.grindingBits = grindingBits
    }

    /// ρ = 1/8, 55 queries, 24 bits of grinding: the default.
    public static let s100 = ProofParameters(id: 1, name: "S100", logBlowup: 3, queries: 55, grindingBits: 24)
    /// ρ = 1/4, 84 queries, 24 bits of grinding: half the memory, a larger proof.
    public static let s100Fast = ProofParameters(
        id: 2, name: "S100-fast", logBlowup: 2, queries: 84, grindingBits: 24)
    /// ρ = 1/4, 113 queries, 24 bits of grinding: 100 bits also by the oldest analysis, in unique decoding.
    public static let udr = ProofParameters(id: 3, name: "UDR", logBlowup: 2, queries: 113, grindingBits: 24)

    /// The sets that a verifier accepts.
    public static let all: [ProofParameters] = [s100, s100Fast, udr]

    /// The set with this name, in any case; nil if there is none.
    public init?(name: String) {
        guard let set = ProofParameters.all.first(where: { $0.name.lowercased() == name.lowercased() }) else {
            return nil
        }
        self = set
    }

    public var description: String { name }

    /// FRI folds 2^`logFolding` values to one in each layer…
    package static let logFolding = 3
    /// …until the polynomial has at most 2^`logFinalRows` coefficients.
    package static let logFinalRows = 8

    /// The leaf that has a place of the domain, in the trees of the trace and of the quotient: leaf j · 2^`logRows` + i has place
    /// i · 2^`logBlowup` + j.
    package func leaf(place: Int, logRows: Int) -> Int {
        (place & ((1 << logBlowup) - 1)) << logRows + place >> logBlowup
    }

    /// FRI layers for a trace of 2^`logRows` rows.
    package static func layers(logRows: Int) -> Int {
        max(0, (logRows - logFinalRows + logFolding - 1) / logFolding)
    }
}
