internal import Stark

/// That chains of links are what claims say, as constraints.
///
/// One row is one step of h. Segments of rows follow each other, one for each claim, the newest link first; after the last
/// claim, a segment that nobody settles fills the rows up to a power of two. A row has no cells for its input: it is the output
/// of the row before plus D, where D is 0 but in the first row of each segment, and there the segment's newest link minus the
/// oldest link of the segment before (of the last one, for the first). That the oldest links are right is the last
/// constraint: E · Σ γ^j out_j = B, where E is 1 in the last row of each segment and 0 elsewhere, and B there Σ γ^j w_j.
struct ChainStatement: Statement {
    static let columns = 140
    static let previous = 132..<140
    /// The newest link of the segment that fills up: one that no channel has, h(0, …, 0).
    static let fillerLink = PoseidonLink(words: .zero).next()

    struct Segment {
        /// Newest and oldest link.
        let newest: PoseidonLink
        let oldest: PoseidonLink
        let firstRow: Int
        let rows: Int
        var lastRow: Int { firstRow + rows - 1 }
    }

    let segments: [Segment]
    /// Oldest link of the filler; zeros without one.
    let fillerEnd: PoseidonLink
    let logRows: Int
    let publicInputs: [UInt8]

    /// The least number of rows, a power of two, that has room for all steps.
    static func logRows(_ claims: [AckClaim]) -> (log: Int, steps: Int) {
        let steps = claims.reduce(0) { $0 + Int($1.steps) }
        var log = ProofLimits.logRows.lowerBound
        while steps > 1 << log { log += 1 }
        return (log, steps)
    }

    /// - Parameter claims: Checked by `AckProof.check`.
    /// - Parameter fillerEnd: Oldest link of the filler; it proves nothing and may be any.
    init(_ claims: [AckClaim], context: [UInt8], fillerEnd: PoseidonLink) {
        let (logRows, steps) = Self.logRows(claims)
        let filler = 1 << logRows - steps
        var segments: [Segment] = []
        segments.reserveCapacity(claims.count + 1)
        var row = 0
        for claim in claims {
            segments.append(Segment(newest: claim.to, oldest: claim.from, firstRow: row, rows: Int(claim.steps)))
            row += Int(claim.steps)
        }
        if filler > 0 {
            segments.append(Segment(newest: Self.fillerLink, oldest: fillerEnd, firstRow: row, rows: filler))
        }
        self.segments = segments
        self.fillerEnd = fillerEnd
        self.logRows = logRows
        publicInputs = Self.publicInputs(claims, context: context, fillerEnd: fillerEnd)
    }

    /// The claims' number, each with its links and steps, the filler's end, and the context with its length.
    private static func publicInputs(_ claims: [AckClaim], context: [UInt8], fillerEnd: PoseidonLink) -> [UInt8] {
        let count = 72 * claims.count + 40 + context.count
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var rest = UnsafeMutableRawBufferPointer(buffer)
            func advance(_ bytes: Int) { rest = UnsafeMutableRawBufferPointer(rebasing: rest[bytes...]) }
            func append(_ link: PoseidonLink) {
                link.write(to: rest)
                advance(PoseidonLink.byteCount)
            }
            func append<Number: FixedWidthInteger>(_ number: Number) {
                rest.storeBytes(of: number.littleEndian, as: Number.self)
                advance(MemoryLayout<Number>.size)
            }
            append(UInt32(claims.count))
            for claim in claims {
                append(claim.from)
                append(claim.to)
                append(claim.steps)
            }
            append(fillerEnd)
            append(UInt32(context.count))
            rest.copyBytes(from: context)
            initialized = count
        }
    }

    // MARK: The constraints at a point

    func composition(at point: Quintic, row: [Quintic], before: [Quintic], gamma: Quintic, alpha: Quintic) -> Quintic {
        let columns = publicColumns(at: point, gamma: gamma)
        let k = Poseidon.constants
        var sum = Quintic.zero
        var weight = Quintic.one
        func constrain(_ value: Quintic) {
            sum += weight * value
            weight *= alpha
        }
        func cube(_ x: Quintic) -> Quintic { x * x * x }
        var state = (0..<8).map { before[$0] + columns.input[$0] }
        state.append(Quintic(KoalaBear(linkDomain)))
        state += Array(repeating: .zero, count: 7)
        func substitute(_ constants: [KoalaBear], _ round: Int) {
            for index in 0..<16 { state[index] = cube(state[index] + Quintic(constants[16 * round + index])) }
        }
        /// One word of the state times a matrix whose entry (i, j) is `matrix[16 * i + j]`.
        func entry(_ matrix: [KoalaBear], _ word: Int) -> Quintic {
            var sum = Quintic.zero
            for index in 0..<16 { sum += state[index] * matrix[16 * word + index] }
            return sum
        }
        func constrain(_ matrix: [KoalaBear], _ cells: Range<Int>) {
            for (index, cell) in cells.enumerated() { constrain(entry(matrix, index) - row[cell]) }
            for (index, cell) in cells.enumerated() { state[index] = row[cell] }
        }
        for round in 0..<4 {
            substitute(k.initial, round)
            constrain(round < 3 ? k.circulant : k.pre, 16 * round..<16 * round + 16)
        }
        for round in 0..<20 {
            let cell = row[112 + round]
            constrain(cube(state[0] + Quintic(k.first[round])) - cell)
            var head = cell
            for index in 1..<16 {
                head += state[index] * k.sparseRow[16 * round + index - 1]
                state[index] += cell * k.sparseColumn[16 * round + index - 1]
            }
            state[0] = head
        }
        for round in 0..<4 {
            substitute(k.final, round)
            constrain(k.circulant, round < 3 ? 64 + 16 * round..<80 + 16 * round : 132..<140)
        }
        let link = zip(gamma.powers(8), row[132..<140]).reduce(Quintic.zero) { $0 + $1.0 * $1.1 }
        constrain(link * columns.end - columns.oldest)
        return sum
    }

    /// D, E and B at a point outside of ⟨ω⟩.
    private func publicColumns(at point: Quintic, gamma: Quintic) -> (input: [Quintic], end: Quintic, oldest: Quintic) {
        let rows = RowPoints(logRows: logRows)
        var first = SparseColumns(at: point, rows: rows)
        var last = SparseColumns(at: point, rows: rows)
        let one = SIMD8(KoalaBear.one.word, 0, 0, 0, 0, 0, 0, 0)
        var before = segments[segments.count - 1].oldest.words
        for segment in segments {
            let (new, old) = (segment.newest.words, segment.oldest.words)
            let difference = (new &- before).replacing(with: new &- before &+ KoalaBear.modulus, where: new .< before)
            first.add(row: segment.firstRow, SIMD16(lowHalf: difference, highHalf: .zero))
            last.add(row: segment.lastRow, SIMD16(lowHalf: old, highHalf: one))
            before = old
        }
        let values = last.values()
        let oldest = zip(gamma.powers(8), values).reduce(Quintic.zero) { $0 + $1.0 * $1.1 }
        return (first.values(), values[8], oldest)
    }
}
