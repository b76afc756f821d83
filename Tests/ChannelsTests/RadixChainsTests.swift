import Ledger
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

    @Test("Where a chain runs out the one below pays, and of what is too much as much as can be made up is")
    func runsOut() {
        #expect(RadixChains.split(4096, remaining: [0, 100, 0]) == [0, 64, 0])
        #expect(RadixChains.split(130, remaining: [66, 1, 0]) == [66, 1, 0])
        #expect(RadixChains.split(131, remaining: [66, 1, 0]) == [66, 1, 0])
        #expect(RadixChains.split(63, remaining: [0, 5, 5]) == [0, 0, 0])
        #expect(RadixChains.split(70, remaining: [1]) == [1, 0, 0])
        #expect(RadixChains.split(.max, remaining: [.max, 1, 1, 9]) == [UInt64.max - 4_160, 1, 1])
    }

    @Test(
        "Three channels have just the units that were asked for, and each has links",
        arguments: [8_192, 8_193, 20_000, 1_000_003, 1 << 27] as [UInt64])
    func purchases(units: UInt64) throws {
        let purchases = try RadixChains.purchases(of: units, for: .compute, unitPrice: 3)
        #expect(purchases.map(\.unitPrice) == [3, 192, 12_288])
        #expect(zip(purchases, RadixChains.weights).reduce(0) { $0 + $1.0.maxUnits * $1.1 } == units)
        #expect(purchases.allSatisfy { $0.maxUnits > 0 && $0.commodity == .compute })
        #expect(purchases[0].maxUnits >= units / 4 && purchases[0].maxUnits < units / 4 + 4_096)
        #expect(zip(purchases, RadixChains.weights).allSatisfy { $0.maxUnits * $1 >= units / 5 })
    }

    @Test("Too few units for three channels, and prices that have no multiple, are refused")
    func noPurchases() {
        #expect(code { _ = try RadixChains.purchases(of: 8_191, for: .compute, unitPrice: 1) } == .exhausted)
        #expect(code { _ = try RadixChains.purchases(of: 8_192, for: .compute, unitPrice: .max) } == .price)
    }

    @Test("Steps stay within what a node hashes")
    func steps() {
        #expect(RadixChains.steps(130, maxGap: 64) == [64, 64, 2])
        #expect(RadixChains.steps(64, maxGap: 64) == [64])
        #expect(RadixChains.steps(0, maxGap: 64) == [])
        #expect(RadixChains.steps(5, maxGap: 0) == [])
    }
}
