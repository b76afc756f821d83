internal import CStark

// Values outside of the domain, and the polynomial that is of low degree only if they are right.
extension Prover {
    /// Weights for `skerry_stark_evaluate`: powers of a point at bit-reversed places, in blocks of 2^`low` rows.
    private func weights(_ point: Quintic) -> (low: [UInt32], high: [UInt32]) {
        let highBits = domain.logRows / 2
        let lowBits = domain.logRows - highBits
        func table(_ base: Quintic, _ bits: Int) -> [UInt32] {
            let powers = base.powers(1 << bits)
            return (0..<1 << bits).flatMap { powers[Domain.reversed($0, bits: bits)].words }
        }
        return (table(point.power(UInt64(1) << UInt64(highBits)), lowBits), table(point, highBits))
    }

    /// The 16 polynomials of a panel at a point.
    private func values(_ panel: Buffer, _ weights: (low: [UInt32], high: [UInt32])) throws(StarkError) -> [Quintic] {
        let blockRows = weights.low.count / 5
        let blocks = weights.high.count / 5
        let pieces = min(blocks, 4 * workers.threads)
        let partial = try arena.buffer(words: 80 * pieces)
        try workers.forEach(pieces) { piece in
            let lower = blocks * piece / pieces
            let upper = blocks * (piece + 1) / pieces
            skerry_stark_evaluate(
                panel.start, blockRows, weights.low, weights.high, lower, upper - lower, partial.start + 80 * piece)
        }
        return (0..<16).map { column in
            (0..<pieces).reduce(Quintic.zero) { sum, piece in
                let words = (0..<5).map { partial.start[80 * piece + 16 * $0 + column] }
                return sum + Quintic(uncheckedWords: words)
            }
        }
    }

    /// All columns and the quotient at ζ, then the columns that constraints use of the row before at ζ / ω.
    func values(_ trace: [Buffer], _ quotient: Buffer, at zeta: Quintic) throws(StarkError) -> [Quintic] {
        let here = weights(zeta)
        let before = weights(zeta * KoalaBear.rootOfUnity(log: domain.logRows).inverse)
        var values: [Quintic] = []
        for panel in trace { values += try self.values(panel, here) }
        values.removeLast(values.count - Claim.columns)
        values += try self.values(quotient, here)[..<Claim.quotientColumns]
        let first = Claim.previous.lowerBound
        let panel = try self.values(trace[first / 16], before)
        values += panel[first % 16..<first % 16 + Claim.previous.count]
        return values
    }

    /// Coefficients of (f − f(ζ)) / (X − ζ) + (g − g(ζ/ω)) / (X − ζ/ω) in rows of 8 words, where f is the sum of all columns and
    /// the quotient and g that of the columns in `previous`, each with its power of β.
    func combine(
        _ trace: [Buffer], _ quotient: Buffer, beta: Quintic, at zeta: Quintic
    ) throws(StarkError) -> Buffer {
        let powers = beta.powers(Claim.valueCount)
        var weights = [UInt32](repeating: 0, count: 80 * (Claim.panels + 1))
        var beforeWeights = [UInt32](repeating: 0, count: 80)
        for column in 0..<Claim.columns {
            weights.replaceSubrange(5 * column..<5 * column + 5, with: powers[column].words)
        }
        for column in 0..<Claim.quotientColumns {
            let place = 80 * Claim.panels + 5 * column
            weights.replaceSubrange(place..<place + 5, with: powers[Claim.columns + column].words)
        }
        for (index, column) in Claim.previous.enumerated() {
            let place = 5 * (column % 16)
            beforeWeights.replaceSubrange(
                place..<place + 5, with: powers[Claim.columns + Claim.quotientColumns + index].words)
        }
        let sums = [try arena.buffer(words: 8 * rows), try arena.buffer(words: 8 * rows)]
        let panels: [UnsafePointer<UInt32>?] = (trace + [quotient]).map { UnsafePointer($0.start) }
        let beforePanel: [UnsafePointer<UInt32>?] = [UnsafePointer(trace[Claim.previous.lowerBound / 16].start)]
        try workers.forEachPiece(of: rows, step: 64) { range in
            skerry_stark_combine(
                panels, CInt(panels.count), 16, weights, range.lowerBound, range.count, sums[0].start)
            skerry_stark_combine(
                beforePanel, 1, 16, beforeWeights, range.lowerBound, range.count, sums[1].start)
        }
        let points = [zeta, zeta * KoalaBear.rootOfUnity(log: domain.logRows).inverse]
        let quotients = [try arena.buffer(words: 8 * rows), try arena.buffer(words: 8 * rows)]
        try workers.forEach(2) { index in
            quotients[index].zero(words: 8 * rows)
            skerry_stark_divide(sums[index].start, CInt(domain.logRows), points[index].words, quotients[index].start)
        }
        try workers.forEachPiece(of: rows, step: 64) { range in
            for index in 8 * range.lowerBound..<8 * range.upperBound {
                let sum =
                    KoalaBear(unchecked: quotients[0].start[index]) + KoalaBear(unchecked: quotients[1].start[index])
                quotients[0].start[index] = sum.word
            }
        }
        return quotients[0]
    }

    /// The first FRI layer: the polynomial's values on the domain, five arrays. Three cosets share a panel.
    func layer(of coefficients: Buffer) throws(StarkError) -> Buffer {
        let blowup = domain.blowup
        let size = 1 << logDomain
        let packed = try panels((blowup + 2) / 3)
        let layer = try arena.buffer(words: 5 * size)
        try workers.forEach(packed.count) { index in
            let tables = (0..<3).map { 3 * index + $0 < blowup ? domain.shiftTable(3 * index + $0) : nil }
            skerry_stark_pack(coefficients.start, tables, 0, rows, packed[index].start)
            domain.withScratch { domain.evaluate(packed[index].start, coset: nil, packed[index].start, scratch: $0) }
        }
        try workers.forEachPiece(of: rows, step: 64) { range in
            for coset in 0..<blowup {
                let values = packed[coset / 3].start + 5 * (coset % 3)
                for row in range {
                    for word in 0..<5 { layer.start[size * word + blowup * row + coset] = values[16 * row + word] }
                }
            }
        }
        return layer
    }
}
