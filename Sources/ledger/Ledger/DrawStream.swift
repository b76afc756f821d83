import Blake3

/// Numbers that look random and are the same for everybody who knows the seed; docs/design/epochs.md specifies them.
///
/// Block k is H(seed ‖ context ‖ k), read as four big-endian numbers of 64 bits.
struct DrawStream {
    private let purpose: LedgerHash
    /// Seed, context and the next block's number.
    private var input: [UInt8]
    private var counter: UInt64 = 0
    private var block: [UInt64] = []

    init(_ purpose: LedgerHash, seed: Digest, context: [UInt8]) {
        self.purpose = purpose
        input = seed.bytes + context + [UInt8](repeating: 0, count: 8)
        block.reserveCapacity(4)
    }

    mutating func next() -> UInt64 {
        if block.isEmpty { refill() }
        return block.removeLast()
    }

    private mutating func refill() {
        let end = input.count - 8
        input.withUnsafeMutableBytes { $0.storeBytes(of: counter.bigEndian, toByteOffset: end, as: UInt64.self) }
        counter &+= 1
        purpose(input).withUnsafeBytes { bytes in
            for offset in stride(from: 24, through: 0, by: -8) {
                block.append(UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            }
        }
    }

    /// A number below `bound`, all equally likely; 0 for a bound of 0.
    ///
    /// Numbers below 2⁶⁴ mod bound are passed over, the others taken modulo the bound.
    mutating func next(below bound: UInt64) -> UInt64 {
        guard bound > 1 else { return 0 }
        let rest = (0 &- bound) % bound
        while true {
            let number = next()
            if number >= rest { return number % bound }
        }
    }
}
