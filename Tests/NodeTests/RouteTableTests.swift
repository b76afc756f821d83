import Gateway
import Testing

@testable import Node

@Suite("Which release a visitor gets")
struct RouteTableTests {
    func site(_ release: String) -> GatewayApp { .function(FunctionRelease(name: "shop", release: release)) }

    func release(_ app: GatewayApp?) -> String? {
        if case .function(let release)? = app { release.release } else { nil }
    }

    func table(percent: UInt8, trial: GatewayApp? = nil) -> RouteTable {
        let table = RouteTable()
        let trial = RouteTable.Trial(app: trial ?? site("new"), percent: percent, pair: "old new")
        table.replace(["shop": RouteTable.Route(live: site("old"), trial: trial)])
        return table
    }

    func visitor(_ number: Int) -> String { "10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)" }

    @Test("The share is as asked for, within a percent", arguments: [1, 10, 50, 90, 99] as [UInt8])
    func share(_ percent: UInt8) {
        let table = table(percent: percent)
        let count = 20_000
        let trials = (0..<count).count { release(table.app(named: "shop", for: visitor($0))) == "new" }
        #expect(abs(Double(trials) / Double(count) - Double(percent) / 100) < 0.01)
    }

    @Test("A visitor stays where it is; a larger share only takes visitors in")
    func stable() {
        var trials: Set<Int> = []
        for percent in [10, 25, 60] as [UInt8] {
            let table = table(percent: percent)
            let now = Set((0..<2_000).filter { release(table.app(named: "shop", for: visitor($0))) == "new" })
            #expect(now.isSuperset(of: trials))
            trials = now
        }
    }

    @Test("Another pair of releases divides the visitors anew")
    func pairs() {
        let same = (0..<2_000).count {
            RouteTable.bucket("a b", visitor($0)) == RouteTable.bucket("b c", visitor($0))
        }
        #expect(same < 60)
    }

    @Test("Everybody gets the live release while the other one is on its way, or when there is none")
    func fallback() {
        let table = table(percent: 99, trial: .unavailable(reason: "on its way"))
        #expect((0..<200).allSatisfy { release(table.app(named: "shop", for: visitor($0))) == "old" })
        #expect(table.waiting.isEmpty)
        table.replace(["shop": RouteTable.Route(live: site("old"), trial: nil)])
        #expect((0..<200).allSatisfy { release(table.app(named: "shop", for: visitor($0))) == "old" })
        #expect(table.app(named: "other", for: "10.0.0.1") == nil)
    }

    @Test("A release's own host is asked for where no app has the name")
    func previews() {
        let table = table(percent: 1)
        table.onPreview { $0 == "0123456789--shop" ? .function(FunctionRelease(name: "shop", release: "old2")) : nil }
        #expect(release(table.app(named: "0123456789--shop", for: "10.0.0.1")) == "old2")
        #expect(table.app(named: "0123456789--other", for: "10.0.0.1") == nil)
        #expect(table.app(named: "0123456789-shop", for: "10.0.0.1") == nil)
    }

    @Test("A name whose new live release is on its way keeps the old one")
    func keeps() {
        let table = table(percent: 1)
        table.replace(["shop": RouteTable.Route(live: .unavailable(reason: "on its way"), trial: nil)])
        #expect(release(table.app(named: "shop", for: "10.0.0.1")) == "old")
        table.replace(["other": RouteTable.Route(live: .unavailable(reason: "on its way"), trial: nil)])
        #expect(table.app(named: "shop", for: "10.0.0.1") == nil)
        #expect(table.waiting == ["other"])
    }
}
