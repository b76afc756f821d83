/// Something that a proof can show: that there is a trace, a table of field elements whose columns fulfil constraints.
///
/// Row i of the trace belongs to ω^i, where ω has order 2^`logRows`; rows are cyclic. Constraints are polynomials of degree 3
/// at most in a row's cells, in those of the row before in `previous`, and in public columns, and hold in every row.
package protocol Statement {
    /// Columns of the trace.
    static var columns: Int { get }
    /// Columns of which the constraints also use the row before.
    static var previous: Range<Int> { get }

    /// Logarithm of the number of rows.
    var logRows: Int { get }

    /// Everything that the proof is about, as bytes that no other statement has: all public inputs.
    var publicInputs: [UInt8] { get }

    /// The sum of all constraints times powers of `alpha` at a point, in order.
    ///
    /// - Parameter gamma: A challenge for constraints that need one.
    /// - Parameter row: The columns' values at the point.
    /// - Parameter before: The values of the columns in `previous` at the point over ω.
    func composition(at point: Quintic, row: [Quintic], before: [Quintic], gamma: Quintic, alpha: Quintic) -> Quintic
}

/// What the prover knows of a statement besides.
///
/// Columns are kept in panels of 16: column c is word c mod 16 of the rows of panel c / 16; words beyond the last column are 0.
package protocol Witness: Sendable {
    associatedtype Claim: Statement
    /// The statement's.
    var logRows: Int { get }

    /// Fills the trace's panels, rows of 16 words, and says what they show.
    ///
    /// Throws `.untrue` when that is not what was to be proved.
    func fill(_ panels: [UnsafeMutablePointer<UInt32>], _ workers: Workers) throws(StarkError) -> Claim

    /// Fills the panel of public columns, which is all zeros before.
    func fillPublic(_ panel: UnsafeMutablePointer<UInt32>, of statement: Claim, gamma: Quintic)

    /// What `quotient` needs beside the cells, computed once.
    associatedtype Weights: Sendable
    func weights(gamma: Quintic, alpha: Quintic) -> Weights

    /// The weighted sum of the constraints times `inverseVanishing` in some rows of a coset: words 0 to 4 of rows of
    /// `out`, whose other words become 0.
    ///
    /// - Parameter rows: Limits are multiples of 16.
    func quotient(
        of panels: [UnsafePointer<UInt32>], public: UnsafePointer<UInt32>, weights: Weights,
        inverseVanishing: KoalaBear,
        rows: Range<Int>, into out: UnsafeMutablePointer<UInt32>)
}

extension Statement {
    /// Panels that the trace takes up.
    static var panels: Int { (columns + 15) / 16 }
    /// Base field columns that the quotient is committed to as: two halves of five coefficients.
    static var quotientColumns: Int { 10 }
    /// Values at the drawn points: all columns and the quotient at ζ, some columns at ζ / ω.
    static var valueCount: Int { columns + quotientColumns + previous.count }

    /// The transcript before the first commitment.
    func transcript(_ parameters: ProofParameters) -> Transcript {
        var transcript = Transcript()
        transcript.absorb(
            .parameters,
            [
                parameters.id, UInt8(parameters.logBlowup), UInt8(parameters.queries), UInt8(parameters.grindingBits),
                UInt8(ProofParameters.logFolding), UInt8(ProofParameters.logFinalRows), UInt8(logRows),
                UInt8(Self.columns),
            ])
        transcript.absorb(.statement, publicInputs)
        return transcript
    }
}
