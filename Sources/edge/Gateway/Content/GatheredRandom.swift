#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The system's randomness, asked for in pieces: one system call for 32 numbers.
struct GatheredRandom: RandomNumberGenerator {
    /// What `getentropy` gives at once, 256 bytes, as numbers.
    private static let count = 32

    private var numbers = [UInt64](repeating: 0, count: GatheredRandom.count)
    private var used = GatheredRandom.count

    mutating func next() -> UInt64 {
        if used == GatheredRandom.count { gather() }
        defer { used += 1 }
        return numbers[used]
    }

    private mutating func gather() {
        let failed = numbers.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) } != 0
        if failed {
            var system = SystemRandomNumberGenerator()
            for index in numbers.indices { numbers[index] = system.next() }
        }
        used = 0
    }
}
