import Stark
import Testing

@testable import AckProofs

/// A set with little proof of work and few queries, which no verifier outside of tests accepts.
let quick = ProofParameters(id: 250, name: "quick", logBlowup: 2, queries: 20, grindingBits: 8)
/// The same with the blowup of the default set.
let quickEighth = ProofParameters(id: 251, name: "quick-8", logBlowup: 3, queries: 20, grindingBits: 8)

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

    mutating func link() -> PoseidonLink {
        var words = SIMD8<UInt32>()
        for index in 0..<8 { words[index] = UInt32(next() % UInt64(KoalaBear.modulus)) }
        return PoseidonLink(words: words)
    }

    mutating func claim(steps: Int) -> AckClaim {
        let newest = link()
        return AckClaim(from: newest.advanced(by: steps), to: newest, steps: UInt64(steps))
    }

    mutating func claims(_ steps: [Int]) -> [AckClaim] { steps.map { claim(steps: $0) } }
}

/// The code that verification throws; nil when it accepts.
func refusal(
    _ proof: [UInt8], _ claims: [AckClaim], _ context: [UInt8] = [], _ parameters: ProofParameters = quick
) -> String? {
    do throws(AckProofError) {
        try AckProof.verify(proof, of: claims, context: context, accepting: [parameters])
        return nil
    } catch {
        return error.code.description
    }
}

extension PoseidonLink {
    /// Another link, one word away.
    func changed(word: Int = 0) -> PoseidonLink {
        var words = words
        words[word] = words[word] == 0 ? 1 : words[word] - 1
        return PoseidonLink(words: words)
    }
}
