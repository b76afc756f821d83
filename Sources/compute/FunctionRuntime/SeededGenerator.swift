/// Bytes that follow from a seed: the key stream of ChaCha20 with a nonce of zero (RFC 8439, section 2.4).
///
/// Whoever sees some of the bytes and not the seed cannot tell the others: a visitor must not be able to compute the
/// next random name from the last one.
struct SeededGenerator {
    /// Bytes of a seed.
    static let seedBytes = 32

    private var input: [UInt32]
    private var block: [UInt8] = []
    private var used = 0

    /// Nil for a seed of any other length.
    init?(seed: [UInt8]) {
        guard seed.count == Self.seedBytes else { return nil }
        let key = stride(from: 0, to: seed.count, by: 4).map { offset in
            (0..<4).reduce(UInt32(0)) { $0 | UInt32(seed[offset + $1]) << UInt32(8 * $1) }
        }
        // "expand 32-byte k", the key, a counter of 64 bits and a nonce of 64 bits.
        input = [0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574] + key + [0, 0, 0, 0]
    }

    /// Overwrites all of `bytes`.
    mutating func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        for index in bytes.indices {
            if used == block.count { nextBlock() }
            bytes[index] = block[used]
            used += 1
        }
    }

    private mutating func nextBlock() {
        var state = input
        for _ in 0..<10 {
            for column in 0..<4 { Self.quarter(&state, column, 4 + column, 8 + column, 12 + column) }
            for diagonal in 0..<4 {
                Self.quarter(
                    &state, diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4, 12 + (diagonal + 3) % 4)
            }
        }
        block.removeAll(keepingCapacity: true)
        for (word, start) in zip(state, input) {
            let sum = word &+ start
            for shift: UInt32 in [0, 8, 16, 24] { block.append(UInt8(truncatingIfNeeded: sum >> shift)) }
        }
        used = 0
        input[12] &+= 1
        if input[12] == 0 { input[13] &+= 1 }
    }

    private static func quarter(_ state: inout [UInt32], _ a: Int, _ b: Int, _ c: Int, _ d: Int) {
        mix(&state, a, b, d, 16)
        mix(&state, c, d, b, 12)
        mix(&state, a, b, d, 8)
        mix(&state, c, d, b, 7)
    }

    private static func mix(_ state: inout [UInt32], _ sum: Int, _ addend: Int, _ target: Int, _ bits: UInt32) {
        state[sum] &+= state[addend]
        let word = state[target] ^ state[sum]
        state[target] = word << bits | word >> (32 - bits)
    }
}
