import Testing

@testable import Channels

@Suite("Radix chains")
struct RadixChainsTests {
    @Test("Digits add up to the amount, fewest links first")
    func digits() throws {
        let plenty: [UInt64] = [1000, 1000, 1000]
        #expect(RadixChains.split(0, remaining: plenty) == [0, 0, 0])
        #expect(RadixChains.split(63, remaining: plenty) == [63, 0, 0])
        #expect(RadixChains.split(64, remaining: plenty) == [0, 1, 0])
        #expect(RadixChains.split(262_143, remaining: plenty) == [63, 63, 63])
    }

    @Test("Where a chain runs out the one below pays, and what is too much is refused")
    func runsOut() {
        #expect(RadixChains.split(4096, remaining: [0, 100, 0]) == [0, 64, 0])
        #expect(RadixChains.split(130, remaining: [66, 1, 0]) == [66, 1, 0])
        #expect(RadixChains.split(131, remaining: [66, 1, 0]) == nil)
        #expect(RadixChains.split(1, remaining: [0, 5, 5]) == nil)
        #expect(RadixChains.split(1, remaining: [1]) == nil)
    }

    @Test("Steps stay within what a node hashes")
    func steps() {
        #expect(RadixChains.steps(130, maxGap: 64) == [64, 64, 2])
        #expect(RadixChains.steps(64, maxGap: 64) == [64])
        #expect(RadixChains.steps(0, maxGap: 64) == [])
        #expect(RadixChains.steps(5, maxGap: 0) == [])
    }
}
