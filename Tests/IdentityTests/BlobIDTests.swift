import Blake3
import Foundation
import Identity
import Testing

@Suite("Blob ids")
struct BlobIDTests {
    private let empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"

    @Test("A CIDv1 has the multicodec prefix of raw BLAKE3, in lower-case base32")
    func cid() throws {
        let id = try #require(BlobID(empty))
        #expect(id.description.hasPrefix("bafkr4i"))
        #expect(id.description.utf8.count == 59)
        #expect(BlobID(id.description) == id)
        #expect(id.hex == empty)
        #expect(BlobID(Blake3.hash([])) == id)
    }

    @Test("Upper-case hexadecimal is read too") func upperCaseHex() {
        #expect(BlobID(empty.uppercased())?.hex == empty)
    }

    @Test(
        "Anything else is no id",
        arguments: [
            "", "b", "bafkr4i", String(repeating: "g", count: 64), String(repeating: "a", count: 63),
            // another hash function (sha2-256), another version, upper case, a padded one
            "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy",
            "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n",
            "BAFKR4IFPCNE3T5PZUGTKAQCN5I3NZSKJTPFSLSNNYEJLPTE2SPFOIHZSMI", "bafkr4i=", "../etc/passwd",
        ])
    func refused(_ text: String) { #expect(BlobID(text) == nil) }

    @Test("Each id has exactly one spelling: trailing bits must be zero")
    func canonical() throws {
        let text = try #require(BlobID(empty)).description
        let accepted = "abcdefghijklmnopqrstuvwxyz234567".compactMap { BlobID(text.dropLast() + String($0)) }
        // The last digit has three bits of the digest and two that must be zero.
        #expect(accepted.count == 8)
        #expect(Set(accepted).count == 8)
    }
}
