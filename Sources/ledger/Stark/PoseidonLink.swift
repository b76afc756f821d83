internal import CStark

/// A link of a payment chain: eight elements of the field, 32 bytes.
///
/// `next()` is h(x) = the first 8 words of P(x ‖ c), where P is Poseidon1 (https://eprint.iacr.org/2019/458) over KoalaBear
/// with width 16, S-box x³, 8 full and 20 partial rounds, and c = (0x016c6b73, 0, 0, 0, 0, 0, 0, 0): the letters "skl" and
/// the version of the function, 1. h goes from newer links towards the anchor. The rounds are those that the paper's authors
/// give for 128 bits of security.
public struct PoseidonLink: Hashable, Sendable {
    /// The kernels in use: `avx512`, `avx2`, `neon` or `portable`.
    public static var kernel: String { String(cString: skerry_stark_kernel()) }

    /// The length of a link.
    public static let byteCount = 32

    /// The words' Montgomery forms.
    package let words: SIMD8<UInt32>

    package init(words: SIMD8<UInt32>) { self.words = words }

    /// Reads eight little-endian words; nil unless there are 32 bytes and every word is below p = 2^31 − 2^24 + 1.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == PoseidonLink.byteCount else { return nil }
        var words = SIMD8<UInt32>()
        for (index, byte) in bytes.enumerated() { words[index >> 2] |= UInt32(byte) << UInt32(8 * (index & 3)) }
        for index in 0..<8 {
            guard words[index] < KoalaBear.modulus else { return nil }
            words[index] = KoalaBear(words[index]).word
        }
        self.words = words
    }

    /// Makes a link of 32 bytes that are as good as random: a seed's output, for the newest link of a chain.
    ///
    /// Each word is taken mod p, which favours some values by a factor of at most 3/2 in each word.
    public init?(reducing bytes: some Collection<UInt8>) {
        guard bytes.count == PoseidonLink.byteCount else { return nil }
        var words = SIMD8<UInt32>()
        for (index, byte) in bytes.enumerated() { words[index >> 2] |= UInt32(byte) << UInt32(8 * (index & 3)) }
        for index in 0..<8 { words[index] = KoalaBear(words[index]).word }
        self.words = words
    }

    /// The 32 bytes: eight little-endian words below p.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(PoseidonLink.byteCount)
        for index in 0..<8 {
            let value = KoalaBear(unchecked: words[index]).value
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        return bytes
    }

    public func hash(into hasher: inout Hasher) {
        withUnsafeBytes(of: words) { hasher.combine(bytes: $0) }
    }

    /// The link before this one: one step towards the anchor.
    public func next() -> PoseidonLink { advanced(by: 1) }

    /// The link that many steps closer to the anchor; `steps` is not negative.
    public func advanced(by steps: Int) -> PoseidonLink {
        precondition(steps >= 0, "links have no successor that could be computed")
        var words = words
        withUnsafeMutableBytes(of: &words) { bytes in
            guard let start = bytes.baseAddress else { return }
            skerry_stark_link(start.assumingMemoryBound(to: UInt32.self), UInt64(steps))
        }
        return PoseidonLink(words: words)
    }

    /// Moves all links by the same number of steps, 16 at a time: with AVX2 two to three times as fast as one by one.
    public static func advance(_ links: inout [PoseidonLink], by steps: Int) {
        precondition(steps >= 0, "links have no successor that could be computed")
        var first = 0
        while first < links.count {
            let count = min(16, links.count - first)
            if count == 1 {
                links[first] = links[first].advanced(by: steps)
            } else {
                withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 128) { lanes in
                    lanes.initialize(repeating: 0)
                    for lane in 0..<count {
                        for word in 0..<8 { lanes[16 * word + lane] = links[first + lane].words[word] }
                    }
                    if let start = lanes.baseAddress { skerry_stark_links(start, UInt64(steps)) }
                    for lane in 0..<count {
                        var words = SIMD8<UInt32>()
                        for word in 0..<8 { words[word] = lanes[16 * word + lane] }
                        links[first + lane] = PoseidonLink(words: words)
                    }
                }
            }
            first += count
        }
    }
}
