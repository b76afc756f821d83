import Testing

@testable import Images

@Suite struct UnpackCacheIndexTests {
    private func index(_ limit: Int = 100, _ entries: [(String, Int)] = [("a", 40), ("b", 30), ("c", 30)])
        -> UnpackCacheIndex
    {
        var index = UnpackCacheIndex(limitBytes: limit)
        index.restore(entries.map { (key: $0.0, bytes: $0.1) })
        return index
    }

    @Test func removesTheLongestUnused() {
        var index = index()
        let first = index.grow("d", to: 1)
        #expect(first == ["a"])
        #expect(index.totalBytes == 61)
        let second = index.grow("d", to: 40)
        #expect(second == [])
        let third = index.grow("d", to: 41)
        #expect(third == ["b"])
        index.finish("d", bytes: 41)
        #expect(index.totalBytes == 71)
        #expect(Set(index.entries.keys) == ["c", "d"])
    }

    @Test func useMakesYoung() {
        var index = index()
        let isThere = index.use("a")
        let isElsewhere = index.use("x")
        #expect(isThere && !isElsewhere)
        let victims = index.grow("d", to: 10)
        #expect(victims == ["b"])
    }

    @Test func neverRemovesWhatIsHeld() {
        var index = index()
        index.hold(["a", "b"], for: "m1")
        index.hold(["c"], for: "m2")
        let none = index.grow("d", to: 1)
        #expect(none == nil)
        #expect(index.totalBytes == 100)
        index.release("m2")
        let stillNone = index.grow("d", to: 31)
        #expect(stillNone == nil)
        // What would not help is left alone.
        #expect(index.entries["c"] != nil)
        let victims = index.grow("d", to: 30)
        #expect(victims == ["c"])
        let held = index.trim(to: 0)
        #expect(held == [])
        index.setHold([], for: "m1")
        #expect(index.holders.isEmpty)
        let all = index.trim(to: 0)
        #expect(all == ["a", "b"])
    }

    @Test func atTheLimitNothingGoes() {
        var index = index(110)
        let none = index.grow("d", to: 10)
        #expect(none == [])
        let one = index.grow("d", to: 11)
        #expect(one == ["a"])
    }

    @Test func failedOnesGiveTheirRoomBack() {
        var index = index(200)
        let none = index.grow("d", to: 100)
        #expect(none == [])
        index.finish("d", bytes: nil)
        #expect(index.totalBytes == 100)
        #expect(index.entries["d"] == nil)
    }
}
