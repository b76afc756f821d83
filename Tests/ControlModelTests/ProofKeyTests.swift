import ControlModel
import Ledger
import Testing

@Suite("Keys of proofs")
struct ProofKeyTests {
    private static let id = String(repeating: "0f", count: 32)

    @Test(
        "A kind and a key give a row, and the row gives them back",
        arguments: [
            ("account", id), ("node", id), ("channel", id), ("name", "shop"), ("domain", "shop.example.org"),
            ("release", "shop/0123456789"),
        ])
    func roundTrip(_ kind: String, _ key: String) throws {
        let row = try ProofKey(kind: kind, key: key)
        #expect(row.kind == kind)
        #expect(row.key == key)
        #expect(row.apiPath == "\(kind)s/\(key)")
    }

    @Test(
        "What cannot be a row is refused",
        arguments: [
            ("account", "12"), ("node", ""), ("channel", id + "0"), ("name", "-"), ("domain", "nodots"),
            ("release", "shop"), ("release", "shop/1"), ("release", "shop/0123456789/x"), ("fault", "1"),
        ])
    func refused(_ kind: String, _ key: String) {
        let failure = #expect(throws: ControlFailure.self) { try ProofKey(kind: kind, key: key) }
        #expect(failure?.status == 400)
    }
}
