import Stark
import Testing

@testable import Channels

@Suite("Links in memory")
struct LinkMemoryTests {
    @Test("Memory is read and written as bytes are")
    func sameAsBytes() throws {
        var chain = try PayerChain(seed: seed(5), unitCount: 40)
        for _ in 0..<40 {
            let link = try chain.reveal().link
            let bytes = link.bytes
            #expect(bytes.withUnsafeBytes { PoseidonLink(memory: $0) } == link)
            var written = [UInt8](repeating: 0, count: 32)
            written.withUnsafeMutableBytes { link.write(to: $0) }
            #expect(written == bytes)
        }
    }

    @Test("Other lengths, and words that are not below p, are no links")
    func refused() {
        for count in [0, 31, 33] {
            #expect([UInt8](repeating: 0, count: count).withUnsafeBytes { PoseidonLink(memory: $0) } == nil)
        }
        // p - 1 and p = 2^31 - 2^24 + 1, at each place.
        for place in 0..<8 {
            var bytes = [UInt8](repeating: 0, count: 32)
            bytes.replaceSubrange(4 * place..<4 * place + 4, with: [0, 0, 0, 0x7f])
            #expect(bytes.withUnsafeBytes { PoseidonLink(memory: $0) } != nil)
            #expect(bytes.withUnsafeBytes { PoseidonLink(memory: $0) } == PoseidonLink(bytes: bytes))
            bytes[4 * place] = 1
            #expect(bytes.withUnsafeBytes { PoseidonLink(memory: $0) } == nil)
        }
    }
}
