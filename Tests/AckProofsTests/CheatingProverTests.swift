import Testing

@testable import AckProofs
@testable import Stark

/// Provers that do all that a prover can to have a false statement accepted, short of finding a collision.
@Suite struct CheatingProverTests {
    /// Rows of some claims, shown as the proof of others.
    struct Cheat: Witness {
        /// What the rows are computed from.
        let rows: ChainWitness
        /// What the proof says.
        let claims: [AckClaim]
        /// Changes of single cells: row, column.
        var cells: [(row: Int, column: Int)] = []
        var logRows: Int { rows.logRows }

        func fill(
            _ panels: [UnsafeMutablePointer<UInt32>], _ workers: Workers
        ) throws(StarkError) -> ChainStatement {
            let ends = try rows.fillRows(panels, workers)
            for (row, column) in cells {
                let cell = panels[column / 16] + 16 * row + column % 16
                cell.pointee = (KoalaBear(unchecked: cell.pointee) + .one).word
            }
            let hasFiller = claims.reduce(0) { $0 + $1.steps } < 1 << UInt64(logRows)
            let filler = hasFiller ? ends[rows.claims.count] : PoseidonLink(words: .zero)
            return ChainStatement(claims, context: [], fillerEnd: filler)
        }
        func fillPublic(_ panel: UnsafeMutablePointer<UInt32>, of statement: ChainStatement, gamma: Quintic) {
            rows.fillPublic(panel, of: statement, gamma: gamma)
        }
        func weights(gamma: Quintic, alpha: Quintic) -> ChainWitness.Weights {
            rows.weights(gamma: gamma, alpha: alpha)
        }
        func quotient(
            of panels: [UnsafePointer<UInt32>], public columns: UnsafePointer<UInt32>, weights: ChainWitness.Weights,
            inverseVanishing: KoalaBear, rows range: Range<Int>, into out: UnsafeMutablePointer<UInt32>
        ) {
            rows.quotient(
                of: panels, public: columns, weights: weights, inverseVanishing: inverseVanishing, rows: range,
                into: out)
        }
    }

    private func attempt(_ cheat: Cheat) throws -> String? {
        let (body, statement) = try Prover.prove(cheat, quick, ProverOptions())
        return refusal(AckProof.header(quick, fillerEnd: statement.fillerEnd) + body, cheat.claims)
    }

    private static let honest: [AckClaim] = {
        var random = SplitMix(seed: 50)
        return random.claims([100, 300, 50, 500])
    }()

    private func report(_ name: String, _ code: String?) {
        #expect(code == "stark/constraints", "\(name)")
        print("| a prover: \(name) | `\(code ?? "ACCEPTED")` |")
    }

    @Test func honestRowsAreAccepted() throws {
        #expect(try attempt(Cheat(rows: ChainWitness(Self.honest, context: []), claims: Self.honest)) == nil)
    }

    /// Two chains of right steps, put together where they do not meet.
    @Test func brokenLink() throws {
        var random = SplitMix(seed: 51)
        let (old, new) = (random.claim(steps: 60), random.claim(steps: 40))
        let rows = [new, old] + Self.honest
        let claim = AckClaim(from: old.from, to: new.to, steps: 100)
        report(
            "a chain of two that do not meet",
            try attempt(Cheat(rows: ChainWitness(rows, context: []), claims: [claim] + Self.honest)))
    }

    /// One cell of each kind, in the first, the last and a middle row of a segment.
    @Test(arguments: [0, 47, 48, 63, 64, 111, 112, 131, 132, 139]) func brokenStep(column: Int) throws {
        for row in [0, 99, 100, 250, 1_023] {
            let cheat = Cheat(
                rows: ChainWitness(Self.honest, context: []), claims: Self.honest, cells: [(row, column)])
            #expect(try attempt(cheat) == "stark/constraints")
        }
        print("| a prover: a wrong cell in column \(column) | `stark/constraints` |")
    }

    @Test func otherClaims() throws {
        let rows = ChainWitness(Self.honest, context: [])
        func cheat(_ name: String, _ change: (inout [AckClaim]) -> Void) throws {
            var claims = Self.honest
            change(&claims)
            report(name, try attempt(Cheat(rows: rows, claims: claims)))
        }
        try cheat("another settled link") {
            $0[1] = AckClaim(from: $0[1].from.changed(word: 7), to: $0[1].to, steps: $0[1].steps)
        }
        try cheat("another newer link") {
            $0[2] = AckClaim(from: $0[2].from, to: $0[2].to.changed(word: 3), steps: $0[2].steps)
        }
        try cheat("one step more, taken from the next claim") {
            $0[0] = AckClaim(from: $0[0].from, to: $0[0].to, steps: $0[0].steps + 1)
            $0[1] = AckClaim(from: $0[1].from, to: $0[1].to, steps: $0[1].steps - 1)
        }
        try cheat("one step more, taken from the filler") {
            $0[3] = AckClaim(from: $0[3].from, to: $0[3].to, steps: $0[3].steps + 1)
        }
        try cheat("all of the filler's steps") {
            $0[3] = AckClaim(from: $0[3].from, to: $0[3].to, steps: $0[3].steps + 74)
        }
        try cheat("exchanged settled links") {
            let first = $0[0]
            $0[0] = AckClaim(from: $0[1].from, to: first.to, steps: first.steps)
            $0[1] = AckClaim(from: first.from, to: $0[1].to, steps: $0[1].steps)
        }
        try cheat("two claims as one") {
            $0[1] = AckClaim(from: $0[1].from, to: $0[0].to, steps: 400)
            $0.remove(at: 0)
        }
    }

    /// Provers that also say wrong values at the drawn point, or commit to layers of too high a degree.
    enum Lie: CaseIterable { case values, layer, highDegree }

    @Test(arguments: Lie.allCases) func falseLayers(lie: Lie) throws {
        var claims = Self.honest
        if lie != .highDegree {
            claims[1] = AckClaim(from: claims[1].from.changed(), to: claims[1].to, steps: claims[1].steps)
        }
        let cheat = Cheat(rows: ChainWitness(Self.honest, context: []), claims: claims)
        var (prover, trace) = try Prover.begin(cheat, quick, ProverOptions())
        let proof = try prover.run(trace, lie)
        trace = []
        let code = refusal(AckProof.header(quick, fillerEnd: prover.statement.fillerEnd) + proof, claims)
        switch lie {
        case .values:
            #expect(code == "stark/folding")
            print(
                "| a prover: values at ζ that fulfil the constraints, but are not those of the columns | `\(code ?? "ACCEPTED")` |"
            )
        case .layer:
            #expect(code == "stark/final-polynomial")
            print("| a prover: the same, and a first layer that agrees with them | `\(code ?? "ACCEPTED")` |")
        case .highDegree:
            #expect(code == "stark/final-polynomial" || code == "stark/folding")
            print("| a prover: a first layer of too high a degree | `\(code ?? "ACCEPTED")` |")
        }
    }
}

extension Prover where Source == CheatingProverTests.Cheat {
    /// `run` with a lie in it.
    mutating func run(_ panels: [Buffer], _ lie: CheatingProverTests.Lie) throws(StarkError) -> [UInt8] {
        try interpolate(panels)
        let extended = try extend(panels)
        let traceTree = try commit(extended)
        append(traceTree.root, .trace)
        let gamma = transcript.element()
        let alpha = transcript.element()
        let quotient = try quotientCoefficients(extended, gamma: gamma, alpha: alpha)
        let extendedQuotient = try extend([quotient])
        let quotientTree = try commit(extendedQuotient.map { $0[0] })
        append(quotientTree.root, .quotient)
        let zeta = transcript.element()
        var values = try values(panels, quotient, at: zeta)
        if lie != .highDegree {
            // The quotient's first value is chosen so that the constraints seem to hold.
            let power = zeta.power(UInt64(rows))
            let composition = statement.composition(
                at: zeta, row: Array(values[..<140]), before: Array(values[150...]), gamma: gamma, alpha: alpha)
            var rest = Quintic.zero
            for degree in 0..<5 {
                let low = degree == 0 ? Quintic.zero : values[140 + degree]
                rest += Quintic.basis(degree) * (low + power * values[145 + degree])
            }
            values[140] = composition * (power - .one).inverse - rest
        }
        transcript.absorb(.values, values)
        append(values)
        let beta = transcript.element()
        let layer = try layer(of: try combine(panels, quotient, beta: beta, at: zeta))
        let size = 1 << logDomain
        if lie == .highDegree {
            for index in 0..<size where index % 3 == 0 { layer.start[index] = KoalaBear(UInt32(index)).word }
        }
        if lie == .layer {
            // (f − y') / (X − ζ) for the false value y' instead of the polynomial (f − y) / (X − ζ).
            let truth = try self.values(panels, quotient, at: zeta)[140]
            let error = beta.power(140) * (truth - values[140])
            let root = KoalaBear.rootOfUnity(log: logDomain)
            for index in 0..<size {
                let x = Quintic(KoalaBear.generator * root.power(UInt64(index)))
                let change = (error * (x - zeta).inverse).words
                for word in 0..<5 {
                    let place = size * word + index
                    let sum = KoalaBear(unchecked: layer.start[place]) + KoalaBear(unchecked: change[word])
                    layer.start[place] = sum.word
                }
            }
        }
        let fri = try foldDown(layer)
        let nonce = try grind()
        transcript.absorb(nonce: nonce)
        proof.append(word: UInt32(truncatingIfNeeded: nonce))
        proof.append(word: UInt32(truncatingIfNeeded: nonce >> 32))
        let drawn = (0..<parameters.queries).map { _ in transcript.index(bits: logDomain) }
        open(Array(Set(drawn)), extended, traceTree, extendedQuotient.map { $0[0] }, quotientTree)
        openLayers(fri, drawn)
        return proof
    }
}
