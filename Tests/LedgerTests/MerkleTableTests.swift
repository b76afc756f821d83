import Blake3
import Testing

@testable import Ledger

@Suite struct MerkleTableTests {
    private struct Row: MerkleRow, Hashable {
        static var table: UInt8 { 200 }
        var path: Digest
        var value: UInt64
        func encode(into encoder: inout RowEncoder) { encoder.append(value) }
    }

    private struct OtherRow: MerkleRow {
        static var table: UInt8 { 201 }
        var path: Digest
        var value: UInt64
        func encode(into encoder: inout RowEncoder) { encoder.append(value) }
    }

    private func path(_ number: Int) -> Digest { Blake3.hash(Array("\(number)".utf8)) }

    @Test func anyOrderOfInsertionGivesOneRoot() {
        var random = SeededRandom(seed: 1)
        let rows = (0..<300).map { Row(path: path($0), value: UInt64($0)) }
        var roots: Set<Digest> = []
        for _ in 0..<8 {
            var table = MerkleTable<Row>()
            for row in rows.shuffled(using: &random) { table.put(row) }
            #expect(table.count == rows.count)
            #expect(table.rows == rows.sorted { $0.path < $1.path })
            roots.insert(table.root)
        }
        #expect(roots.count == 1)
    }

    @Test func followsADictionaryThroughRandomChanges() throws {
        var random = SeededRandom(seed: 2)
        var table = MerkleTable<Row>()
        var model: [Digest: Row] = [:]
        for step in 0..<3_000 {
            let path = path(Int.random(in: 0..<120, using: &random))
            if Bool.random(using: &random) {
                let row = Row(path: path, value: UInt64(step))
                table.put(row)
                model[path] = row
            } else {
                table.remove(path)
                model[path] = nil
            }
            #expect(table.count == model.count)
            #expect(table[path] == model[path])
        }
        var rebuilt = MerkleTable<Row>()
        for row in model.values { rebuilt.put(row) }
        #expect(rebuilt.root == table.root)
        for path in model.keys { table.remove(path) }
        #expect(table.count == 0)
        #expect(table.root == MerkleTable<Row>().root)
    }

    @Test func pathsThatDifferInTheLastBitOnly() throws {
        let low = try #require(Digest([UInt8](repeating: 0, count: 32)))
        let high = try #require(Digest([UInt8](repeating: 0, count: 31) + [1]))
        var table = MerkleTable<Row>()
        table.put(Row(path: low, value: 1))
        let single = table.root
        table.put(Row(path: high, value: 2))
        #expect(table[low]?.value == 1)
        #expect(table[high]?.value == 2)
        #expect(table.rows.map(\.value) == [1, 2])
        table.remove(high)
        #expect(table.root == single)
    }

    @Test func aCopyStaysAsItWas() {
        var table = MerkleTable<Row>()
        for number in 0..<50 { table.put(Row(path: path(number), value: 0)) }
        let copy = table
        let root = copy.root
        for number in 0..<50 { table.put(Row(path: path(number), value: 1)) }
        #expect(copy.root == root)
        #expect(copy[path(7)]?.value == 0)
        #expect(table[path(7)]?.value == 1)
    }

    @Test func theTableIsAPartOfTheLeaf() {
        var table = MerkleTable<Row>()
        table.put(Row(path: path(1), value: 1))
        var other = MerkleTable<OtherRow>()
        other.put(OtherRow(path: path(1), value: 1))
        #expect(table.root != other.root)
    }
}
