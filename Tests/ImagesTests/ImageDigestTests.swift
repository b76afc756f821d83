import Testing

@testable import Images

@Suite struct ImageDigestTests {
    private let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test func hashesAsFIPS180() {
        #expect(ImageDigest(hashing: Array("abc".utf8)).description == text)
        #expect(ImageDigest(text)?.description == text)
    }

    @Test func refusesOtherTexts() {
        #expect(ImageDigest(text.uppercased()) == nil)
        #expect(ImageDigest(String(text.dropLast())) == nil)
        #expect(ImageDigest(text + "0") == nil)
        #expect(ImageDigest("sha512:" + text.dropFirst(7)) == nil)
        #expect(ImageDigest("sha256:" + text.dropFirst(7).uppercased()) == nil)
    }
}
