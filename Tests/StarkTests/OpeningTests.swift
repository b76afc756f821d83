import Blake3
import Testing

@testable import Stark

/// What the verifier computes besides hashes, against what it is defined to be.
@Suite struct OpeningTests {
    /// X⁵ + … at the element is zero, and the polynomial of an element of the base field is a fifth power.
    @Test func characteristicPolynomials() {
        var random = SplitMix(seed: 40)
        for _ in 0..<20 {
            let element = random.quintic()
            let polynomial = element.characteristicPolynomial
            #expect(polynomial.count == 5)
            let value = polynomial.reversed().reduce(Quintic.one) { $0 * element + Quintic($1) }
            #expect(value == .zero)
        }
        let element = random.element()
        let polynomial = Quintic(element).characteristicPolynomial
        let x = random.element()
        #expect(polynomial.reversed().reduce(KoalaBear.one) { $0 * x + $1 } == (x - element).power(5))
    }

    /// Against interpolation of the whole columns: no row, one, as many as one call takes, one more, all.
    @Test(arguments: kernelNames, [0, 1, 15, 512, 513, 1_024]) func sparseColumns(kernel: String, count: Int) throws {
        var random = SplitMix(seed: UInt64(41 + count))
        let logRows = 10
        let arena = ProverArena()
        try withKernel(kernel) {
            let domain = try Domain(
                logRows: logRows, logBlowup: 2, arena: arena, workers: Workers(ProverOptions(threads: 1)))
            let point = random.quintic()
            let panel = try arena.buffer(words: 16 << logRows)
            panel.zero(words: 16 << logRows)
            var columns = SparseColumns(at: point, rows: RowPoints(logRows: logRows))
            for row in (0..<1 << logRows).shuffled(using: &random)[..<count] {
                var words = SIMD16<UInt32>()
                for index in 0..<16 {
                    words[index] = index == 3 ? KoalaBear.modulus - 1 : random.word()
                    panel.start[16 * row + index] = words[index]
                }
                columns.add(row: row, words)
            }
            domain.withScratch { domain.interpolate(panel.start, scratch: $0) }
            let values = columns.values()
            for column in 0..<16 {
                let expected = (0..<1 << logRows).reversed().reduce(Quintic.zero) { sum, degree in
                    let place = Domain.reversed(degree, bits: logRows)
                    return sum * point + Quintic(KoalaBear(unchecked: panel.start[16 * place + column]))
                }
                #expect(values[column] == expected)
            }
        }
    }

    @Test func rowsOfTheSameTwice() {
        var random = SplitMix(seed: 42)
        let (point, rows) = (random.quintic(), RowPoints(logRows: 10))
        var (once, twice) = (SparseColumns(at: point, rows: rows), SparseColumns(at: point, rows: rows))
        once.add(row: 7, SIMD16(repeating: 5))
        twice.add(row: 7, SIMD16(lowHalf: SIMD8(repeating: 5), highHalf: .zero))
        twice.add(row: 7, SIMD16(lowHalf: .zero, highHalf: SIMD8(repeating: 5)))
        #expect(once.values() == twice.values())
    }

    @Test(arguments: kernelNames, [1, 16, 55]) func sumsOfOpenedRows(kernel: String, count: Int) throws {
        var random = SplitMix(seed: 43)
        try withKernel(kernel) {
            var rows = OpenedRows(count: count, rowWords: 140)
            #expect(rows.stride == 144)
            for row in 0..<count { for word in 0..<140 { rows.words[144 * row + word] = random.word() } }
            let weights = (0..<140).map { _ in random.quintic() }
            func expected(_ words: Range<Int>, _ weights: [Quintic]) -> [Quintic] {
                (0..<count).map { row in
                    zip(words, weights).reduce(Quintic.zero) {
                        $0 + $1.1 * KoalaBear(unchecked: rows.words[144 * row + $1.0])
                    }
                }
            }
            #expect(rows.sums(weights) == expected(0..<140, weights))
            #expect(rows.sums(firstBlock: 8, Array(weights[..<12])) == expected(128..<140, weights))
            let digests = rows.leafDigests()
            for row in 0..<count {
                let digest = rows.words[144 * row..<144 * row + 140].withUnsafeBytes {
                    Blake3.keyedHash(key: Transcript.Keys.leaf, $0)
                }
                #expect(digests[row] == digest)
            }
            #expect(rows.element(row: count - 1, 27) == Quintic(rows.words, at: 144 * (count - 1) + 135))
        }
    }
}
