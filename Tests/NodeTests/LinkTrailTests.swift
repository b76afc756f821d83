import Blake3
import Ledger
import Stark
import Testing

@testable import Node

@Suite("The way back along a chain")
struct LinkTrailTests {
    private static let tip = PoseidonLink(bytes: [8] + Array(repeating: 0, count: 31))
    private static let length: UInt64 = 30_000

    private func chain(_ number: UInt8, units: UInt64) throws -> AcknowledgedChain {
        let tip = try #require(Self.tip)
        return AcknowledgedChain(
            channel: ChannelID(Blake3.hash([number])), commodity: .bytes, units: units,
            link: tip.advanced(by: Int(Self.length - units)))
    }

    private func expected(_ index: UInt64) throws -> PoseidonLink {
        try #require(Self.tip).advanced(by: Int(Self.length - index))
    }

    @Test("Whatever is asked in whichever order, the link is the chain's")
    func links() throws {
        var trail = LinkTrail()
        let chain = try chain(1, units: 25_000)
        for index: UInt64 in [0, 1, 4_095, 4_096, 4_097, 9_000, 8_192, 25_000, 24_999, 12_288, 3] {
            let link = trail.link(at: index, of: chain, settled: 0)
            #expect(try link == expected(index), "\(index)")
        }
        // The chain has grown meanwhile.
        let longer = try self.chain(1, units: 30_000)
        for index: UInt64 in [100, 24_600, 28_000, 30_000] {
            let link = trail.link(at: index, of: longer, settled: 0)
            #expect(try link == expected(index), "\(index)")
        }
    }

    @Test("A backlog is hashed once, however many stretches settle it")
    func isLinear() throws {
        var trail = LinkTrail()
        let chain = try chain(1, units: 28_000)
        var asked = 0
        func count() -> Bool {
            asked += 1
            return false
        }
        _ = trail.link(at: 1_000, of: chain, settled: 0, isCancelled: count)
        let first = asked
        for end in stride(from: UInt64(2_000), through: 28_000, by: 1_000) {
            let link = trail.link(at: end, of: chain, settled: end - 1_000, isCancelled: count)
            #expect(try link == expected(end))
        }
        #expect(first == 7)
        // From the next kept link at most, each time.
        #expect(asked - first <= 27)
    }

    @Test("What is settled or gone is forgotten, and cancelling ends the way")
    func forgets() throws {
        var trail = LinkTrail()
        let chain = try chain(1, units: 20_000)
        _ = trail.link(at: 0, of: chain, settled: 0)
        trail.keep(only: [])
        var asked = 0
        _ = trail.link(at: 16_384, of: chain, settled: 0) {
            asked += 1
            return false
        }
        #expect(asked == 1)
        let cancelled = trail.link(at: 1, of: chain, settled: 0) { true }
        #expect(cancelled == nil)
    }
}
