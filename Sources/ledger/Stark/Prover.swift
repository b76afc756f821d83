internal import Blake3
internal import CStark

/// Makes proofs: DEEP-ALI (https://eprint.iacr.org/2019/336) with FRI (https://eprint.iacr.org/2018/046), made non-interactive
/// with a transcript. `docs/design/stark.md` has the protocol step by step.
package struct Prover<Source: Witness> {
    package typealias Claim = Source.Claim
    let witness: Source
    let statement: Claim
    let parameters: ProofParameters
    let arena: ProverArena
    let workers: Workers
    let control: ProverControl?
    let domain: Domain
    var proof: [UInt8] = []
    var transcript: Transcript

    var rows: Int { domain.rows }
    var logDomain: Int { domain.logRows + domain.logBlowup }

    /// A proof of what the witness shows, in the encoding of `docs/design/stark.md`, and what that is.
    ///
    /// The same witness gives the same proof. A witness that shows something else than it says gives a proof that no verifier
    /// accepts.
    package static func prove(
        _ witness: Source, _ parameters: ProofParameters, _ options: ProverOptions
    ) throws(StarkError) -> (proof: [UInt8], statement: Claim) {
        let limits = ProofLimits.logRows
        guard limits.contains(witness.logRows) else {
            throw StarkError(
                .unsupported,
                "a trace of 2^\(witness.logRows) rows: 2^\(limits.lowerBound) to 2^\(limits.upperBound) can be proved")
        }
        var (prover, trace) = try begin(witness, parameters, options)
        return (try prover.run(trace), prover.statement)
    }

    /// A prover with the filled panels of its trace.
    static func begin(
        _ witness: Source, _ parameters: ProofParameters, _ options: ProverOptions
    ) throws(StarkError) -> (Prover, [Buffer]) {
        let arena = options.arena ?? ProverArena()
        let workers = Workers(options)
        var trace: [Buffer] = []
        for _ in 0..<Claim.panels { trace.append(try arena.buffer(words: 16 << witness.logRows)) }
        let statement = try witness.fill(trace.map(\.start), workers)
        let prover = Prover(
            witness: witness, statement: statement, parameters: parameters, arena: arena, workers: workers,
            control: options.control,
            domain: try Domain(
                logRows: witness.logRows, logBlowup: parameters.logBlowup, arena: arena, workers: workers),
            transcript: statement.transcript(parameters))
        prover.note(60)
        return (prover, trace)
    }

    /// Notes how much is done; the shares are those of a proof of 2^18 rows.
    func note(_ thousandths: UInt32) { control?.note(thousandths: thousandths) }

    mutating func run(_ panels: [Buffer]) throws(StarkError) -> [UInt8] {
        // The trace: coefficients, values on the whole domain, commitment.
        var trace = panels
        try interpolate(trace)
        note(110)
        let extended = try extend(trace)
        note(400)
        let traceTree = try commit(extended)
        append(traceTree.root, .trace)
        note(560)

        let gamma = transcript.element()
        let alpha = transcript.element()
        let quotient = try quotientCoefficients(extended, gamma: gamma, alpha: alpha)
        note(680)
        let extendedQuotient = try extend([quotient])
        let quotientTree = try commit(extendedQuotient.map { $0[0] })
        append(quotientTree.root, .quotient)
        note(740)

        // Values at a point outside of the domain, and one polynomial that has low degree if they are right.
        let zeta = transcript.element()
        let values = try values(trace, quotient, at: zeta)
        transcript.absorb(.values, values)
        append(values)
        let beta = transcript.element()
        let combined = try combine(trace, quotient, beta: beta, at: zeta)
        trace = []
        note(780)
        let firstLayer = try layer(of: combined)
        note(810)

        let fri = try foldDown(firstLayer)
        note(840)
        let nonce = try grind()
        transcript.absorb(nonce: nonce)
        proof.append(word: UInt32(truncatingIfNeeded: nonce))
        proof.append(word: UInt32(truncatingIfNeeded: nonce >> 32))
        note(990)

        let drawn = (0..<parameters.queries).map { _ in transcript.index(bits: logDomain) }
        open(Array(Set(drawn)), extended, traceTree, extendedQuotient.map { $0[0] }, quotientTree)
        openLayers(fri, drawn)
        note(1_000)
        return proof
    }

    // MARK: Writing

    mutating func append(_ root: Digest, _ label: Transcript.Label) {
        proof += root.bytes
        transcript.absorb(label, root)
    }

    mutating func append(layer root: Digest) { append(root, .layer) }

    mutating func append(_ elements: [Quintic]) {
        for element in elements { for word in element.words { proof.append(word: word) } }
    }

    // MARK: Panels

    func panels(_ count: Int) throws(StarkError) -> [Buffer] {
        var panels: [Buffer] = []
        for _ in 0..<count { panels.append(try arena.buffer(words: 16 * rows)) }
        return panels
    }

    func interpolate(_ panels: [Buffer]) throws(StarkError) {
        try workers.forEach(panels.count) { index in
            domain.withScratch { domain.interpolate(panels[index].start, scratch: $0) }
        }
    }

    /// Values on each coset: first the coset, then the panel.
    func extend(_ coefficients: [Buffer]) throws(StarkError) -> [[Buffer]] {
        var extended: [[Buffer]] = []
        for _ in 0..<domain.blowup { extended.append(try panels(coefficients.count)) }
        try workers.forEach(domain.blowup * coefficients.count) { index in
            let (coset, panel) = index.quotientAndRemainder(dividingBy: coefficients.count)
            domain.withScratch {
                domain.evaluate(
                    coefficients[panel].start, coset: coset, extended[coset][panel].start, scratch: $0)
            }
        }
        return extended
    }

    /// Commits to the trace: leaf j · 2^`logRows` + i has row i of coset j.
    func commit(_ extended: [[Buffer]]) throws(StarkError) -> MerkleTree {
        let tree = try MerkleTree(logLeaves: logDomain, arena: arena)
        let batch = 32
        try workers.forEachPiece(of: 1 << logDomain, step: batch) { leaves in
            let rowWords = 16 * Claim.panels
            withUnsafeTemporaryAllocation(byteCount: 4 * rowWords * batch, alignment: 64) { bytes in
                let words = bytes.assumingMemoryBound(to: UInt32.self)
                guard let start = words.baseAddress else { return }
                for first in stride(from: leaves.lowerBound, to: leaves.upperBound, by: batch) {
                    let panels = extended[first >> domain.logRows]
                    let row = first & (rows - 1)
                    for panel in 0..<Claim.panels {
                        let from = panels[panel].start + 16 * row
                        for index in 0..<batch {
                            (start + rowWords * index + 16 * panel).update(from: from + 16 * index, count: 16)
                        }
                    }
                    Blake3.keyedHashes(
                        key: Transcript.Keys.leaf, UnsafeRawBufferPointer(bytes), byteCount: 4 * Claim.columns,
                        into: tree.leaves(first..<first + batch))
                }
            }
        }
        try tree.build(workers)
        return tree
    }

    /// Commits to the quotient, whose rows are hashed where they are.
    func commit(_ extended: [Buffer]) throws(StarkError) -> MerkleTree {
        let tree = try MerkleTree(logLeaves: logDomain, arena: arena)
        try workers.forEachPiece(of: 1 << logDomain, step: min(rows, 1_024)) { leaves in
            var first = leaves.lowerBound
            while first < leaves.upperBound {
                let row = first & (rows - 1)
                let count = min(leaves.upperBound - first, rows - row)
                Blake3.keyedHashes(
                    key: Transcript.Keys.leaf,
                    UnsafeRawBufferPointer(start: extended[first >> domain.logRows].raw + 64 * row, count: 64 * count),
                    byteCount: 4 * Claim.quotientColumns, into: tree.leaves(first..<first + count))
                first += count
            }
        }
        try tree.build(workers)
        return tree
    }

    // MARK: Quotient

    /// Coefficients of the two halves of (weighted sum of the constraints) / (X^rows − 1).
    ///
    /// The sum has degree below 3 · rows, the quotient below 2 · rows: two cosets determine it. On coset 0 and the one halfway
    /// x^rows is 3^rows and −3^rows.
    func quotientCoefficients(
        _ extended: [[Buffer]], gamma: Quintic, alpha: Quintic
    ) throws(StarkError) -> Buffer {
        let cosets = [0, domain.blowup / 2]
        let weights = witness.weights(gamma: gamma, alpha: alpha)
        let columns = try arena.buffer(words: 16 * rows)
        columns.zero(words: 16 * rows)
        witness.fillPublic(columns.start, of: statement, gamma: gamma)
        try interpolate([columns])
        let publicValues = try panels(2)
        try workers.forEach(2) { index in
            domain.withScratch {
                domain.evaluate(columns.start, coset: cosets[index], publicValues[index].start, scratch: $0)
            }
        }
        let sums = try panels(2)
        let power = KoalaBear.generator.power(UInt64(rows))
        let inverses = [(power - .one).inverse, (.zero - power - .one).inverse]
        try workers.forEachPiece(of: 2 * rows, step: 64) { range in
            for (index, coset) in cosets.enumerated() {
                let part = range.clamped(to: index * rows..<(index + 1) * rows)
                guard !part.isEmpty else { continue }
                witness.quotient(
                    of: extended[coset].map { UnsafePointer($0.start) }, public: publicValues[index].start,
                    weights: weights, inverseVanishing: inverses[index],
                    rows: part.lowerBound - index * rows..<part.upperBound - index * rows, into: sums[index].start)
            }
        }
        try interpolate(sums)
        let tables = [try arena.buffer(words: rows), try arena.buffer(words: rows)]
        try workers.forEach(2) { index in
            Domain.fillPowers(
                of: domain.shifts[cosets[index]].inverse, logRows: domain.logRows, tables[index].start)
        }
        let half = KoalaBear(2).inverse
        let high = half * power.inverse
        try workers.forEachPiece(of: rows, step: 64) { range in
            skerry_stark_halves(
                sums[0].start, sums[1].start, tables[0].start, tables[1].start, half.word, high.word,
                range.lowerBound, range.count, columns.start)
        }
        return columns
    }
}

/// What can be proved.
package enum ProofLimits {
    /// Logarithms of the number of rows of a trace.
    package static let logRows = 10...20
}
