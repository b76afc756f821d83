import Identity
import NIOCore
import Testing

@testable import BlobStore

@Suite struct HeatTests {
    private static let halfLife = Int64(Heat.halfLifeMilliseconds)

    @Test func usesAddUpAndFade() {
        let once = Heat(usedOnceAt: 0)
        let twice = once.used(at: 0)
        #expect(abs(twice.value - 1) < 1e-9)
        // Two uses are worth one that came a half-life later.
        #expect(abs(twice.value - Heat(usedOnceAt: Self.halfLife).value) < 1e-9)
        #expect(twice > Heat(usedOnceAt: Self.halfLife - 1000))
        #expect(twice < Heat(usedOnceAt: Self.halfLife + 1000))
        #expect(once.used(at: Self.halfLife) > Heat(usedOnceAt: Self.halfLife))
    }

    @Test func anyNumberIsAHeat() {
        for value in [Double.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -1e300] {
            #expect(!Heat(stored: value).used(at: .max).value.isNaN)
            #expect(!Heat(stored: value).used(at: .min).value.isNaN)
        }
    }

    @Test func usesOfOneIntervalCountOnce() {
        var log = UseLog(at: 0)
        let ids = (0..<3).map { digest(noise($0 + 1)) }
        log.noteStored(ids[0])
        for _ in 0..<100 { for id in ids { #expect(log.note(id, at: 10) == nil) } }
        #expect(log.note(ids[0], at: UseLog.intervalMilliseconds - 1) == nil)
        #expect(log.note(ids[0], at: UseLog.intervalMilliseconds) == [ids[1], ids[2]])
        #expect(log.note(ids[0], at: UseLog.intervalMilliseconds + 1) == nil)
        #expect(log.take(at: 0) == [ids[0]])
        #expect(log.take(at: 0) == nil)
    }

    @Test func theLogIsBounded() {
        var log = UseLog(at: 0)
        var random = SplitMix(seed: 1)
        var batches: [Int] = []
        for _ in 0...2 * UseLog.maxCount {
            let value = random.next()
            if let batch = log.note(digest(ByteBuffer(integer: value)), at: 1) { batches.append(batch.count) }
        }
        #expect(batches == [UseLog.maxCount, UseLog.maxCount])
    }

    /// Ten days of requests for 2,000 objects, by popularity, in a cache of 150: with a scan of 300 once a day that
    /// nobody repeats, and with a fifth of the popular ones changing every second day.
    @Test(arguments: [false, true]) func comparedWithOtherPolicies(isShifting: Bool) {
        let trace = Self.trace(isShifting: isShifting)
        let lru = Self.hits(trace) { _, time, _ in Double(time) }
        let lfu = Self.hits(trace) { old, _, _ in (old ?? 0) + 1 }
        let heat = Self.hits(trace) { old, time, _ in
            old.map { Heat(stored: $0).used(at: time).value } ?? Heat(usedOnceAt: time).value
        }
        print("hits of \(trace.count), shifting \(isShifting): LRU \(lru), LFU \(lfu), heat \(heat)")
        #expect(heat > lru + lru / 20)
        if isShifting { #expect(heat > lfu) }
    }

    @Test func aScanDoesNotDisplaceWhatIsUsedAgain() {
        var trace: [(id: Int, time: Int64)] = []
        for round in 0..<2 { for id in 0..<100 { trace.append((id, Int64(round) * 600_000)) } }
        for id in 1_000..<6_000 { trace.append((id, 3_600_000 + Int64(id))) }
        let scanned = trace.count
        for id in 0..<100 { trace.append((id, 7_200_000)) }
        func hitsAfterTheScan(_ rank: (Double?, Int64, Int) -> Double) -> Int {
            Self.hits(trace, rank) - Self.hits(Array(trace[..<scanned]), rank)
        }
        #expect(hitsAfterTheScan { _, time, _ in Double(time) } == 0)
        let heat = hitsAfterTheScan { old, time, _ in
            old.map { Heat(stored: $0).used(at: time).value } ?? Heat(usedOnceAt: time).value
        }
        #expect(heat == 100)
    }

    private static func trace(isShifting: Bool) -> [(id: Int, time: Int64)] {
        var random = SplitMix(seed: 11)
        var sums: [Double] = []
        for rank in 1...2_000 { sums.append((sums.last ?? 0) + 1 / Double(rank)) }
        var objects = Array(0..<2_000)
        var trace: [(id: Int, time: Int64)] = []
        let (requests, days) = (12_000, 10)
        for request in 0..<requests {
            let time = Int64(request) * Int64(days) * 86_400_000 / Int64(requests)
            if request % (requests / days) == 600 {
                for scanned in 0..<300 { trace.append((10_000 + request + scanned, time)) }
            }
            if isShifting, request > 0, request % (2 * requests / days) == 0 {
                for _ in 0..<200 { objects.swapAt(Int(random.next() % 2_000), Int(random.next() % 200)) }
            }
            let wanted = Double(random.next() >> 11) / Double(1 << 53) * (sums.last ?? 0)
            trace.append((objects[sums.firstIndex { $0 >= wanted } ?? 0], time))
        }
        return trace
    }

    /// Hits of a cache of 150 objects that evicts the lowest rank; `rank` gets the old one of what is cached.
    private static func hits(_ trace: [(id: Int, time: Int64)], _ rank: (Double?, Int64, Int) -> Double) -> Int {
        var cached: [Int: Double] = [:]
        var hits = 0
        for (id, time) in trace {
            let old = cached[id]
            if old != nil { hits += 1 }
            if old == nil, cached.count >= 150,
                let coldest = cached.min(by: { ($0.value, $0.key) < ($1.value, $1.key) })
            {
                cached[coldest.key] = nil
            }
            cached[id] = rank(old, time, id)
        }
        return hits
    }
}
