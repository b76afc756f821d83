import Stark
import Testing

@testable import AckProofs

/// Changes of right proofs and statements: every one is refused, for the reason in the table of docs/design/ack-proofs.md.
@Suite struct TamperTests {
    struct Sample {
        let claims: [AckClaim]
        let context: [UInt8]
        let proof: [UInt8]
        let layout: ProofLayout
    }

    static let sample: Result<Sample, AckProofError> = Result { () throws(AckProofError) in
        var random = SplitMix(seed: 40)
        let claims = random.claims([100, 1, 30, 700, 2_100])
        let context = Array("a network, a transaction".utf8)
        let proof = try AckProof.prove(claims, context: context, parameters: quick)
        return Sample(
            claims: claims, context: context, proof: proof,
            layout: ProofLayout(proof, of: claims, context: context, quick))
    }

    /// What may be thrown for a change in a part, by the begin of the part's name. Where the transcript changes, the proof of
    /// work is lost, unless the one of 256 nonces that fits by chance hides what else does not fit.
    static let expected: [(part: String, codes: [String])] = [
        ("magic", ["ack-proofs/format"]),
        ("version", ["ack-proofs/format"]),
        ("parameter set", ["ack-proofs/parameters"]),
        ("filler's last link", ["stark/constraints", "stark/not-canonical"]),
        ("root of the trace", ["stark/constraints"]),
        ("root of the quotient", ["stark/constraints"]),
        ("values", ["stark/constraints", "stark/not-canonical"]),
        ("root of layer", ["stark/grinding", "stark/trace-opening"]),
        ("final polynomial", ["stark/grinding", "stark/not-canonical", "stark/trace-opening"]),
        ("nonce", ["stark/grinding", "stark/trace-opening"]),
        ("rows of trace", ["stark/trace-opening", "stark/not-canonical"]),
        ("opening of trace", ["stark/trace-opening"]),
        ("rows of quotient", ["stark/quotient-opening", "stark/not-canonical"]),
        ("opening of quotient", ["stark/quotient-opening"]),
        ("rows of layer", ["stark/layer-opening", "stark/not-canonical"]),
        ("opening of layer", ["stark/layer-opening"]),
    ]

    @Test func layoutIsTheWholeProof() throws {
        let sample = try Self.sample.get()
        #expect(sample.layout.byteCount == sample.proof.count)
        #expect(refusal(sample.proof, sample.claims, sample.context) == nil)
    }

    /// Every part, at its first and last byte, in the middle and at random places, each bit there.
    @Test func everyPartsBits() throws {
        let sample = try Self.sample.get()
        var random = SplitMix(seed: 41)
        for part in sample.layout.parts {
            let codes = try #require(Self.expected.first { part.name.hasPrefix($0.part) }).codes
            let range = part.range
            let places =
                [range.lowerBound, range.upperBound - 1, (range.lowerBound + range.upperBound) / 2]
                + (0..<5).map { _ in Int.random(in: range, using: &random) }
            var found: Set<String> = []
            for place in places {
                for bit in 0..<8 {
                    var proof = sample.proof
                    proof[place] ^= 1 << bit
                    let code = try #require(
                        refusal(proof, sample.claims, sample.context), "bit \(bit) of byte \(place), \(part.name)")
                    #expect(codes.contains(code), "bit \(bit) of byte \(place), \(part.name): \(code)")
                    found.insert(code)
                }
            }
            print(
                "| a bit of \(part.name) (bytes \(range.lowerBound) to \(range.upperBound - 1)) | "
                    + found.sorted().map { "`\($0)`" }.joined(separator: ", ") + " |")
        }
    }

    /// Some bit of every byte that is a multiple of 31 into the proof.
    @Test func bitsEverywhere() throws {
        let sample = try Self.sample.get()
        for place in stride(from: 0, to: sample.proof.count, by: 31) {
            var proof = sample.proof
            proof[place] ^= 1 << (place % 8)
            #expect(refusal(proof, sample.claims, sample.context) != nil, "byte \(place)")
        }
    }

    @Test func lengths() throws {
        let sample = try Self.sample.get()
        #expect(refusal(sample.proof + [0], sample.claims, sample.context) == "stark/overlong")
        #expect(refusal(sample.proof + sample.proof, sample.claims, sample.context) == "stark/overlong")
        #expect(refusal([], sample.claims, sample.context) == "ack-proofs/format")
        #expect(refusal(Array(sample.proof[..<37]), sample.claims, sample.context) == "ack-proofs/format")
        for count in stride(from: 38, to: sample.proof.count, by: 97) {
            #expect(refusal(Array(sample.proof[..<count]), sample.claims, sample.context) == "stark/truncated")
        }
        #expect(refusal(Array(sample.proof.dropLast()), sample.claims, sample.context) == "stark/truncated")
    }

    /// A word plus p is the same element, and would be another encoding of the same proof.
    @Test func wordsThatAreNotCanonical() throws {
        let sample = try Self.sample.get()
        for part in sample.layout.parts
        where part.name.hasPrefix("values") || part.name.hasPrefix("rows")
            || part.name.hasPrefix("filler") || part.name.hasPrefix("final")
        {
            var changed = 0
            for place in stride(from: part.range.lowerBound, to: part.range.upperBound, by: 4) {
                var proof = sample.proof
                var word: UInt32 = 0
                for byte in 0..<4 { word |= UInt32(proof[place + byte]) << UInt32(8 * byte) }
                let (other, overflow) = word.addingReportingOverflow(KoalaBear.modulus)
                guard !overflow else { continue }
                for byte in 0..<4 { proof[place + byte] = UInt8(truncatingIfNeeded: other >> UInt32(8 * byte)) }
                #expect(refusal(proof, sample.claims, sample.context) == "stark/not-canonical", "\(part.name)")
                changed += 1
                if changed == 5 { break }
            }
            #expect(changed > 0, "\(part.name)")
        }
    }

    /// The statement: every public input, each alone.
    @Test func otherStatements() throws {
        let sample = try Self.sample.get()
        func refused(_ name: String, _ code: String, _ change: (inout [AckClaim], inout [UInt8]) -> Void) {
            var (claims, context) = (sample.claims, sample.context)
            change(&claims, &context)
            #expect(refusal(sample.proof, claims, context) == code, "\(name)")
            print("| \(name) | `\(code)` |")
        }
        let wrong = "stark/constraints"
        refused("another context", wrong) { _, context in context[0] ^= 1 }
        refused("a longer context", wrong) { _, context in context.append(0) }
        refused("no context", wrong) { _, context in context = [] }
        refused("one step more for a claim", wrong) { claims, _ in
            claims[2] = AckClaim(from: claims[2].from, to: claims[2].to, steps: claims[2].steps + 1)
        }
        refused("one step moved from a claim to another", wrong) { claims, _ in
            claims[0] = AckClaim(from: claims[0].from, to: claims[0].to, steps: claims[0].steps + 1)
            claims[3] = AckClaim(from: claims[3].from, to: claims[3].to, steps: claims[3].steps - 1)
        }
        refused("a claim that begins at the link before", wrong) { claims, _ in
            claims[0] = AckClaim(from: claims[0].from.next(), to: claims[0].to, steps: claims[0].steps + 1)
        }
        for word in 0..<8 {
            refused("word \(word) of a settled link", wrong) { claims, _ in
                claims[1] = AckClaim(from: claims[1].from.changed(word: word), to: claims[1].to, steps: claims[1].steps)
            }
            refused("word \(word) of a newer link", wrong) { claims, _ in
                claims[1] = AckClaim(from: claims[1].from, to: claims[1].to.changed(word: word), steps: claims[1].steps)
            }
        }
        refused("claims in another order", wrong) { claims, _ in claims.swapAt(0, 1) }
        refused("two settled links exchanged", wrong) { claims, _ in
            let first = claims[0]
            claims[0] = AckClaim(from: claims[1].from, to: first.to, steps: first.steps)
            claims[1] = AckClaim(from: first.from, to: claims[1].to, steps: claims[1].steps)
        }
        refused("a claim left out", wrong) { claims, _ in claims.removeLast() }
        refused("a claim twice", "ack-proofs/duplicate") { claims, _ in claims.append(claims[0]) }
        refused("a claim of no steps", "ack-proofs/no-steps") { claims, _ in
            claims[1] = AckClaim(from: claims[1].from, to: claims[1].to, steps: 0)
        }
        refused("no claims", "ack-proofs/empty") { claims, _ in claims = [] }
    }

    /// The verifier knows its sets: a proof cannot choose an easier one.
    @Test func parametersAreTheVerifiers() throws {
        let sample = try Self.sample.get()
        #expect(throws: AckProofError.self) {
            try AckProof.verify(sample.proof, of: sample.claims, context: sample.context)
        }
        var proof = sample.proof
        for set in ProofParameters.all {
            proof[5] = set.id
            let error = #expect(throws: AckProofError.self) {
                try AckProof.verify(proof, of: sample.claims, context: sample.context)
            }
            #expect(error?.code == .stark(.constraints))
        }
        for id in UInt8.min...UInt8.max where !ProofParameters.all.map(\.id).contains(id) {
            proof[5] = id
            let error = #expect(throws: AckProofError.self) {
                try AckProof.verify(proof, of: sample.claims, context: sample.context)
            }
            #expect(error?.code == .parameters)
        }
    }

    /// Without rows to fill up there is no filler, and its link has only one encoding.
    @Test func fullTracesHaveNoFiller() throws {
        var random = SplitMix(seed: 42)
        let claims = random.claims([1_000, 24])
        var proof = try AckProof.prove(claims, context: [], parameters: quick)
        #expect(refusal(proof, claims) == nil)
        #expect(proof[6..<38].allSatisfy { $0 == 0 })
        proof[6] = 1
        #expect(refusal(proof, claims) == "stark/not-canonical")
    }
}
