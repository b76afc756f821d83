import Foundation
import Testing

@testable import Node

@Suite("Custom domains that a node serves")
struct DomainTableTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)
    private let shop = DomainTable.Binding(domain: "a.de", app: "shop", owner: "o")

    @Test("Are those whose proof was seen, and it is looked for again every hour")
    func proved() {
        var table = DomainTable()
        table.bind([shop], now: start)
        #expect(table.due(now: start) == [shop] && table.served.isEmpty)
        table.proved(shop, now: start)
        #expect(table.served == ["a.de": "shop"])
        #expect(table.due(now: start + 3_599).isEmpty && table.due(now: start + 3_600) == [shop])
    }

    @Test("Are looked at after pauses that double to ten minutes, as long as there is no proof")
    func pauses() {
        var table = DomainTable()
        table.bind([shop], now: start)
        var now = start
        var pauses: [Double] = []
        for _ in 0..<12 {
            table.missed(shop, "none", isCertain: true, now: now)
            let next = table.entries["a.de"]?.nextLook ?? now
            pauses.append(next.timeIntervalSince(now).rounded())
            now = next
        }
        #expect(pauses.prefix(4) == [2, 4, 8, 16])
        #expect(pauses.last == 600)
        #expect(table.served.isEmpty && table.entries["a.de"]?.problem == "none")
    }

    @Test("Stay while the DNS is silent, and for three days without the record")
    func grace() {
        var table = DomainTable()
        table.bind([shop], now: start)
        table.proved(shop, now: start)
        table.missed(shop, "silent", isCertain: false, now: start + 30 * 86_400)
        #expect(table.served.count == 1)
        table.missed(shop, "gone", isCertain: true, now: start + 3 * 86_400)
        #expect(table.served.count == 1)
        table.missed(shop, "gone", isCertain: true, now: start + 3 * 86_400 + 1)
        #expect(table.served.isEmpty)
    }

    @Test("Begin anew with another app or owner, whatever a late look at the old binding finds")
    func rebound() {
        var table = DomainTable()
        table.bind([shop], now: start)
        table.proved(shop, now: start)
        for other in [
            DomainTable.Binding(domain: "a.de", app: "other", owner: "o"),
            DomainTable.Binding(domain: "a.de", app: "shop", owner: "p"),
        ] {
            table.bind([other], now: start)
            table.proved(shop, now: start)
            #expect(table.served.isEmpty && table.due(now: start) == [other])
        }
        table.bind([], now: start)
        #expect(table.entries.isEmpty)
    }

    @Test("Are remembered over a restart, and looked at again at once")
    func restored() throws {
        var table = DomainTable()
        table.bind([shop], now: start)
        table.proved(shop, now: start)
        let bytes = try JSONEncoder().encode(Array(table.entries.values))
        var next = DomainTable()
        next.restore(try JSONDecoder().decode([DomainTable.Entry].self, from: bytes), now: start + 1)
        next.bind([shop], now: start + 1)
        #expect(next.served == ["a.de": "shop"] && next.due(now: start + 1) == [shop])
    }
}
