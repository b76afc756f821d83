import Testing

@testable import BlobStore

@Suite struct CostCacheTests {
    @Test func limitsHold() {
        var cache = CostCache<Int, Int>(limit: 100, maxCount: 8)
        var generator = SystemRandomNumberGenerator()
        for step in 0..<20_000 {
            let key = Int.random(in: 0..<40, using: &generator)
            switch step % 4 {
            case 0, 1: cache.insert(key, key, cost: Int.random(in: 0...101, using: &generator))
            case 2: #expect(cache.use(key) ?? key == key)
            default: cache.remove(key)
            }
            if cache.cost > 100 || cache.count > 8 {
                Issue.record("cost \(cache.cost), count \(cache.count)")
                break
            }
        }
        for key in 0..<40 { cache.remove(key) }
        #expect(cache.count == 0)
        #expect(cache.cost == 0)
    }

    @Test func aScanDisplacesOnlyScannedValues() {
        var cache = CostCache<Int, Int>(limit: 10)
        for key in 0..<4 {
            cache.insert(key, key, cost: 1)
            #expect(cache.use(key) == key)
        }
        for key in 100..<200 { cache.insert(key, key, cost: 1) }
        for key in 0..<4 { #expect(cache.use(key) == key) }
        #expect(cache.count == 10)
        #expect(cache.use(193) == nil)
        #expect(cache.use(199) == 199)
    }

    @Test func oversizedAndZeroLimits() {
        var cache = CostCache<Int, Int>(limit: 10)
        cache.insert(1, 1, cost: 10)
        cache.insert(1, 2, cost: 11)
        #expect(cache.use(1) == nil)
        var none = CostCache<Int, Int>(limit: 0, maxCount: 0)
        none.insert(1, 1, cost: 0)
        #expect(none.count == 0)
    }
}
