import Stark
import Testing

@testable import AckProofs

@Suite struct AckProofTests {
    /// One claim of one step, exactly full traces, segments longer than the prover's pieces, and more claims than lanes.
    @Test(arguments: [
        [1], [2], [1_024], [1_023], [1, 1, 1], [1_025], [700, 5_000, 1], Array(repeating: 37, count: 100),
    ])
    func provesAndVerifies(steps: [Int]) throws {
        var random = SplitMix(seed: UInt64(steps.count))
        let claims = random.claims(steps)
        for parameters in [quick, quickEighth] {
            let proof = try AckProof.prove(claims, context: [1, 2, 3], parameters: parameters)
            #expect(refusal(proof, claims, [1, 2, 3], parameters) == nil)
        }
    }

    @Test(arguments: ProofParameters.all) func realParameters(parameters: ProofParameters) throws {
        var random = SplitMix(seed: 5)
        let claims = random.claims([300, 1, 900])
        let proof = try AckProof.prove(claims, context: [], parameters: parameters)
        try AckProof.verify(proof, of: claims, context: [])
        #expect(AckProof.unverifiedParameters(of: proof) == parameters)
    }

    /// Threads and kernels have no say in what a proof is.
    @Test func proofsAreDeterministic() throws {
        var random = SplitMix(seed: 6)
        let claims = random.claims([300, 1, 900, 2_500])
        let arena = ProverArena()
        let first = try AckProof.prove(claims, context: [7], parameters: quick, options: ProverOptions(threads: 1))
        for threads in [2, 3] {
            let again = try AckProof.prove(
                claims, context: [7], parameters: quick, options: ProverOptions(threads: threads, arena: arena))
            #expect(again == first)
        }
    }

    @Test func falseClaimsAreNotProved() throws {
        var random = SplitMix(seed: 7)
        var claims = random.claims([300, 10, 900])
        claims[1] = AckClaim(from: claims[1].from, to: claims[1].to, steps: 11)
        let error = #expect(throws: AckProofError.self) {
            try AckProof.prove(claims, context: [], parameters: quick)
        }
        #expect(error?.code == .stark(.untrue))
        #expect(error?.message.contains("claim 1") == true)
    }

    @Test func cancellation() throws {
        var random = SplitMix(seed: 8)
        let claims = random.claims([300])
        let control = ProverControl()
        control.cancel()
        let error = #expect(throws: AckProofError.self) {
            try AckProof.prove(claims, context: [], parameters: quick, options: ProverOptions(control: control))
        }
        #expect(error?.code == .stark(.cancelled))
    }

    @Test func progressAndMemory() throws {
        var random = SplitMix(seed: 9)
        let claims = random.claims([300])
        let control = ProverControl()
        let arena = ProverArena()
        let options = ProverOptions(niceness: 5, arena: arena, control: control)
        #expect(control.fraction == 0)
        _ = try AckProof.prove(claims, context: [], parameters: quick, options: options)
        #expect(control.fraction == 1)
        let held = arena.totalBytes
        #expect(held > 0)
        #expect(arena.peakBytes <= held)
        _ = try AckProof.prove(claims, context: [], parameters: quick, options: options)
        #expect(arena.totalBytes == held)
        arena.trim()
        #expect(arena.totalBytes == 0)
    }

    @Test func limits() throws {
        var random = SplitMix(seed: 10)
        func code(_ claims: [AckClaim], _ context: [UInt8] = []) -> AckProofError.Code? {
            do throws(AckProofError) {
                try AckProof.check(claims, context: context)
                return nil
            } catch {
                return error.code
            }
        }
        func unchecked(_ count: Int, steps: UInt64) -> [AckClaim] {
            (0..<count).map { _ in AckClaim(from: random.link(), to: random.link(), steps: steps) }
        }
        #expect(code([]) == .empty)
        #expect(code(unchecked(AckProof.maxClaims, steps: 1)) == nil)
        #expect(code(unchecked(AckProof.maxClaims + 1, steps: 1)) == .tooManyClaims)
        #expect(code(unchecked(2, steps: UInt64(AckProof.maxSteps) / 2)) == nil)
        #expect(code(unchecked(2, steps: UInt64(AckProof.maxSteps) / 2 + 1)) == .tooManySteps)
        #expect(code(unchecked(1, steps: UInt64(AckProof.maxSteps))) == nil)
        #expect(code(unchecked(1, steps: UInt64(AckProof.maxSteps) + 1)) == .tooManySteps)
        #expect(code(unchecked(3, steps: .max)) == .tooManySteps)
        #expect(code(unchecked(1, steps: 0)) == .noSteps)
        let claims = unchecked(1, steps: 1)
        #expect(code(claims + claims) == .duplicate)
        #expect(code(claims, [UInt8](repeating: 0, count: AckProof.maxContextBytes)) == nil)
        #expect(code(claims, [UInt8](repeating: 0, count: AckProof.maxContextBytes + 1)) == .contextTooLong)
    }
}
