internal import Blake3
internal import CStark

/// Checks proofs. Total: no input makes it trap, and what it does is bounded by the statement, not by the proof.
package struct Verifier<Claim: Statement> {
    private let statement: Claim
    private let parameters: ProofParameters
    private var reader: ProofReader
    private var transcript: Transcript
    private var logDomain: Int { statement.logRows + parameters.logBlowup }

    /// Throws unless `proof` shows that the statement holds.
    ///
    /// - Parameter parameters: Chosen by the caller: the proof has no say.
    package static func verify(
        _ proof: UnsafeRawBufferPointer, of statement: Claim, _ parameters: ProofParameters
    ) throws(StarkError) {
        guard ProofLimits.logRows.contains(statement.logRows) else {
            throw StarkError(.unsupported, "there are no proofs for traces of 2^\(statement.logRows) rows")
        }
        var verifier = Verifier(
            statement: statement, parameters: parameters, reader: ProofReader(proof),
            transcript: statement.transcript(parameters))
        try verifier.run()
    }

    private mutating func run() throws(StarkError) {
        let traceRoot = try reader.digest("the root of the trace")
        transcript.absorb(.trace, traceRoot)
        let gamma = transcript.element()
        let alpha = transcript.element()
        let quotientRoot = try reader.digest("the root of the quotient")
        transcript.absorb(.quotient, quotientRoot)
        let zeta = transcript.element()
        let values = try reader.elements(Claim.valueCount, "the values at the point that was drawn")
        try checkConstraints(values, zeta: zeta, gamma: gamma, alpha: alpha)
        transcript.absorb(.values, values)
        let beta = transcript.element()

        var layers: [(root: Digest, challenge: Quintic)] = []
        for _ in 0..<ProofParameters.layers(logRows: statement.logRows) {
            let root = try reader.digest("the root of a layer")
            transcript.absorb(.layer, root)
            layers.append((root, transcript.element()))
        }
        let finalRows = 1 << (statement.logRows - ProofParameters.logFolding * layers.count)
        let polynomial = try reader.elements(finalRows, "the final polynomial")
        transcript.absorb(.finalPolynomial, polynomial)

        let nonce = try reader.number("the nonce")
        guard transcript.isWork(nonce, bits: parameters.grindingBits) else {
            throw StarkError(.grinding, "the nonce is no proof of work for this proof: it was changed, or never made")
        }
        transcript.absorb(nonce: nonce)
        let drawn = (0..<parameters.queries).map { _ in transcript.index(bits: logDomain) }
        var points = try openedPoints(
            Array(Set(drawn)), traceRoot, quotientRoot, values, zeta: zeta, beta: beta)
        var logSize = logDomain
        for layer in layers {
            points = try fold(points, layer.root, layer.challenge, logSize: logSize)
            logSize -= ProofParameters.logFolding
        }
        guard self.values(of: polynomial, at: points, logSize: logSize) == points.map(\.value) else {
            throw StarkError(
                .finalPolynomial,
                "the last layer is not the final polynomial: what was committed to has a higher degree")
        }
        try reader.finish()
    }

    /// The values fulfil the constraints: their weighted sum is the quotient times X^rows − 1.
    private func checkConstraints(_ values: [Quintic], zeta: Quintic, gamma: Quintic, alpha: Quintic) throws(StarkError)
    {
        let row = Array(values[..<Claim.columns])
        let quotient = values[Claim.columns..<Claim.columns + Claim.quotientColumns]
        let before = Array(values[(Claim.columns + Claim.quotientColumns)...])
        let power = zeta.power(UInt64(1) << UInt64(statement.logRows))
        let vanishing = power - .one
        // In ⟨ω⟩ nothing would be shown. One point of 2^134 is in the base field at all.
        guard vanishing != .zero else { throw StarkError(.challenge, "the point that was drawn is a row's") }
        var sum = Quintic.zero
        for degree in 0..<5 {
            let low = quotient[quotient.startIndex + degree]
            let high = quotient[quotient.startIndex + 5 + degree]
            sum += Quintic.basis(degree) * (low + power * high)
        }
        guard
            statement.composition(at: zeta, row: row, before: before, gamma: gamma, alpha: alpha) == sum * vanishing
        else {
            throw StarkError(
                .constraints, "the constraints do not hold: the proof is of something else than what it is shown for")
        }
    }

    /// Reads the rows that were opened, and computes what the first layer must be there.
    private mutating func openedPoints(
        _ places: [Int], _ traceRoot: Digest, _ quotientRoot: Digest, _ values: [Quintic], zeta: Quintic, beta: Quintic
    ) throws(StarkError) -> [Point] {
        let ordered = places.map { (leaf: parameters.leaf(place: $0, logRows: statement.logRows), place: $0) }
            .sorted { $0.leaf < $1.leaf }
        let leaves = ordered.map(\.leaf)
        let places = ordered.map(\.place)
        let trace = try reader.rows(leaves.count, words: Claim.columns, "the rows of the trace")
        guard try reader.root(of: trace, leaves, logLeaves: logDomain) == traceRoot else {
            throw StarkError(.traceOpening, "rows of the trace are not those that were committed to")
        }
        let quotient = try reader.rows(leaves.count, words: Claim.quotientColumns, "the rows of the quotient")
        guard try reader.root(of: quotient, leaves, logLeaves: logDomain) == quotientRoot else {
            throw StarkError(.quotientOpening, "rows of the quotient are not those that were committed to")
        }
        // Both sums of columns, at the places and at ζ and ζ / ω.
        let powers = beta.powers(Claim.valueCount)
        let shared = Claim.columns + Claim.quotientColumns
        let here = zip(powers, values).prefix(shared).reduce(Quintic.zero) { $0 + $1.0 * $1.1 }
        let before = zip(powers, values).dropFirst(shared).reduce(Quintic.zero) { $0 + $1.0 * $1.1 }
        let traceSums = trace.sums(Array(powers[..<Claim.columns]))
        let quotientSums = quotient.sums(Array(powers[Claim.columns..<shared]))
        let (block, first) = Claim.previous.lowerBound.quotientAndRemainder(dividingBy: 16)
        let sumsBefore = trace.sums(
            firstBlock: block, Array(repeating: .zero, count: first) + Array(powers[shared...]))

        let inverseRoots = (0..<logDomain).map { KoalaBear.rootOfUnity(log: logDomain - $0).inverse }
        let inverseGenerator = KoalaBear.generator.inverse
        func inverseRoot(_ exponent: Int) -> KoalaBear {
            inverseRoots.indices.reduce(.one) { exponent >> $1 & 1 == 1 ? $0 * inverseRoots[$1] : $0 }
        }
        let zetaBefore = zeta * KoalaBear.rootOfUnity(log: statement.logRows).inverse
        var denominators: [Quintic] = []
        denominators.reserveCapacity(2 * places.count)
        for place in places {
            let x = Quintic(KoalaBear.generator * inverseRoot(1 << logDomain - place))
            denominators.append(x - zeta)
            denominators.append(x - zetaBefore)
        }
        guard !denominators.contains(.zero) else {
            throw StarkError(.challenge, "the point that was drawn is a query's")
        }
        Quintic.invert(&denominators)
        return places.enumerated().map { index, place in
            let value =
                (traceSums[index] + quotientSums[index] - here) * denominators[2 * index]
                + (sumsBefore[index] - before) * denominators[2 * index + 1]
            return Point(place: place, value: value, inverse: inverseGenerator * inverseRoot(place))
        }
    }

    /// Checks the points of one layer and computes those of the next.
    private mutating func fold(
        _ points: [Point], _ root: Digest, _ challenge: Quintic, logSize: Int
    ) throws(StarkError) -> [Point] {
        let logLeaves = logSize - ProofParameters.logFolding
        let mask = (1 << logLeaves) - 1
        let points = points.sorted { $0.place & mask < $1.place & mask }
        var leaves: [Int] = []
        for point in points where point.place & mask != leaves.last { leaves.append(point.place & mask) }
        let rows = try reader.rows(leaves.count, words: 8 * Quintic.wordCount, "the leaves of a layer")
        guard try reader.root(of: rows, leaves, logLeaves: logLeaves) == root else {
            throw StarkError(.layerOpening, "values of a layer are not those that were committed to")
        }
        // Value t of a leaf is that at x · w^t, where x is the leaf's element and w has order 8.
        let roots = KoalaBear.rootOfUnity(log: ProofParameters.logFolding).powers(8)
        var inverses = [UInt32](repeating: 0, count: (leaves.count + 15) & ~15)
        var row = 0
        for point in points {
            if leaves[row] != point.place & mask { row += 1 }
            let t = point.place >> logLeaves
            guard rows.element(row: row, t) == point.value else {
                throw StarkError(.folding, "a layer does not follow from the one before it")
            }
            inverses[row] = (point.inverse * roots[t]).word
        }
        var fold = skerry_stark_fold(challenge: challenge)
        var folded = [UInt32](repeating: 0, count: 8 * inverses.count)
        skerry_stark_fri_fold_leaves(rows.words, inverses, &fold, inverses.count, &folded)
        return leaves.enumerated().map { row, leaf in
            Point(
                place: leaf, value: Quintic(folded, at: 8 * row),
                inverse: KoalaBear(unchecked: inverses[row]).power(UInt64(roots.count)))
        }
    }

    /// Values of the final polynomial at the last layer's points.
    private func values(of polynomial: [Quintic], at points: [Point], logSize: Int) -> [Quintic] {
        let shift = KoalaBear.generator.power(UInt64(1) << UInt64(logDomain - logSize))
        let root = KoalaBear.rootOfUnity(log: logSize)
        var powers = OpenedRows(count: points.count, rowWords: polynomial.count)
        for (row, point) in points.enumerated() {
            let x = shift * root.power(UInt64(point.place))
            var power = KoalaBear.one
            for index in 0..<polynomial.count {
                powers.words[powers.stride * row + index] = power.word
                power *= x
            }
        }
        return powers.sums(polynomial)
    }
}

/// A place of a layer, with the value that the layer must have there, and 1 over the element of the domain.
private struct Point {
    let place: Int
    let value: Quintic
    let inverse: KoalaBear
}

extension skerry_stark_fold {
    /// What a fold takes but for the points: the roots of order 8 and powers of the challenge.
    init(challenge: Quintic) {
        self.init()
        let root = KoalaBear.rootOfUnity(log: ProofParameters.logFolding).inverse
        roots = (KoalaBear.one.word, root.word, (root * root).word, (root * root * root).word)
        eighth = KoalaBear(8).inverse.word
        let square = challenge * challenge
        let words = challenge.words + square.words + (square * square).words
        withUnsafeMutableBytes(of: &challenges) { to in words.withUnsafeBytes { to.copyBytes(from: $0) } }
    }
}
