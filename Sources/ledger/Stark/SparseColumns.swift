internal import CStark

/// Values at a point of 16 columns that are 0 in most rows: Lagrange sums over the others.
package struct SparseColumns {
    private let point: Quintic
    private let rows: RowPoints
    private let polynomial: [UInt32]
    private var points = [UInt32](repeating: 0, count: Int(SKERRY_STARK_SPARSE_ROWS))
    private var cells = [SIMD16<UInt32>](repeating: .zero, count: Int(SKERRY_STARK_SPARSE_ROWS))
    private var count = 0
    private var sums = [UInt32](repeating: 0, count: 80)

    /// - Parameter point: None of the rows' points.
    package init(at point: Quintic, rows: RowPoints) {
        self.point = point
        self.rows = rows
        polynomial = point.characteristicPolynomial.map(\.word)
    }

    /// Adds Montgomery forms to the cells of a row.
    package mutating func add(row: Int, _ words: SIMD16<UInt32>) {
        if count == points.count { sum() }
        points[count] = rows.point(row).word
        cells[count] = words
        count += 1
    }

    /// The columns' values.
    package mutating func values() -> [Quintic] {
        sum()
        // The Lagrange polynomial of row i is (X^rows − 1) / rows · ω^i / (X − ω^i), and the sums are those of −z^k.
        let scale = (Quintic.one - point.power(UInt64(rows.count))) * KoalaBear(UInt32(rows.count)).inverse
        let powers = point.powers(5).map { $0 * scale }
        return (0..<16).map { column in
            (0..<5).reduce(Quintic.zero) { $0 + powers[$1] * KoalaBear(unchecked: sums[16 * $1 + column]) }
        }
    }

    /// Adds the rows so far to the sums.
    private mutating func sum() {
        guard count > 0 else { return }
        let padded = (count + 15) & ~15
        for index in count..<padded { (points[index], cells[index]) = (points[0], .zero) }
        cells.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            skerry_stark_sparse(points, start.assumingMemoryBound(to: UInt32.self), padded, polynomial, &sums)
        }
        count = 0
    }
}

/// Powers of ω, the points of rows, from two tables of about the square root of their number.
package struct RowPoints {
    package let count: Int
    private let lowBits: Int
    private let low: [KoalaBear]
    private let high: [KoalaBear]

    package init(logRows: Int) {
        count = 1 << logRows
        lowBits = (logRows + 1) / 2
        let root = KoalaBear.rootOfUnity(log: logRows)
        low = root.powers(1 << lowBits)
        high = root.power(UInt64(1 << lowBits)).powers(1 << (logRows - lowBits))
    }

    package func point(_ row: Int) -> KoalaBear { low[row & (low.count - 1)] * high[row >> lowBits] }
}
