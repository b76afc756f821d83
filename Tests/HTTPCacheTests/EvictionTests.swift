import HTTPCache
import Testing

@Suite("Admission and eviction")
struct EvictionTests {
    private typealias Cache = Eviction<Int>
    private let entry = 1_000 - Eviction<Int>.overheadBytes

    @Test("Never more bytes than there is space, whatever comes, and what is evicted is what is gone")
    func model() {
        var cache = Cache(capacityBytes: 50_000)
        var model: [Int: Int64] = [:]
        var random = SeededGenerator(seed: 7)
        for _ in 0..<50_000 {
            let key = Int(random.next() % 300)
            switch random.next() % 10 {
            case 0:
                let wasIn = cache.remove(key)
                #expect(wasIn == (model.removeValue(forKey: key) != nil))
            case 1...5:
                let wasIn = cache.use(key)
                #expect(wasIn == (model[key] != nil))
            default:
                let bytes = Int64(random.next() % 16_000)
                let admission = cache.insert(key, bytes: bytes)
                model[key] = bytes
                for evicted in admission.evicted { model[evicted] = nil }
                if !admission.isAdmitted { model[key] = nil }
                #expect(cache.contains(key) == admission.isAdmitted)
            }
            let bytes = model.values.reduce(0) { $0 + $1 + Cache.overheadBytes }
            guard cache.usedBytes == bytes, cache.usedBytes <= 50_000, cache.count == model.count else {
                Issue.record("the cache counts \(cache.usedBytes) bytes and the model \(bytes)")
                return
            }
        }
        #expect(model.keys.allSatisfy { cache.contains($0) })
    }

    @Test("What many ask for survives a crawler that asks for everything once")
    func scan() {
        var cache = Cache(capacityBytes: 100_000)
        for round in 0..<3 {
            for key in 0..<50 where !cache.use(key) || round == 0 { _ = cache.insert(key, bytes: entry) }
        }
        for key in 1_000..<2_000 { _ = cache.insert(key, bytes: entry) }
        #expect((0..<50).allSatisfy { cache.contains($0) })
    }

    @Test("What comes back soon after it left goes into the main queue")
    func ghost() {
        var cache = Cache(capacityBytes: 20_000)
        _ = cache.insert(0, bytes: entry)
        for key in 1...20 { _ = cache.insert(key, bytes: entry) }
        #expect(!cache.contains(0))
        _ = cache.insert(0, bytes: entry)
        for key in 21...35 { _ = cache.insert(key, bytes: entry) }
        #expect(cache.contains(0))
    }

    @Test("An entry at the limit is admitted, and one byte past it is not")
    func largest() {
        var cache = Cache(capacityBytes: 100_000)
        let limit = 25_000 - Cache.overheadBytes
        let at = cache.insert(1, bytes: limit)
        #expect(at.isAdmitted && at.evicted.isEmpty)
        let past = cache.insert(2, bytes: limit + 1)
        #expect(!past.isAdmitted && past.evicted.isEmpty)
        let grown = cache.insert(1, bytes: limit + 1)
        #expect(!grown.isAdmitted && grown.evicted == [1] && cache.usedBytes == 0)
        let most = cache.insert(3, bytes: .max)
        #expect(!most.isAdmitted)
    }

    @Test("No space holds nothing")
    func none() {
        var cache = Cache(capacityBytes: 0)
        #expect(!cache.insert(1, bytes: 0).isAdmitted && cache.count == 0)
    }
}

/// SplitMix64, so that a failure repeats.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
