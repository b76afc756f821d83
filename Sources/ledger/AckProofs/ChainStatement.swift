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
        var bytes: [UInt8] = []
        bytes.reserveCapacity(72 * claims.count + 48 + context.count)
        bytes.append(word: UInt32(claims.count))
        for claim in claims {
            bytes += claim.from.bytes
            bytes += claim.to.bytes
            bytes.append(word: UInt32(truncatingIfNeeded: claim.steps))
            bytes.append(word: UInt32(truncatingIfNeeded: claim.steps >> 32))
        }
        bytes += fillerEnd.bytes
        bytes.append(word: UInt32(context.count))
        bytes += context
        return bytes
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
        func substitute(_ state: inout [Quintic], _ constants: ArraySlice<KoalaBear>) {
            for (index, constant) in zip(0..<16, constants) { state[index] = cube(state[index] + Quintic(constant)) }
        }
        func multiply(_ state: [Quintic], _ entry: (Int, Int) -> KoalaBear) -> [Quintic] {
            (0..<16).map { i in (0..<16).reduce(Quintic.zero) { $0 + state[$1] * entry(i, $1) } }
        }
        func circulant(_ state: [Quintic]) -> [Quintic] { multiply(state) { k.circulant[($1 - $0) & 15] } }

        var state = (0..<8).map { before[$0] + columns.input[$0] }
        state.append(Quintic(KoalaBear(linkDomain)))
        state += Array(repeating: .zero, count: 7)
        for round in 0..<4 {
            substitute(&state, k.initial[16 * round..<16 * round + 16])
            state = round < 3 ? circulant(state) : multiply(state) { k.pre[16 * $0 + $1] }
            for index in 0..<16 { constrain(state[index] - row[16 * round + index]) }
            state = Array(row[16 * round..<16 * round + 16])
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
            substitute(&state, k.final[16 * round..<16 * round + 16])
            state = circulant(state)
            let cells = round < 3 ? 64 + 16 * round..<80 + 16 * round : 132..<140
            for (index, cell) in cells.enumerated() { constrain(state[index] - row[cell]) }
            if round < 3 { state = Array(row[cells]) }
        }
        let link = zip(gamma.powers(8), row[132..<140]).reduce(Quintic.zero) { $0 + $1.0 * $1.1 }
        constrain(link * columns.end - columns.oldest)
        return sum
    }

    /// D, E and B at a point outside of ⟨ω⟩, as Lagrange sums over the rows in which they are not 0.
    private func publicColumns(at point: Quintic, gamma: Quintic) -> (input: [Quintic], end: Quintic, oldest: Quintic) {
        let rows = RowPoints(logRows: logRows)
        // 1 / (z − ω^i) for the first and the last row of each segment.
        var inverses: [Quintic] = []
        var points: [KoalaBear] = []
        inverses.reserveCapacity(2 * segments.count)
        points.reserveCapacity(2 * segments.count)
        for segment in segments {
            for row in [segment.firstRow, segment.lastRow] {
                let x = rows.point(row)
                points.append(x)
                inverses.append(point - Quintic(x))
            }
        }
        Quintic.invert(&inverses)
        let powers = gamma.powers(8)
        var input = [Quintic](repeating: .zero, count: 8)
        var end = Quintic.zero
        var oldest = Quintic.zero
        var before = segments[segments.count - 1].oldest
        for (index, segment) in segments.enumerated() {
            let first = inverses[2 * index] * points[2 * index]
            let last = inverses[2 * index + 1] * points[2 * index + 1]
            var link = Quintic.zero
            for word in 0..<8 {
                let new = KoalaBear(unchecked: segment.newest.words[word])
                input[word] += first * (new - KoalaBear(unchecked: before.words[word]))
                link += powers[word] * KoalaBear(unchecked: segment.oldest.words[word])
            }
            end += last
            oldest += last * link
            before = segment.oldest
        }
        // The Lagrange polynomial of row i is (X^rows − 1) / rows · ω^i / (X − ω^i).
        let scale =
            (point.power(UInt64(1) << UInt64(logRows)) - .one) * KoalaBear(UInt32(1 << logRows)).inverse
        return (input.map { $0 * scale }, end * scale, oldest * scale)
    }
}

/// Powers of ω from two tables of about the square root of their number.
struct RowPoints {
    private let lowBits: Int
    private let low: [KoalaBear]
    private let high: [KoalaBear]

    init(logRows: Int) {
        lowBits = (logRows + 1) / 2
        let root = KoalaBear.rootOfUnity(log: logRows)
        low = RowPoints.powers(root, 1 << lowBits)
        high = RowPoints.powers(root.power(UInt64(1 << lowBits)), 1 << (logRows - lowBits))
    }

    private static func powers(_ base: KoalaBear, _ count: Int) -> [KoalaBear] {
        var powers: [KoalaBear] = []
        powers.reserveCapacity(count)
        var power = KoalaBear.one
        for _ in 0..<count {
            powers.append(power)
            power *= base
        }
        return powers
    }

    func point(_ row: Int) -> KoalaBear { low[row & (low.count - 1)] * high[row >> lowBits] }
}
