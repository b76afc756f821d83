import Blake3
import Identity
import Testing

@testable import Discovery

@Suite("The record store")
struct RecordStoreTests {
    private static func store(_ change: (inout DiscoverySettings) -> Void = { _ in }) -> RecordStore {
        var settings = DiscoverySettings()
        change(&settings)
        return RecordStore(settings: settings, rankKey: digest("secret"))
    }

    private static func insert(
        _ record: ProviderRecord, into store: inout RecordStore, operator number: Int = 0,
        life: Duration = .seconds(7_200), now: Duration = .zero
    ) -> DiscoveryError.Code? {
        refusal { () throws(DiscoveryError) in
            try store.insert(record, operatorID: account(number), life: life, now: now)
        }
    }

    private static func sequences(_ store: inout RecordStore, _ number: Int, now: Duration = .zero) -> [UInt64] {
        store.records(of: key(number), limit: 1_000, now: now).map(\.sequence)
    }

    @Test("A higher sequence takes the place, a lower one is stale, the same once more is fine")
    func sequence() {
        var store = Self.store()
        #expect(Self.insert(record(1, by: 1, sequence: 5), into: &store) == nil)
        #expect(Self.insert(record(1, by: 1, sequence: 4), into: &store) == .stale)
        #expect(Self.insert(record(1, by: 1, sequence: 5, isWithdrawn: true), into: &store) == .stale)
        #expect(Self.insert(record(1, by: 1, sequence: 5), into: &store) == nil)
        #expect(Self.insert(record(1, by: 1, sequence: .max), into: &store) == nil)
        #expect(Self.sequences(&store, 1) == [.max])
        #expect(store.count == 1)
        #expect(store.byteCount == ProviderRecord.usualByteCount)
    }

    @Test("A withdrawal takes a record's place and is handed out; without one it is not kept")
    func withdrawal() {
        var store = Self.store()
        #expect(Self.insert(record(1, by: 1, sequence: 2, isWithdrawn: true), into: &store) == nil)
        #expect(store.count == 0)
        #expect(Self.insert(record(1, by: 1, sequence: 3), into: &store) == nil)
        #expect(Self.insert(record(1, by: 1, sequence: 4, isWithdrawn: true), into: &store) == nil)
        #expect(store.records(of: key(1), limit: 9, now: .zero).map(\.isWithdrawn) == [true])
        #expect(Self.insert(record(1, by: 1, sequence: 3), into: &store) == .stale)
    }

    @Test("Expired records are not returned, and leave in steps")
    func expiry() {
        var store = Self.store()
        for number in 0..<100 {
            #expect(Self.insert(record(number, by: 1), into: &store, life: .seconds(number + 1)) == nil)
        }
        #expect(Self.sequences(&store, 49, now: .milliseconds(49_999)) == [1])
        #expect(Self.sequences(&store, 49, now: .seconds(50)).isEmpty)
        for _ in 0..<30 { store.expire(now: .seconds(50), keys: 10) }
        #expect(store.count == 50)
        #expect(store.keyCount == 50)
        // One that was published again stays.
        #expect(Self.insert(record(99, by: 1, sequence: 2), into: &store, now: .seconds(60)) == nil)
        store.expire(now: .seconds(200), keys: 1_000)
        #expect(store.count == 1)
        store.expire(now: .seconds(20_000), keys: 1_000)
        #expect(store.count == 0 && store.byteCount == 0 && store.keyCount == 0)
        store.expire(now: .seconds(20_000), keys: 1_000)
    }

    @Test("A provider's records, at the limit and one past")
    func providerLimit() {
        var store = Self.store { $0.maxRecordsPerProvider = 10 }
        for number in 0..<10 { #expect(Self.insert(record(number, by: 1), into: &store) == nil) }
        #expect(Self.insert(record(10, by: 1), into: &store) == .providerFull)
        #expect(Self.insert(record(9, by: 1, sequence: 2), into: &store) == nil)
        #expect(Self.insert(record(10, by: 2), into: &store) == nil)
    }

    @Test("A full key: operators with many records give way to those with few")
    func keyLimit() {
        var store = Self.store { $0.maxRecordsPerKey = 16 }
        for number in 0..<16 { #expect(Self.insert(record(1, by: number), into: &store, operator: 0) == nil) }
        for number in 100..<103 {
            #expect(Self.insert(record(1, by: number), into: &store, operator: number) == nil)
        }
        #expect(store.count == 16)
        let held = Set(store.records(of: key(1), limit: 99, now: .zero).map(\.provider))
        #expect(held.isSuperset(of: (100..<103).map(node)))
        // The crowd goes on among itself: whoever ranks last is out, and stays out.
        let codes = (200..<260).map { Self.insert(record(1, by: $0), into: &store, operator: 0) }
        #expect(codes.contains(.keyFull) && codes.contains(nil))
        #expect(store.count == 16)
    }

    @Test("Which of many equal operators stay is the same in whatever order they come")
    func keyRank() {
        func held(_ order: [Int]) -> Set<NodeID> {
            var store = Self.store { $0.maxRecordsPerKey = 8 }
            for number in order { _ = Self.insert(record(1, by: number), into: &store, operator: number) }
            return Set(store.records(of: key(1), limit: 99, now: .zero).map(\.provider))
        }
        var random = SeededGenerator(4)
        let first = held(Array(0..<50))
        #expect(first.count == 8)
        for _ in 0..<10 { #expect(held((0..<50).shuffled(using: &random)) == first) }
    }

    @Test("A full store: one that fills it does not keep others out, by number and by bytes")
    func totalLimit() {
        var store = Self.store { $0.maxRecords = 500 }
        for number in 0..<500 { #expect(Self.insert(record(number, by: 1), into: &store, operator: 1) == nil) }
        #expect(Self.insert(record(500, by: 1), into: &store, operator: 1) == .full)
        #expect(Self.insert(record(500, by: 9), into: &store, operator: 1) == .full)
        for number in 0..<200 {
            #expect(Self.insert(record(1_000 + number, by: 2), into: &store, operator: 2) == nil)
        }
        #expect(store.count == 500)

        var bytes = Self.store { $0.maxRecordTotalBytes = 1_000 }
        #expect(Self.insert(record(1, by: 1, byteCount: 500), into: &bytes, operator: 1) == nil)
        #expect(Self.insert(record(2, by: 1, byteCount: 500), into: &bytes, operator: 1) == nil)
        #expect(Self.insert(record(3, by: 1, byteCount: 1), into: &bytes, operator: 1) == .full)
        #expect(Self.insert(record(3, by: 2, byteCount: 1), into: &bytes, operator: 2) == nil)
        #expect(bytes.byteCount <= 1_000)
    }

    @Test("Counts stay right through a random history, and a longer record in place of a short one must fit")
    func history() {
        var store = Self.store {
            $0.maxRecords = 60
            $0.maxRecordsPerKey = 5
            $0.maxRecordTotalBytes = 15_000
        }
        var random = SeededGenerator(77)
        for step in 0..<4_000 {
            let provider = Int.random(in: 0..<12, using: &random)
            let number = Int.random(in: 0..<30, using: &random)
            _ = Self.insert(
                record(
                    number, by: provider, sequence: UInt64(step),
                    isWithdrawn: Int.random(in: 0..<10, using: &random) == 0,
                    byteCount: Int.random(in: 1...1_000, using: &random)),
                into: &store, operator: provider / 3, life: .seconds(Int.random(in: 1...90, using: &random)),
                now: .seconds(step))
            if step % 7 == 0 { store.expire(now: .seconds(step), keys: 6) }
            #expect(store.count <= 60 && store.byteCount <= 15_000)
        }
        store.expire(now: .seconds(100_000), keys: 10_000)
        #expect(store.count == 0 && store.byteCount == 0 && store.keyCount == 0)
    }

    @Test("Answers have a limit, and all records have their turn")
    func answers() {
        var store = Self.store()
        for number in 0..<50 { #expect(Self.insert(record(1, by: number), into: &store, operator: number) == nil) }
        var seen: Set<NodeID> = []
        for _ in 0..<2 {
            let part = store.records(of: key(1), limit: 32, now: .zero)
            #expect(part.count == 32)
            seen.formUnion(part.map(\.provider))
        }
        #expect(seen.count == 50)
        #expect(store.records(of: key(1), limit: 0, now: .zero).isEmpty)
        #expect(store.records(of: key(2), limit: 9, now: .zero).isEmpty)
    }
}
