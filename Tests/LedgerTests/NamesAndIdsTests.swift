import Blake3
import Identity
import Ledger
import Testing

@Suite struct NamesAndIdsTests {
    @Test(arguments: ["a", "0", "shop", "my-shop", "a1-b2-c3", String(repeating: "x", count: 63), "baf", "bafy-house"])
    func goodNames(_ text: String) throws {
        #expect(try AppName(checking: text).description == text)
        #expect(AppName(text)?.description == text)
    }

    @Test(arguments: [
        "", "-a", "a-", "a--b", "A", "a.b", "a_b", "ä", "a b", "-", "xn--abc", String(repeating: "x", count: 64),
        "baf" + String(repeating: "k", count: 48), "a\u{0}",
    ])
    func badNames(_ text: String) {
        #expect(AppName(text) == nil)
        #expect(throws: LedgerError.self) { try AppName(checking: text) }
    }

    @Test func aContentIdentifierIsNoName() {
        #expect(AppName(World.blob(1).description) == nil)
        #expect(AppName("baf" + String(repeating: "k", count: 47)) != nil)
    }

    @Test func reservedNames() throws {
        #expect(try AppName(checking: "localhost").isReserved)
        #expect(try AppName(checking: "www").isReserved)
        #expect(try !AppName(checking: "shop").isReserved)
        for name in AppName.reserved { #expect(AppName(name) != nil) }
    }

    @Test func releaseIds() throws {
        let name = try AppName(checking: "shop")
        let account = AccountID(World.blob(0).digest)
        let id = ReleaseID(name: name, manifest: World.blob(1), publisher: account, nonce: 7)
        #expect(id.description.utf8.count == 10)
        #expect(ReleaseID(id.description) == id)
        #expect(ReleaseID(name: name, manifest: World.blob(1), publisher: account, nonce: 8) != id)
        #expect(ReleaseID(name: name, manifest: World.blob(2), publisher: account, nonce: 7) != id)
        #expect(ReleaseID("abcdefghiu") == nil)
        #expect(ReleaseID("abc") == nil)
        #expect(ReleaseID("") == nil)
    }

    @Test func endpoints() throws {
        #expect(Endpoint("127.0.0.1:80")?.port == 80)
        #expect(Endpoint("[::1]:443")?.host == "::1")
        #expect(Endpoint("[::1]:443")?.description == "[::1]:443")
        #expect(Endpoint("node-1.example.org:7000")?.description == "node-1.example.org:7000")
        for bad in ["", ":", ":80", "host", "host:", "host:0", "host:65536", "::1:80", "[]:80", "a b:80", "host:-1"] {
            #expect(Endpoint(bad) == nil, "\(bad)")
        }
        #expect(throws: LedgerError.self) { try Endpoint(host: String(repeating: "a", count: 254), port: 1) }
        #expect(throws: LedgerError.self) { try Endpoint(host: "a", port: 0) }
    }
}
