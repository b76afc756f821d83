import Testing

@testable import Channels

@Suite("Credit")
struct CreditWindowTests {
    @Test("The window opens with what is acknowledged, up to its limit")
    func opens() {
        var window = CreditWindow(limit: 16)
        var sizes: [UInt64] = []
        for _ in 0..<6 {
            var count: UInt64 = 0
            while window.admits(permille: 1000) {
                window.charge(permille: 1000)
                count += 1
            }
            sizes.append(window.owed)
            window.acknowledge(window.owed)
            #expect(count == sizes.last)
        }
        #expect(sizes == [2, 4, 8, 16, 16, 16])
    }

    @Test("At the limit nothing more is delivered, and one acknowledgment allows one unit")
    func limit() {
        var window = CreditWindow(limit: 4, acknowledged: 100)
        window.charge(4, permille: 1000)
        #expect(window.owed == 4)
        #expect(!window.admits(permille: 1000))
        window.acknowledge(1)
        #expect(window.admits(permille: 1000))
        #expect(!window.admits(2, permille: 1000))
    }

    @Test("A multiplier counts in thousandths of a link, rounded up")
    func multiplier() {
        var window = CreditWindow(limit: 4, acknowledged: 10)
        window.charge(permille: 1500)
        #expect(window.owed == 2)
        window.charge(permille: 1500)
        #expect(window.owed == 3)
        #expect(window.allowance(permille: 1500) == 6)
        window.refund(2, permille: 1500)
        #expect(window.owed == 0)
    }

    @Test("What is owed from before is paid first")
    func debt() {
        var window = CreditWindow(limit: 4, acknowledged: 10, debt: 20_500)
        #expect(window.owed == 21 && window.debt == 20_500)
        #expect(!window.admits(permille: 1000))
        window.acknowledge(17)
        #expect(window.owed == 4 && window.debt == 3_500 && !window.admits(permille: 1000))
        window.acknowledge(4)
        #expect(window.owed == 0 && window.debt == 0 && window.admits(4, permille: 1000))
        #expect(CreditWindow(limit: 4, acknowledged: 10, debt: .max).debt == UInt64.max - 10_000)
    }

    @Test("Numbers at their end are clamped, not trapped")
    func ends() {
        var window = CreditWindow(limit: .max, acknowledged: .max)
        window.charge(.max, permille: .max)
        window.acknowledge(.max)
        window.refund(.max, permille: .max)
        #expect(window.limit == 65_535)
        #expect(CreditWindow(limit: 0).limit == 2)
    }
}
