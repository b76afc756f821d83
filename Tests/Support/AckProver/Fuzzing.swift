import AckProofs
import Foundation
import Stark

/// Gives the verifier changed proofs and statements by the million: none may be accepted, none may trap.
///
/// The parameter set has no proof of work and few queries, so that changes reach every check, and many of them fit in a
/// minute. A trap ends the process, which is what the caller looks for.
struct Fuzzing {
    private static let set = ProofParameters(id: 252, name: "fuzzing", logBlowup: 2, queries: 6, grindingBits: 0)

    private struct Sample {
        let claims: [AckClaim]
        let context: [UInt8]
        let proof: [UInt8]
    }

    private var generator: Generator
    private let samples: [Sample]
    private(set) var refusals: [String: Int] = [:]
    private(set) var unchanged = 0

    init(seed: UInt64) throws {
        generator = Generator(state: seed)
        var samples: [Sample] = []
        for steps in [[1], [700, 20, 9], [1_024], [1_000, 1_500]] {
            var claims: [AckClaim] = []
            for count in steps {
                guard let newest = randomLink(&generator) else { continue }
                claims.append(AckClaim(from: newest.advanced(by: count), to: newest, steps: UInt64(count)))
            }
            let context = Array("context \(steps.count)".utf8)
            let proof = try AckProof.prove(claims, context: context, parameters: Self.set)
            samples.append(Sample(claims: claims, context: context, proof: proof))
        }
        self.samples = samples
    }

    private mutating func below(_ limit: Int) -> Int { limit > 0 ? Int.random(in: 0..<limit, using: &generator) : 0 }

    /// One changed input; false when it was accepted though it is not the sample.
    mutating func step() -> Bool {
        let sample = samples[below(samples.count)]
        var (proof, claims, context) = (sample.proof, sample.claims, sample.context)
        for _ in 0...below(3) {
            if below(4) == 0 { change(&claims, &context) } else { change(&proof) }
        }
        do {
            try AckProof.verify(proof, of: claims, context: context, accepting: [Self.set])
            unchanged += 1
            return proof == sample.proof && claims == sample.claims && context == sample.context
        } catch {
            refusals[error.code.description, default: 0] += 1
            return true
        }
    }

    private mutating func change(_ proof: inout [UInt8]) {
        guard !proof.isEmpty else { return }
        let place = below(proof.count)
        switch below(9) {
        case 0: proof[place] ^= 1 << UInt8(below(8))
        case 1: proof[place] = UInt8(below(256))
        case 2:
            // A word at its limits.
            let word = [0, 1, KoalaBear.modulus - 1, KoalaBear.modulus, .max][below(5)]
            let start = place & ~3
            for byte in 0..<4 where start + byte < proof.count {
                proof[start + byte] = UInt8(truncatingIfNeeded: word >> UInt32(8 * byte))
            }
        case 3: proof.removeLast(below(proof.count))
        case 4: proof += (0..<below(200)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        case 5:
            let count = min(32 * (1 + below(8)), proof.count - place)
            proof.removeSubrange(place..<place + count)
        case 6:
            let count = min(32, proof.count - place)
            let other = below(proof.count - count + 1)
            proof.replaceSubrange(place..<place + count, with: proof[other..<other + count])
        case 7:
            let other = samples[below(samples.count)].proof
            let cut = below(min(other.count, proof.count))
            proof = Array(proof[..<cut] + other[cut...])
        default: proof = (0..<below(4_000)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
    }

    private mutating func change(_ claims: inout [AckClaim], _ context: inout [UInt8]) {
        let index = below(claims.count)
        let claim = claims.isEmpty ? samples[0].claims[0] : claims[index]
        guard let link = randomLink(&generator) else { return }
        let steps: [UInt64] = [0, 1, claim.steps &+ 1, claim.steps &- 1, 1 << 20, 1 << 32, .max]
        func put(_ claim: AckClaim) { if claims.isEmpty { claims = [claim] } else { claims[index] = claim } }
        switch below(7) {
        case 0: put(AckClaim(from: claim.from, to: claim.to, steps: steps[below(steps.count)]))
        case 1: put(AckClaim(from: link, to: claim.to, steps: claim.steps))
        case 2: put(AckClaim(from: claim.from, to: link, steps: claim.steps))
        case 3: claims.append(AckClaim(from: link, to: claim.to, steps: UInt64(below(2_000))))
        case 4: if !claims.isEmpty { claims.remove(at: index) }
        case 5: claims.shuffle(using: &generator)
        default: context.append(UInt8(below(256)))
        }
    }
}

/// Runs `count` changes and prints how they were refused.
func fuzz(count: Int, seed: UInt64) throws {
    var fuzzing = try Fuzzing(seed: seed)
    for number in 0..<count {
        guard fuzzing.step() else {
            FileHandle.standardError.write(Data("change \(number) of seed \(seed) was accepted\n".utf8))
            exit(1)
        }
    }
    print("\(count) inputs, \(fuzzing.unchanged) of them unchanged and accepted; refusals:")
    for (code, number) in fuzzing.refusals.sorted(by: { $0.value > $1.value }) { print("  \(number) \(code)") }
}
