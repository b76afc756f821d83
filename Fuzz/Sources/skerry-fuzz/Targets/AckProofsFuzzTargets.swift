import AckProofs
import Stark

/// The verifier of acknowledgment proofs. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum AckProofsFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    private struct Sample {
        let claims: [AckClaim]
        let context: [UInt8]
        let proof: [UInt8]
    }

    /// A right proof, made once: edits of it get further than bytes that were never a proof.
    private static let sample: Sample? = {
        var claims: [AckClaim] = []
        for (index, steps) in [3, 500].enumerated() {
            guard let newest = PoseidonLink(reducing: (0..<32).map { UInt8($0 + index) }) else { return nil }
            claims.append(AckClaim(from: newest.advanced(by: steps), to: newest, steps: UInt64(steps)))
        }
        let context = Array("fuzzing".utf8)
        guard let proof = try? AckProof.prove(claims, context: context, parameters: .s100Fast) else { return nil }
        return Sample(claims: claims, context: context, proof: proof)
    }()

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] {
        ["ack-proof": proof, "ack-proof-edits": edits, "poseidon-link": link]
    }

    private static func accepts(_ proof: [UInt8], _ claims: [AckClaim], _ context: [UInt8]) -> Bool {
        (try? AckProof.verify(proof, of: claims, context: context)) != nil
    }

    /// Bytes as a proof of right claims.
    private static func proof(_ input: [UInt8]) -> String? {
        guard let sample, accepts(input, sample.claims, sample.context) else { return nil }
        return input == sample.proof ? nil : "another proof was accepted"
    }

    /// Edits of a right proof and of what it is shown for: groups of five bytes, a kind, three for the place, and a value.
    private static func edits(_ input: [UInt8]) -> String? {
        guard let sample else { return nil }
        var (proof, claims, context) = (sample.proof, sample.claims, sample.context)
        for start in stride(from: 0, to: input.count - 4, by: 5) {
            let place = Int(input[start + 1]) | Int(input[start + 2]) << 8 | Int(input[start + 3]) << 16
            let value = input[start + 4]
            switch input[start] % 8 {
            case 0: if place < proof.count { proof[place] = value }
            case 1: if place < proof.count { proof[place] ^= value }
            case 2: proof.removeLast(min(proof.count, place))
            case 3: proof.append(value)
            case 4: if place < proof.count { proof.remove(at: place) }
            case 5: context.append(value)
            case 6:
                guard let first = claims.first else { continue }
                claims[0] = AckClaim(from: first.from, to: first.to, steps: UInt64(place) &+ (value > 250 ? .max : 0))
            default: if claims.count > 1 { claims.swapAt(0, 1) }
            }
        }
        guard accepts(proof, claims, context) else { return nil }
        let isSample = proof == sample.proof && claims == sample.claims && context == sample.context
        return isSample ? nil : "a changed proof or statement was accepted"
    }

    private static func link(_ input: [UInt8]) -> String? {
        guard let link = PoseidonLink(bytes: input) else { return nil }
        return link.bytes == input ? nil : "a link is not the one that was read"
    }

    /// Small valid inputs by target and name.
    static func seeds() -> [String: [String: [UInt8]]] {
        [
            "ack-proof": ["begin": Array("skap".utf8) + [1, 2] + [UInt8](repeating: 0, count: 90)],
            "ack-proof-edits": [
                "nothing": [], "bit": [1, 0, 1, 0, 1], "row": [1, 0, 0x40, 0, 128], "short": [2, 1, 0, 0, 0],
                "long": [3, 0, 0, 0, 0], "steps": [6, 4, 0, 0, 0], "order": [7, 0, 0, 0, 0],
                "context": [5, 0, 0, 0, 7],
            ],
            "poseidon-link": [
                "zeros": [UInt8](repeating: 0, count: 32), "largest": (0..<8).flatMap { _ in [0, 0, 0, 0x7f] },
            ],
        ]
    }
}
