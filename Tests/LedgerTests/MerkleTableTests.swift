import Blake3
import Testing

@testable import Ledger

@Suite struct MerkleTableTests {
    private struct Row: MerkleRow, Hashable {
        static var table: UInt8 { 200 }
        var path: Digest
        var value: UInt64
        /// Makes encodings of several lengths, one of them too long to be hashed with others.
        var length = 0
        func encode(into encoder: inout RowEncoder) {
            encoder.append(value)
            encoder.append(contentsOf: [UInt8](repeating: 7, count: length))
        }
    }

    private struct OtherRow: MerkleRow {
        static var table: UInt8 { 201 }
        var path: Digest
        var value: UInt64
        func encode(into encoder: inout RowEncoder) { encoder.append(value) }
    }

    private func path(_ number: Int) -> Digest { Blake3.hash(Array("\(number)".utf8)) }

    /// A path whose first bits are all the same, as somebody could make who tries many keys.
    private func crowdedPath(_ number: Int) throws -> Digest {
        try #require(Digest([UInt8](repeating: 0xAA, count: 29) + path(number).bytes.prefix(3)))
    }

    /// The root by the definition: recursive, from all rows.
    private func naiveRoot(_ rows: [Row], _ depth: Int = 0) -> Digest {
        guard let first = rows.first else { return MerkleHashPlan.empty }
        guard rows.count > 1 else {
            var encoder = RowEncoder()
            encoder.append(Row.table)
            encoder.append(first.path)
            first.encode(into: &encoder)
            return LedgerHash.rowLeaf(encoder.bytes)
        }
        let left = rows.filter { !$0.path.bit(at: depth) }
        let right = rows.filter { $0.path.bit(at: depth) }
        return LedgerHash.rowInner(naiveRoot(left, depth + 1), naiveRoot(right, depth + 1))
    }

    @Test func anyOrderOfInsertionGivesOneRoot() {
        var random = SeededRandom(seed: 1)
        let rows = (0..<300).map { Row(path: path($0), value: UInt64($0), length: $0 % 7) }
        var roots: Set<Digest> = []
        for _ in 0..<8 {
            var table = MerkleTable<Row>()
            for row in rows.shuffled(using: &random) {
                table.put(row)
                if Int.random(in: 0..<40, using: &random) == 0 { table.seal() }
            }
            #expect(table.count == rows.count)
            #expect(table.rows == rows.sorted { $0.path < $1.path })
            roots.insert(table.root)
        }
        #expect(roots == [naiveRoot(rows)])
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func followsADictionaryThroughRandomChanges(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var table = MerkleTable<Row>()
        var model: [Digest: Row] = [:]
        let space = [10, 120, 700][Int(seed % 3)]
        for step in 0..<3_000 {
            let number = Int.random(in: 0..<space, using: &random)
            let path = number % 5 == 0 ? try crowdedPath(number) : path(number)
            if Int.random(in: 0..<5, using: &random) < 3 {
                let row = Row(path: path, value: UInt64(step), length: step % 100 == 0 ? 1_100 : step % 3 * 30)
                table.put(row)
                model[path] = row
            } else {
                table.remove(path)
                model[path] = nil
            }
            if Int.random(in: 0..<30, using: &random) == 0 { table.seal() }
            #expect(table.count == model.count)
            #expect(table[path] == model[path])
            if step % 250 == 0 {
                #expect(table.root == naiveRoot(Array(model.values)))
                #expect(table.rows == model.values.sorted { $0.path < $1.path })
            }
        }
        for path in model.keys { table.remove(path) }
        #expect(table.count == 0)
        #expect(table.root == MerkleTable<Row>().root)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func takesChangesBackToTheMark(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var table = MerkleTable<Row>()
        for _ in 0..<300 {
            table.mark()
            let before = (table.count, table.root, table.rows)
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let path = path(Int.random(in: 0..<60, using: &random))
                if Bool.random(using: &random) {
                    table.put(Row(path: path, value: .random(in: 0...9, using: &random)))
                } else {
                    table.remove(path)
                }
            }
            if Bool.random(using: &random) {
                table.revert()
                #expect(table.count == before.0)
                #expect(table.root == before.1)
                #expect(table.rows == before.2)
            }
            if Int.random(in: 0..<10, using: &random) == 0 { table.seal() }
        }
        #expect(table.root == naiveRoot(table.rows))
    }

    @Test func manyChangesAreSealedAtTheMark() {
        var table = MerkleTable<Row>()
        for number in 0...MerkleTable<Row>.pendingLimit {
            table.mark()
            table.put(Row(path: path(number), value: 0))
        }
        table.mark()
        table.put(Row(path: path(-1), value: 0))
        table.revert()
        #expect(table.count == MerkleTable<Row>.pendingLimit + 1)
        #expect(table[path(0)] != nil)
        #expect(table[path(-1)] == nil)
    }

    @Test func pathsThatDifferInTheLastBitOnly() throws {
        let low = try #require(Digest([UInt8](repeating: 0, count: 32)))
        let high = try #require(Digest([UInt8](repeating: 0, count: 31) + [1]))
        var table = MerkleTable<Row>()
        table.put(Row(path: low, value: 1))
        let single = table.root
        table.put(Row(path: high, value: 2))
        #expect(table.root == naiveRoot(table.rows))
        #expect(table[low]?.value == 1)
        #expect(table[high]?.value == 2)
        #expect(table.rows.map(\.value) == [1, 2])
        #expect(table.opening(of: low).siblings.count == 256)
        table.remove(high)
        #expect(table.root == single)
    }

    @Test func aCopyStaysAsItWas() async {
        var table = MerkleTable<Row>()
        for number in 0..<500 { table.put(Row(path: path(number), value: 0)) }
        table.seal()
        let root = table.root
        await withTaskGroup(of: Bool.self) { group in
            for round in 1...5 {
                let copy = table
                let expected = copy.root
                let value = UInt64(round - 1)
                group.addTask {
                    (0..<500).allSatisfy { copy[self.path($0)]?.value == value } && copy.root == expected
                }
                for number in 0..<500 { table.put(Row(path: path(number), value: UInt64(round))) }
                table.seal()
            }
            for await isSame in group { #expect(isSame) }
        }
        #expect(table.root != root)
        #expect(table[path(7)]?.value == 5)
    }

    @Test func theTableIsAPartOfTheLeaf() {
        var table = MerkleTable<Row>()
        table.put(Row(path: path(1), value: 1))
        var other = MerkleTable<OtherRow>()
        other.put(OtherRow(path: path(1), value: 1))
        #expect(table.root != other.root)
    }
}
