internal import Blake3

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

    /// What FRI gets from the first part: a place of a layer and the value that it must have there.
    private typealias Point = (place: Int, value: Quintic)

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
        var shift = KoalaBear.generator
        for layer in layers {
            points = try fold(points, layer.root, layer.challenge, logSize: logSize, shift: shift)
            logSize -= ProofParameters.logFolding
            for _ in 0..<ProofParameters.logFolding { shift *= shift }
        }
        let root = KoalaBear.rootOfUnity(log: logSize)
        for point in points {
            let x = shift * root.power(UInt64(point.place))
            let value = polynomial.reversed().reduce(Quintic.zero) { $0 * x + $1 }
            guard value == point.value else {
                throw StarkError(
                    .finalPolynomial,
                    "the last layer is not the final polynomial: what was committed to has a higher degree")
            }
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
        func leaf(_ place: Int) -> Int {
            (place & ((1 << parameters.logBlowup) - 1)) << statement.logRows + place >> parameters.logBlowup
        }
        let ordered = places.map { (leaf: leaf($0), place: $0) }.sorted { $0.leaf < $1.leaf }
        let leaves = ordered.map(\.leaf)
        let trace = try reader.words(Claim.columns * leaves.count, "the rows of the trace")
        guard try openedRoot(trace, Claim.columns, leaves, logLeaves: logDomain) == traceRoot else {
            throw StarkError(.traceOpening, "rows of the trace are not those that were committed to")
        }
        let quotient = try reader.words(Claim.quotientColumns * leaves.count, "the rows of the quotient")
        guard try openedRoot(quotient, Claim.quotientColumns, leaves, logLeaves: logDomain) == quotientRoot else {
            throw StarkError(.quotientOpening, "rows of the quotient are not those that were committed to")
        }
        let powers = beta.powers(Claim.valueCount)
        let shared = Claim.columns + Claim.quotientColumns
        let here = zip(powers, values).prefix(shared).reduce(Quintic.zero) { $0 + $1.0 * $1.1 }
        let before = zip(powers, values).dropFirst(shared).reduce(Quintic.zero) { $0 + $1.0 * $1.1 }
        let root = KoalaBear.rootOfUnity(log: logDomain)
        let zetaBefore = zeta * KoalaBear.rootOfUnity(log: statement.logRows).inverse
        var denominators: [Quintic] = []
        for (_, place) in ordered {
            let x = Quintic(KoalaBear.generator * root.power(UInt64(place)))
            denominators += [x - zeta, x - zetaBefore]
        }
        guard !denominators.contains(.zero) else {
            throw StarkError(.challenge, "the point that was drawn is a query's")
        }
        Quintic.invert(&denominators)
        return ordered.enumerated().map { index, entry in
            var sum = Quintic.zero
            var sumBefore = Quintic.zero
            for column in 0..<Claim.columns {
                sum += powers[column] * KoalaBear(unchecked: trace[Claim.columns * index + column])
            }
            for column in 0..<Claim.quotientColumns {
                let value = KoalaBear(unchecked: quotient[Claim.quotientColumns * index + column])
                sum += powers[Claim.columns + column] * value
            }
            for (offset, column) in Claim.previous.enumerated() {
                sumBefore += powers[shared + offset] * KoalaBear(unchecked: trace[Claim.columns * index + column])
            }
            let value = (sum - here) * denominators[2 * index] + (sumBefore - before) * denominators[2 * index + 1]
            return (entry.place, value)
        }
    }

    /// The root that follows from rows of words and the opening that comes next in the proof.
    private mutating func openedRoot(
        _ words: [UInt32], _ rowWords: Int, _ leaves: [Int], logLeaves: Int
    ) throws(StarkError) -> Digest {
        let stride = Blake3.paddedByteCount(4 * rowWords) / 4
        var padded = [UInt32](repeating: 0, count: stride * leaves.count)
        for row in leaves.indices {
            for index in 0..<rowWords { padded[stride * row + index] = words[rowWords * row + index].littleEndian }
        }
        let digests = padded.withUnsafeBytes {
            Blake3.keyedHashes(key: Transcript.Keys.leaf, $0, byteCount: 4 * rowWords)
        }
        return try MerkleTree.root(leaves, digests, logLeaves: logLeaves) { () throws(StarkError) in
            try reader.digest("an opening")
        }
    }

    /// Checks the points of one layer and computes those of the next.
    private mutating func fold(
        _ points: [Point], _ root: Digest, _ challenge: Quintic, logSize: Int, shift: KoalaBear
    ) throws(StarkError) -> [Point] {
        let logLeaves = logSize - ProofParameters.logFolding
        let mask = (1 << logLeaves) - 1
        let leaves = Array(Set(points.map { $0.place & mask })).sorted()
        let words = try reader.words(40 * leaves.count, "the leaves of a layer")
        guard try openedRoot(words, 40, leaves, logLeaves: logLeaves) == root else {
            throw StarkError(.layerOpening, "values of a layer are not those that were committed to")
        }
        let values = words.withUnsafeBufferPointer { words in
            (0..<8 * leaves.count).compactMap { index in
                words.baseAddress.map { Quintic(uncheckedWords: $0 + 5 * index) }
            }
        }
        let order = Dictionary(uniqueKeysWithValues: leaves.enumerated().map { ($1, $0) })
        for point in points {
            guard let row = order[point.place & mask], values[8 * row + point.place >> logLeaves] == point.value else {
                throw StarkError(.folding, "a layer does not follow from the one before it")
            }
        }
        let inverseRoot = KoalaBear.rootOfUnity(log: logSize).inverse
        let inverseShift = shift.inverse
        let eighthRoot = KoalaBear.rootOfUnity(log: ProofParameters.logFolding).inverse
        let roots = [KoalaBear.one, eighthRoot, eighthRoot * eighthRoot, eighthRoot * eighthRoot * eighthRoot]
        let eighth = KoalaBear(8).inverse
        return leaves.enumerated().map { row, leaf in
            var folded = Array(values[8 * row..<8 * row + 8])
            var inverse = inverseShift * inverseRoot.power(UInt64(leaf))
            var factor = challenge
            var half = 4
            var level = 0
            while half > 0 {
                for t in 0..<half {
                    let (left, right) = (folded[t], folded[t + half])
                    folded[t] = left + right + (left - right) * (inverse * roots[t << level]) * factor
                }
                inverse *= inverse
                factor *= factor
                half /= 2
                level += 1
            }
            return (leaf, folded[0] * eighth)
        }
    }
}
