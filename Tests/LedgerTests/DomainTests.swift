import Identity
import Ledger
import Testing

@Suite struct DomainTests {
    private let shop: AppName
    private let blog: AppName
    private let domain: DomainName

    init() throws {
        shop = try AppName(checking: "shop")
        blog = try AppName(checking: "blog")
        domain = try DomainName(checking: "www.example.org")
    }

    private func world(_ change: (inout NetworkParameters) -> Void = { _ in }) throws -> World {
        var world = try World(change)
        try world.run(.claimName(shop), by: world.alice)
        return world
    }

    @Test func theOwnerOfTheNameBindsAndUnbinds() throws {
        var world = try world()
        #expect(try world.refusal(.bindDomain(domain, to: blog), by: world.alice) == .unknownName)
        #expect(try world.refusal(.bindDomain(domain, to: shop), by: world.bob) == .notAuthorised)
        #expect(try world.refusal(.bindDomain(domain, to: nil), by: world.alice) == .unknownDomain)
        #expect(try world.refusal(.bindDomain(domain, to: shop), by: world.alice) == nil)
        #expect(try world.refusal(.bindDomain(domain, to: shop), by: world.alice) == .alreadyDone)
        #expect(world.state.domain(domain)?.name == shop)
        #expect(world.state.name(shop)?.domainCount == 1)
        #expect(try world.refusal(.bindDomain(domain, to: nil), by: world.bob) == .notAuthorised)
        #expect(try world.refusal(.bindDomain(domain, to: nil), by: world.sequencer, as: .node) == .notAuthorised)
        #expect(try world.refusal(.bindDomain(domain, to: nil), by: world.alice) == nil)
        #expect(world.state.domains.isEmpty)
        #expect(world.state.name(shop)?.domainCount == 0)
    }

    @Test func aBoundDomainMovesBetweenNamesOfOneOwnerOnly() throws {
        var world = try world()
        try world.run(.bindDomain(domain, to: shop), by: world.alice)
        try world.run(.claimName(blog), by: world.bob)
        #expect(try world.refusal(.bindDomain(domain, to: blog), by: world.bob) == .domainTaken)
        try world.run(.transferName(blog, to: world.alice.publicKey.account), by: world.bob)
        #expect(try world.refusal(.bindDomain(domain, to: blog), by: world.alice) == nil)
        #expect(world.state.domain(domain)?.name == blog)
        #expect(world.state.name(shop)?.domainCount == 0)
        #expect(world.state.name(blog)?.domainCount == 1)
        // The rights go with the name.
        try world.run(.transferName(blog, to: world.bob.publicKey.account), by: world.alice)
        #expect(try world.refusal(.bindDomain(domain, to: shop), by: world.alice) == .domainTaken)
        #expect(try world.refusal(.bindDomain(domain, to: nil), by: world.alice) == .notAuthorised)
        #expect(try world.refusal(.bindDomain(domain, to: nil), by: world.bob) == nil)
    }

    @Test func aNameHasSoManyDomains() throws {
        var world = try world { $0.domainsPerName = 2 }
        for name in ["a.example", "b.example"] {
            #expect(try world.refusal(.bindDomain(DomainName(checking: name), to: shop), by: world.alice) == nil)
        }
        #expect(try world.refusal(.bindDomain(domain, to: shop), by: world.alice) == .limitReached)
        try world.run(.bindDomain(DomainName(checking: "a.example"), to: nil), by: world.alice)
        #expect(try world.refusal(.bindDomain(domain, to: shop), by: world.alice) == nil)
        #expect(world.state.domains.map(\.domain.description) == ["b.example", "www.example.org"])
    }

    @Test(arguments: ["example.org", "a.b", "xn--bcher-kva.example", "1.2.3.4x", "a-b.c-d.e"])
    func goodDomains(_ text: String) { #expect(DomainName(text)?.description == text) }

    @Test(arguments: [
        "", ".", "org", "a..b", ".a.b", "a.b.", "A.b", "-a.b", "a-.b", "a_b.c", "1.2.3.4", "ä.b", "a b.c", "*.a.b",
    ])
    func badDomains(_ text: String) {
        #expect(DomainName(text) == nil)
        #expect { try DomainName(checking: text) } throws: { ($0 as? LedgerError)?.code == .badDomain }
    }

    @Test func theLongestDomain() {
        let label = String(repeating: "a", count: 63)
        let most = [label, label, label, String(repeating: "a", count: 61)].joined(separator: ".")
        #expect(most.utf8.count == 253)
        #expect(DomainName(most) != nil)
        #expect(DomainName(most + "a") == nil)
        #expect(DomainName("a" + label + ".b") == nil)
    }
}
