import Placement
import Testing

@Suite struct PortPlanTests {
    private static func wish(_ app: String, _ number: Int? = nil, owner: String = "alice") -> PortPlan.Wish {
        PortPlan.Wish(.init(app: app, port: "tcp"), number: number, owner: owner)
    }

    private static func number(_ plan: PortPlan, _ app: String) -> Int? {
        plan.grants.first { $0.place.app == app }?.number
    }

    private static func reason(_ plan: PortPlan, _ app: String) -> String? {
        plan.grants.first { $0.place.app == app }?.reason ?? plan.refusals[.init(app: app, port: "tcp")]
    }

    private static func plan(
        _ ranges: String = "20000-20009", _ change: (inout PortPlan.Limits) -> Void = { _ in }
    ) throws -> PortPlan {
        var limits = PortPlan.Limits()
        change(&limits)
        return PortPlan(try #require(PortRanges(ranges)), limits: limits)
    }

    @Test(arguments: [
        ("none", true), ("1", true), ("20000-20999", true), ("5432,20000-20999", true), ("5432, 6379", true),
        ("", false), ("0", false), ("65536", false), ("9-8", false), ("1-2-3", false), ("a", false), ("1,", false),
        (Array(repeating: "1", count: 17).joined(separator: ","), false),
    ])
    func rangesAreReadAsTheyAreWritten(text: String, isOne: Bool) {
        let ranges = PortRanges(text)
        #expect((ranges != nil) == isOne)
        if let ranges { #expect(PortRanges(ranges.description) == ranges) }
    }

    @Test func nodesWithTheSamePortsChooseTheSame() throws {
        var (one, other) = (try Self.plan("20000-20999"), try Self.plan("20000-20999"))
        let wishes = (0..<50).map { Self.wish("app-\($0)", owner: "owner \($0)") }
        one.update(wishes, now: 0)
        other.update(wishes.reversed(), now: 5)
        #expect(one.grants == other.grants && one.grants.count == 50)
        #expect(Set(one.grants.map(\.number)).count == 50)
        #expect(one.grants.allSatisfy { (20_000...20_999).contains($0.number) && $0.reason.isEmpty })
    }

    @Test func whoHasAPortKeepsIt() throws {
        var plan = try Self.plan("5432,20000-20009")
        plan.update([Self.wish("b", 5_432)], now: 0)
        #expect(Self.number(plan, "b") == 5_432 && Self.reason(plan, "b") == "")
        // One that comes earlier in the alphabet, or was claimed earlier, gets another one.
        plan.update([Self.wish("a", 5_432), Self.wish("b", 5_432)], now: 1)
        #expect(Self.number(plan, "b") == 5_432)
        #expect(Self.number(plan, "a").map { (20_000...20_009).contains($0) } == true)
        #expect(Self.reason(plan, "a") == "5432 is another machine's")
    }

    @Test func whatNobodyWantsIsKeptForAWhile() throws {
        var plan = try Self.plan { $0.keeping = 100 }
        plan.update([Self.wish("a", 20_003)], now: 0)
        plan.update([Self.wish("b", 20_003)], now: 10)
        #expect(Self.number(plan, "b") != 20_003 && Self.number(plan, "a") == 20_003)
        // It comes back in time.
        plan.update([Self.wish("a", 20_003)], now: 109)
        plan.update([], now: 120)
        plan.update([], now: 219)
        #expect(Self.number(plan, "a") == 20_003)
        plan.update([], now: 220)
        #expect(plan.grants.isEmpty)
    }

    @Test func anotherWishIsAnotherPort() throws {
        var plan = try Self.plan()
        plan.update([Self.wish("a", 20_001)], now: 0)
        plan.update([Self.wish("a", 20_002)], now: 1)
        #expect(Self.number(plan, "a") == 20_002)
        plan.update([Self.wish("a", 443)], now: 2)
        #expect(Self.reason(plan, "a") == "443 is none of this node's ports for machines (20000-20009)")
        #expect(Self.number(plan, "a").map { (20_000...20_009).contains($0) } == true)
        // Another owner of the name gets nothing of the old one's.
        plan.update([Self.wish("a", 20_002, owner: "bob")], now: 3)
        #expect(plan.grants.map(\.owner) == ["bob"])
    }

    @Test func whatCannotBeOpenedIsLeftAlone() throws {
        var plan = try Self.plan { $0.pause = 100 }
        plan.update([Self.wish("a", 20_005)], now: 0)
        plan.block(20_005, now: 0)
        #expect(plan.grants.isEmpty)
        plan.update([Self.wish("a", 20_005)], now: 1)
        #expect(Self.number(plan, "a") != 20_005 && Self.number(plan, "a") != nil)
        #expect(Self.reason(plan, "a") == "20005 cannot be opened on this node now")
        plan.update([Self.wish("a", 20_005), Self.wish("b", 20_005)], now: 100)
        #expect(Self.number(plan, "b") == 20_005)
    }

    @Test func limitsHold() throws {
        var plan = try Self.plan("20000-20999") {
            $0.most = 5
            $0.mostOfOwner = 3
        }
        plan.update((0..<4).map { Self.wish("a\($0)") } + (0..<4).map { Self.wish("b\($0)", owner: "bob") }, now: 0)
        #expect(plan.grants.count == 5 && plan.refusals.count == 3)
        #expect(Self.reason(plan, "a3") == "its owner has 3 open ports on this node, as many as one may")
        #expect(Self.reason(plan, "b3") == "this node has 5 open ports already, as many as it may")
        var full = try Self.plan("20000-20001")
        full.update((0..<3).map { Self.wish("a\($0)") }, now: 0)
        #expect(full.grants.count == 2 && Self.reason(full, "a2") == "none of this node's ports is free")
        var closed = try Self.plan("none")
        closed.update([Self.wish("a", 5_432)], now: 0)
        #expect(Self.reason(closed, "a") == "this node opens no ports for machines")
        // What stands alone is for who asks for it.
        var alone = try Self.plan("5432")
        alone.update([Self.wish("a"), Self.wish("b", 5_432)], now: 0)
        #expect(Self.number(alone, "a") == nil && Self.number(alone, "b") == 5_432)
    }

    @Test func anEarlierRunsPortsStay() throws {
        var plan = try Self.plan()
        plan.update([Self.wish("a"), Self.wish("b", 20_000)], now: 0)
        let ranges = try #require(PortRanges("20000-20009"))
        var next = PortPlan(ranges, grants: plan.grants)
        // Their manifests come later than the node's start.
        next.update([], now: 0)
        next.update([Self.wish("a"), Self.wish("b", 20_000)], now: 1)
        #expect(next.grants == plan.grants)
        let others = try #require(PortRanges("30000-30009"))
        #expect(PortPlan(others, grants: plan.grants).grants.isEmpty)
    }
}
