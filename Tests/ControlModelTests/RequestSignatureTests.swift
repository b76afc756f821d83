import ControlModel
import Identity
import Testing

@Suite("Signed control requests")
struct RequestSignatureTests {
    private let key = SigningKey()

    private func signed() throws -> RequestSignature {
        try RequestSignature(method: "PUT", target: "/api/v1/blobs/x?a=b", node: "node", time: 1_000, key: key)
    }

    @Test("A signature survives its header and holds for exactly one request")
    func roundTrip() throws {
        let signature = try signed()
        let read = try #require(RequestSignature(header: signature.header))
        #expect(read == signature)
        #expect(read.key == key.publicKey)
        #expect(read.isValid(method: "PUT", target: "/api/v1/blobs/x?a=b", node: "node"))
        #expect(!read.isValid(method: "POST", target: "/api/v1/blobs/x?a=b", node: "node"))
        #expect(!read.isValid(method: "PUT", target: "/api/v1/blobs/x", node: "node"))
        #expect(!read.isValid(method: "PUT", target: "/api/v1/blobs/x?a=b", node: "other"))
    }

    @Test("Changing any field breaks it")
    func tampered() throws {
        let header = try signed().header
        for (old, new) in [("time=1000", "time=1001"), ("key=\(key.publicKey)", "key=\(SigningKey().publicKey)")] {
            let changed = RequestSignature(header: header.replacing(old, with: new))
            #expect(changed?.isValid(method: "PUT", target: "/api/v1/blobs/x?a=b", node: "node") != true)
        }
    }

    @Test(
        "Malformed headers are refused",
        arguments: [
            "", "Skerry", "Skerry ", "Basic abc", "Skerry key=00", "Skerry key=,time=,nonce=,signature=",
            "Skerry a=b,c",
            "Skerry " + String(repeating: "a=b,", count: 400),
        ])
    func malformed(_ header: String) { #expect(RequestSignature(header: header) == nil) }

    @Test("Two signatures of one request differ in their nonce")
    func nonces() throws { #expect(try signed().nonce != signed().nonce) }
}
