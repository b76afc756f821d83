import CStark
import Testing

@testable import Stark

/// The kernels that work on panels, against what they are defined to compute.
@Suite struct TransformTests {
    let arena = ProverArena()

    private func domain(_ logRows: Int, _ logBlowup: Int = 2) throws -> Domain {
        try Domain(
            logRows: logRows, logBlowup: logBlowup, arena: arena, workers: Workers(ProverOptions(threads: 1)))
    }

    private func randomPanel(_ rows: Int, _ random: inout SplitMix) throws -> Buffer {
        let panel = try arena.buffer(words: 16 * rows)
        for index in 0..<16 * rows { panel.start[index] = random.word() }
        return panel
    }

    /// A column's coefficients, in order.
    private func coefficients(_ panel: Buffer, _ column: Int, logRows: Int) -> [KoalaBear] {
        (0..<1 << logRows).map {
            KoalaBear(unchecked: panel.start[16 * Domain.reversed($0, bits: logRows) + column])
        }
    }

    private func horner(_ coefficients: [KoalaBear], _ x: KoalaBear) -> KoalaBear {
        coefficients.reversed().reduce(.zero) { $0 * x + $1 }
    }

    /// Interpolation, and evaluation on all cosets, against Horner's rule: even and odd logarithms.
    @Test(arguments: kernelNames, [5, 6, 10, 11]) func transformsByDefinition(kernel: String, logRows: Int) throws {
        var random = SplitMix(seed: UInt64(logRows))
        try withKernel(kernel) {
            let domain = try domain(logRows)
            let values = try randomPanel(domain.rows, &random)
            let panel = try arena.buffer(words: 16 * domain.rows)
            panel.start.update(from: values.start, count: 16 * domain.rows)
            domain.withScratch { domain.interpolate(panel.start, scratch: $0) }
            let root = KoalaBear.rootOfUnity(log: logRows)
            let out = try arena.buffer(words: 16 * domain.rows)
            for column in [0, 7, 15] {
                let polynomial = coefficients(panel, column, logRows: logRows)
                for row in [0, 1, domain.rows / 2 + 1, domain.rows - 1] {
                    #expect(horner(polynomial, root.power(UInt64(row))).word == values.start[16 * row + column])
                }
                for coset in 0..<domain.blowup {
                    domain.withScratch { domain.evaluate(panel.start, coset: coset, out.start, scratch: $0) }
                    for row in [0, 1, domain.rows / 2 + 1, domain.rows - 1] {
                        let x = domain.shifts[coset] * root.power(UInt64(row))
                        #expect(horner(polynomial, x).word == out.start[16 * row + column])
                    }
                }
            }
            domain.withScratch { domain.evaluate(panel.start, coset: nil, panel.start, scratch: $0) }
            #expect((0..<16 * domain.rows).allSatisfy { panel.start[$0] == values.start[$0] })
        }
    }

    @Test func shiftsAreThoseOfTheDomain() throws {
        let domain = try domain(10, 3)
        let root = KoalaBear.rootOfUnity(log: 13)
        for coset in 0..<8 { #expect(domain.shifts[coset] == KoalaBear(3) * root.power(UInt64(coset))) }
        for exponent in [0, 1, 2, 511, 1_023] {
            let place = Domain.reversed(exponent, bits: 10)
            #expect(domain.shiftTable(5)[place] == domain.shifts[5].power(UInt64(exponent)).word)
        }
    }

    /// All kernels that are not transforms give the same as the portable one, word for word.
    @Test(arguments: kernelNames) func kernelsAgree(kernel: String) throws {
        var outputs: [[UInt32]] = []
        for name in ["portable", "neon", kernel] {
            try withKernel(name) { outputs.append(try everything()) }
        }
        for output in outputs.dropFirst() { #expect(output == outputs[0]) }
    }

    private func everything() throws -> [UInt32] {
        var random = SplitMix(seed: 20)
        let rows = 64
        var result: [UInt32] = []
        func collect(_ buffer: Buffer, _ words: Int) { result += (0..<words).map { buffer.start[$0] } }
        var panels: [Buffer] = []
        for _ in 0..<10 { panels.append(try randomPanel(rows, &random)) }
        let optional: [UnsafePointer<UInt32>?] = panels.map { UnsafePointer($0.start) }
        let table = (0..<5 * 160).map { _ in random.word() }
        var values = [UInt32](repeating: 0, count: 80)
        skerry_stark_evaluate(panels[0].start, 8, table, Array(table[40...]), 2, 6, &values)
        result += values
        let combined = try arena.buffer(words: 8 * rows)
        skerry_stark_combine(optional, 10, 16, table, 0, rows, combined.start)
        collect(combined, 8 * rows)
        skerry_stark_combine([optional[0]], 1, 48, table, 0, 16, combined.start)
        collect(combined, 8 * 16)
        skerry_stark_sparse(panels[1].start, panels[2].start, rows, Array(table[..<5]), &values)
        result += values
        let out = try arena.buffer(words: 16 * rows)
        skerry_stark_pack(combined.start, [optional[1], optional[2], nil], 0, rows, out.start)
        collect(out, 16 * rows)
        skerry_stark_halves(
            panels[0].start, panels[1].start, panels[2].start, panels[3].start, 77, 99, 0, rows, out.start)
        collect(out, 16 * rows)
        let leaves = try arena.buffer(words: 48 * 16)
        skerry_stark_fri_leaves(panels[0].start, 16, 0, 16, leaves.start)
        collect(leaves, 48 * 16)
        var fold = skerry_stark_fold()
        withUnsafeMutableBytes(of: &fold) { bytes in
            for index in 0..<bytes.count / 4 {
                bytes.storeBytes(of: random.word(), toByteOffset: 4 * index, as: UInt32.self)
            }
        }
        skerry_stark_fri_fold(panels[0].start, 16, &fold, 0, 16, out.start)
        collect(out, 80)
        skerry_stark_fri_fold_leaves(leaves.start, panels[1].start, &fold, 16, out.start)
        collect(out, 128)
        var words = (0..<128).map { _ in random.word() }
        var destinations: [UnsafeMutablePointer<UInt32>?] = []
        for panel in panels[..<9] { destinations.append(panel.start) }
        let starts = (0..<16).map { UInt64(4 * $0) }
        skerry_stark_chain_rows(&words, destinations, starts, 0xfffd, 4)
        result += words[0..<1]
        for panel in panels[..<9] { collect(panel, 16 * rows) }
        var chain = skerry_stark_chain()
        chain.panels = (
            optional[0], optional[1], optional[2], optional[3], optional[4], optional[5], optional[6], optional[7],
            optional[8]
        )
        chain.public_panel = optional[9]
        chain.rows = rows
        chain.inverse_vanishing = random.word()
        table.withUnsafeBufferPointer { table in
            chain.weights = table.baseAddress
            chain.link_weights = table.baseAddress
            skerry_stark_chain_quotient(&chain, 0, rows, out.start)
        }
        collect(out, 16 * rows)
        return result
    }

    /// Division by a linear factor, and evaluation at a point of the extension, by definition.
    @Test func divisionAndEvaluation() throws {
        var random = SplitMix(seed: 21)
        let logRows = 6
        let rows = 1 << logRows
        let polynomial = (0..<rows).map { _ in random.quintic() }
        let point = random.quintic()
        let input = try arena.buffer(words: 8 * rows)
        let output = try arena.buffer(words: 8 * rows)
        output.zero(words: 8 * rows)
        for (degree, coefficient) in polynomial.enumerated() {
            let place = Domain.reversed(degree, bits: logRows)
            for (index, word) in coefficient.words.enumerated() { input.start[8 * place + index] = word }
        }
        skerry_stark_divide(input.start, CInt(logRows), point.words, output.start)
        let quotient = (0..<rows).map { degree in
            Quintic(uncheckedWords: output.start + 8 * Domain.reversed(degree, bits: logRows))
        }
        #expect(quotient[rows - 1] == .zero)
        func value(_ coefficients: [Quintic], _ x: Quintic) -> Quintic {
            coefficients.reversed().reduce(.zero) { $0 * x + $1 }
        }
        let remainder = value(polynomial, point)
        for _ in 0..<5 {
            let x = random.quintic()
            #expect(value(quotient, x) * (x - point) + remainder == value(polynomial, x))
        }
    }

    /// A fold of eight values is the polynomial of degree below eight through them, at the challenge, where the values of a
    /// polynomial of degree below 8 · n fold to those of one of degree below n.
    @Test(arguments: kernelNames) func foldsLowerTheDegree(kernel: String) throws {
        var random = SplitMix(seed: 22)
        let leaves = 16
        let logSize = 7
        let polynomial = (0..<32).map { _ in random.quintic() }
        let challenge = random.quintic()
        let shift = KoalaBear.generator
        let root = KoalaBear.rootOfUnity(log: logSize)
        let layer = try arena.buffer(words: 5 << logSize)
        for index in 0..<1 << logSize {
            let x = shift * root.power(UInt64(index))
            let value = polynomial.reversed().reduce(Quintic.zero) { $0 * x + $1 }
            for (word, part) in value.words.enumerated() { layer.start[word << logSize + index] = part }
        }
        // f(x) = Σ_j x^j f_j(x⁸) folds to Σ_j challenge^j f_j.
        let powers = challenge.powers(8)
        let folded = (0..<4).map { block in
            (0..<8).reduce(Quintic.zero) { $0 + powers[$1] * polynomial[8 * block + $1] }
        }
        var fold = skerry_stark_fold()
        fold.inverse = shift.inverse.word
        fold.step = root.inverse.word
        let eighth = KoalaBear.rootOfUnity(log: 3).inverse
        fold.roots = (KoalaBear.one.word, eighth.word, (eighth * eighth).word, (eighth * eighth * eighth).word)
        fold.eighth = KoalaBear(8).inverse.word
        let words = challenge.words + (challenge * challenge).words + challenge.power(4).words
        withUnsafeMutableBytes(of: &fold.challenges) { bytes in
            for (index, word) in words.enumerated() {
                bytes.storeBytes(of: word, toByteOffset: 4 * index, as: UInt32.self)
            }
        }
        try withKernel(kernel) {
            let next = try arena.buffer(words: 5 * leaves)
            skerry_stark_fri_fold(layer.start, leaves, &fold, 0, leaves, next.start)
            for leaf in 0..<leaves {
                let x = (shift * root.power(UInt64(leaf))).power(8)
                let expected = folded.reversed().reduce(Quintic.zero) { $0 * x + $1 }
                #expect((0..<5).map { next.start[leaves * $0 + leaf] } == expected.words)
            }
            // The same leaves as the verifier has them, in another order.
            let order = [5, 0, 15, 2, 9, 9, 1, 3, 4, 6, 7, 8, 10, 11, 12, 13]
            var rows = OpenedRows(count: leaves, rowWords: 40)
            var inverses: [UInt32] = []
            for (row, leaf) in order.enumerated() {
                inverses.append((shift * root.power(UInt64(leaf))).inverse.word)
                for word in 0..<40 {
                    let place = leaf + word / 5 * leaves
                    rows.words[rows.stride * row + word] = layer.start[(word % 5) << logSize + place]
                }
            }
            var out = [UInt32](repeating: 1, count: 8 * leaves)
            skerry_stark_fri_fold_leaves(rows.words, inverses, &fold, leaves, &out)
            for (row, leaf) in order.enumerated() {
                let expected = (0..<5).map { next.start[leaves * $0 + leaf] } + [0, 0, 0]
                #expect(Array(out[8 * row..<8 * row + 8]) == expected)
            }
        }
    }
}
