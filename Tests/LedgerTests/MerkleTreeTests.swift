import Blake3
import Synchronization
import Testing

@testable import Ledger

/// The tree against its definition: after any history, in any copy, whatever happened to the others.
@Suite struct MerkleTreeTests {
    private struct Row: MerkleRow, Hashable {
        static var table: UInt8 { 200 }
        var path: Digest
        var value: UInt64
        func encode(into encoder: inout RowEncoder) { encoder.append(value) }

        var encoding: [UInt8] {
            var encoder = RowEncoder()
            encode(into: &encoder)
            return encoder.bytes
        }
    }

    /// A table that computes every hash from all rows, each time.
    private struct Reference {
        var rows: [Digest: Row] = [:]

        var sorted: [Row] { rows.values.sorted { $0.path < $1.path } }

        var root: Digest { Self.root(sorted[...], 0) }

        static func root(_ rows: ArraySlice<Row>, _ depth: Int) -> Digest {
            guard let first = rows.first else { return Digest { $0.initializeMemory(as: UInt8.self, repeating: 0) } }
            guard rows.count > 1 else {
                var encoder = RowEncoder()
                encoder.append(Row.table)
                encoder.append(first.path)
                first.encode(into: &encoder)
                return LedgerHash.rowLeaf(encoder.bytes)
            }
            let middle = rows.firstIndex { $0.path.bit(at: depth) } ?? rows.endIndex
            return LedgerHash.rowInner(root(rows[..<middle], depth + 1), root(rows[middle...], depth + 1))
        }

        /// - Parameter rows: All rows, ``sorted``.
        static func opening(of path: Digest, in rows: [Row]) -> MerkleOpening {
            var rows = rows[...]
            var siblings: [Digest] = []
            while rows.count > 1 {
                let depth = siblings.count
                let middle = rows.firstIndex { $0.path.bit(at: depth) } ?? rows.endIndex
                let isRight = path.bit(at: depth)
                siblings.append(root(isRight ? rows[..<middle] : rows[middle...], depth + 1))
                rows = isRight ? rows[middle...] : rows[..<middle]
            }
            return MerkleOpening(
                siblings: siblings, leaf: rows.first.map { MerkleOpening.Leaf(path: $0.path, row: $0.encoding) })
        }
    }

    /// Paths of which a third have the first 232 bits in common, and half of those 8 more.
    private static func path(_ number: Int) -> Digest {
        let path = Blake3.hash(Array("\(number)".utf8))
        guard number % 3 == 0 else { return path }
        let own = [0xAA, UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)]
        let end = number % 6 == 0 ? Array(path.bytes.prefix(3)) : own
        return Digest([UInt8](repeating: 0xAA, count: 29) + end) ?? path
    }

    private func expectSame(
        _ table: MerkleTable<Row>, _ reference: Reference, _ random: inout SeededRandom, space: Int
    ) {
        let sorted = reference.sorted
        #expect(table.count == sorted.count)
        #expect(table.root == Reference.root(sorted[...], 0))
        #expect(table.rows == sorted)
        for _ in 0..<3 {
            let path = Self.path(Int.random(in: 0..<2 * space, using: &random))
            #expect(table[path] == reference.rows[path])
            #expect(table.opening(of: path) == Reference.opening(of: path, in: sorted))
            var following: [Digest] = []
            _ = table.walk(after: path) { path, _ in
                following.append(path)
                return following.count < 5
            }
            #expect(following == sorted.lazy.map(\.path).filter { $0 > path }.prefix(5).map { $0 })
        }
    }

    /// Changes both in the same way.
    private func change(
        _ table: inout MerkleTable<Row>, _ reference: inout Reference, _ random: inout SeededRandom, space: Int
    ) {
        for _ in 0..<Int.random(in: 1...40, using: &random) {
            let path = Self.path(Int.random(in: 0..<space, using: &random))
            if Int.random(in: 0..<9, using: &random) < 5 {
                let row = Row(path: path, value: .random(in: 0...9, using: &random))
                table.put(row)
                reference.rows[path] = row
            } else {
                table.remove(path)
                reference.rows[path] = nil
            }
        }
        if Int.random(in: 0..<4, using: &random) > 0 { table.seal() }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func copiesThatGoTheirOwnWaysFollowTheDefinition(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let space = [6, 40, 300, 900][Int(seed % 4)]
        var copies = [(table: MerkleTable<Row>(), reference: Reference())]
        for step in 0..<300 {
            let index = Int.random(in: 0..<copies.count, using: &random)
            var (table, reference) = copies[index]
            if Int.random(in: 0..<3, using: &random) > 0 { copies.remove(at: index) }
            change(&table, &reference, &random, space: space)
            copies.append((table, reference))
            if copies.count > 6 { copies.remove(at: Int.random(in: 0..<copies.count, using: &random)) }
            if step % 10 == 0 {
                for copy in copies { expectSame(copy.table, copy.reference, &random, space: space) }
            }
        }
    }

    @Test func growsFromNothingAndGoesBackToIt() {
        var random = SeededRandom(seed: 9)
        var table = MerkleTable<Row>()
        var reference = Reference()
        let numbers = Array(0..<400).shuffled(using: &random)
        for (index, number) in (numbers + numbers.reversed()).enumerated() {
            let row = Row(path: Self.path(number), value: UInt64(number))
            if index < numbers.count { table.put(row) } else { table.remove(row.path) }
            reference.rows[row.path] = index < numbers.count ? row : nil
            table.seal()
            if index % 13 == 0 || reference.rows.count < 20 { #expect(table.root == reference.root) }
        }
        #expect(table.root == MerkleTable<Row>().root)
    }

    @Test func whatNobodyHoldsIsVacant() {
        var random = SeededRandom(seed: 5)
        var store = MerkleStore<Row>()
        var held = [(top: (link: MerkleLink.none, hash: MerkleHashPlan.empty), reference: Reference())]
        var most = 0
        for _ in 0..<600 {
            var (top, reference) = held[Int.random(in: 0..<held.count, using: &random)]
            var changes: [Digest: MerkleChange<Row>] = [:]
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                let path = Self.path(Int.random(in: 0..<400, using: &random))
                let isGone = Int.random(in: 0..<3, using: &random) == 0
                let row = isGone ? nil : Row(path: path, value: .random(in: 0...9, using: &random))
                let hash = row.map { Reference(rows: [path: $0]).root } ?? MerkleHashPlan.empty
                changes[path] = MerkleChange(path: path, hash: hash, row: row)
                reference.rows[path] = row
            }
            top = store.merge(top.link, changes.values.sorted { $0.path < $1.path })
            #expect(top.hash == reference.root)
            held.append((top, reference))
            while held.count > 5 {
                let gone = held.remove(at: Int.random(in: 0..<held.count, using: &random))
                store.release(gone.top.link)
            }
            most = max(most, store.heldCount)
        }
        for (top, reference) in held {
            #expect(top.hash == reference.root)
            store.release(top.link)
        }
        let (left, all) = (store.heldCount, store.blockCount)
        #expect(left == 0)
        #expect(all < 3 * most)
    }

    /// A row that tells how many of it there are.
    private struct CountedRow: MerkleRow {
        final class Token: Sendable {
            let live: Live
            init(_ live: Live) {
                self.live = live
                live.count.withLock { $0 += 1 }
            }
            deinit { live.count.withLock { $0 -= 1 } }
        }

        final class Live: Sendable { let count = Mutex(0) }

        static var table: UInt8 { 201 }
        var path: Digest
        var token: Token
        func encode(into encoder: inout RowEncoder) {}
    }

    @Test func rowsAreLetGoWithTheLastVersionThatHasThem() {
        let live = CountedRow.Live()
        do {
            var table = MerkleTable<CountedRow>()
            for number in 0..<500 {
                table.put(CountedRow(path: Self.path(number), token: CountedRow.Token(live)))
                if number % 50 == 0 { table.seal() }
            }
            table.seal()
            #expect(live.count.withLock { $0 } == 500)
            let copy = table
            for number in 0..<300 { table.remove(Self.path(number)) }
            table.seal()
            #expect(live.count.withLock { $0 } == 500)
            #expect(copy.count == 500)
            withExtendedLifetime(copy) {}
        }
        #expect(live.count.withLock { $0 } == 0)
    }

    @Test func anAccountsLeafFillsTwoCacheLines() {
        #expect(MemoryLayout<MerkleLeaf<AccountRecord>>.stride == 128)
        // Counts that do not fit there are on no ledger: a row with such is refused, and not changed.
        let most = UInt64(UInt32.max)
        for names in [most, most + 1] {
            var encoder = RowEncoder()
            for value in [1, 2, names, 3, 4] { encoder.append(value) }
            let record = try? AccountRecord(path: Self.path(1), bytes: encoder.bytes)
            #expect(record?.nameCount == (names == most ? most : nil))
        }
    }

    @Test func otherThreadsReadAndDropVersionsMeanwhile() async {
        let numbers = 0..<600
        var table = MerkleTable<Row>()
        for number in numbers { table.put(Row(path: Self.path(number), value: 0)) }
        await withTaskGroup(of: Bool.self) { group in
            for round in 1...60 as ClosedRange<UInt64> {
                table.seal()
                let (copy, root) = (table, table.root)
                group.addTask {
                    var own = copy
                    let isAsItWas = numbers.allSatisfy { copy[Self.path($0)]?.value == ($0 < 300 ? round - 1 : 0) }
                    for number in numbers { own.put(Row(path: Self.path(number), value: round)) }
                    own.seal()
                    for number in numbers where number >= 300 { own.put(Row(path: Self.path(number), value: 0)) }
                    for number in numbers where number < 300 {
                        own.put(Row(path: Self.path(number), value: round - 1))
                    }
                    return isAsItWas && own.root == root && copy.rows.count == numbers.count
                }
                for number in numbers where number < 300 { table.put(Row(path: Self.path(number), value: round)) }
            }
            for await isSame in group { #expect(isSame) }
        }
    }
}
