import CStark
import Testing

@testable import Stark

/// The kernels that a processor may have; those that this one lacks are passed over.
let kernelNames = ["portable", "avx2", "avx512", "neon"]

/// Runs `body` with the named kernels, if this processor has them.
///
/// The choice is the process's, and other tests may run at the same time: they get the same results from any of them.
func withKernel(_ name: String, _ body: () throws -> Void) throws {
    let before = String(cString: skerry_stark_kernel())
    guard skerry_stark_select(name) == 0 else { return }
    defer { _ = skerry_stark_select(before) }
    try body()
}

/// The same numbers for the same seed (Steele, Lea, Flood: https://doi.org/10.1145/2714064.2660195).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// An element's word.
    mutating func word() -> UInt32 { UInt32(next() % UInt64(KoalaBear.modulus)) }
    mutating func element() -> KoalaBear { KoalaBear(unchecked: word()) }
    mutating func quintic() -> Quintic { Quintic(element(), element(), element(), element(), element()) }
    mutating func link() -> PoseidonLink {
        var words = SIMD8<UInt32>()
        for index in 0..<8 { words[index] = word() }
        return PoseidonLink(words: words)
    }
}
