import Blake3
import Identity
import Testing

@testable import PaidDelivery

@Suite("What is given away, and how often peers may ask for signatures")
struct RatesTests {
    private func peer(_ number: Int) -> NodeID { NodeID(Blake3.hash(Array("\(number)".utf8))) }

    @Test("The operator's word comes before the network's, and payers who are no nodes get no more than units")
    func freeUse() {
        let generous = FreeTerms(nodesPay: false, units: 7)
        let strict = FreeTerms(nodesPay: true, units: 7)
        let cases: [(FreeUse, FreeTerms, Bool, UInt64?)] = [
            (.network, generous, true, nil), (.network, generous, false, 7), (.network, strict, true, 7),
            (.network, strict, false, 7), (.always, strict, true, nil), (.always, strict, false, 7),
            (.units(3), generous, true, 3), (.units(3), strict, false, 3), (.units(0), generous, false, 0),
        ]
        for (use, terms, isNode, units) in cases {
            #expect(use.units(isNode: isNode, terms) == units, "\(use) \(terms) \(isNode)")
        }
        for text in ["network", "always", "0", "18446744073709551615"] {
            #expect(FreeUse(text)?.description == text)
        }
        for text in ["", "never", "-1", "1.5", "Always"] { #expect(FreeUse(text) == nil) }
    }

    @Test("Units are counted for each peer in each epoch, and for so many peers and no more")
    func counts() {
        var counts = FreeCounts()
        func take(_ number: Int, _ most: UInt64, epoch: UInt64 = 1) -> Bool {
            counts.take(2, for: peer(number), upTo: most, in: epoch)
        }
        let results = [take(0, 5), take(0, 5), take(0, 5), take(1, 5), take(1, 1), take(0, .max)]
        #expect(results == [true, true, false, true, false, true])
        let next = [take(0, 2, epoch: 2), take(0, 2, epoch: 2), take(0, 2, epoch: 1)]
        #expect(next == [true, false, true])
        var filled = 0
        for number in 0..<FreeCounts.maxPeers + 10 where take(number, 4, epoch: 3) { filled += 1 }
        #expect(filled == FreeCounts.maxPeers)
        let known = take(0, 4, epoch: 3)
        #expect(known)
    }

    @Test("A peer has a burst, and then one each half second; others are not affected")
    func rates() {
        var rates = SignatureRates()
        let start: Int64 = 1_800_000_000_000
        func admitted(_ number: Int, _ count: Int, at time: Int64) -> Int {
            (0..<count).reduce(0) { sum, _ in sum + (rates.admit(peer(number), at: time) ? 1 : 0) }
        }
        let first = admitted(0, 100, at: start)
        #expect(first == Int(SignatureRates.burst))
        let later = [
            admitted(0, 5, at: start + 499), admitted(0, 5, at: start + 500), admitted(0, 9, at: start + 2_000),
        ]
        #expect(later == [0, 1, 3])
        let other = admitted(1, 3, at: start)
        #expect(other == 3)
        // A clock that goes back by an hour gives no less than the steady rate from then on.
        let back = start - 3_600_000
        let after = [admitted(0, 9, at: back), admitted(0, 9, at: back + 500), admitted(0, 9, at: back + 40_000)]
        #expect(after == [0, 1, 9])
    }

    @Test("So many peers are remembered; those that are not in their burst make room")
    func bounded() {
        var rates = SignatureRates()
        let start: Int64 = 1_800_000_000_000
        var admitted = 0
        for number in 0..<SignatureRates.maxPeers + 5 where rates.admit(peer(number), at: start) { admitted += 1 }
        #expect(admitted == SignatureRates.maxPeers)
        let soon = rates.admit(peer(1_000_000), at: start + 10)
        let later = rates.admit(peer(1_000_000), at: start + 2_000)
        #expect(!soon && later)
    }
}
