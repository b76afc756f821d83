import AckProofs
import ArgumentParser
import Foundation
import Stark

/// Proofs of acknowledgments: the first one of a process, and those after it; `Benchmarks/run <folder> ack-proofs`.
struct AckProofsBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack-proofs",
        abstract: "Proves batches of 1,000 channels, cold and warm, and verifies them, beside re-hashing every link.")

    @Option(help: "Rounds of warm proofs, 1 to 100.")
    var rounds = 5

    @Option(help: "Logarithms of the steps of a batch, 10 to 20.")
    var logSteps: [Int] = [16, 18]

    @Option(help: "Channels of a batch, 1 to 1,000.")
    var channels = 1_000

    @Option(help: "Threads of the prover, 1 to 256.")
    var threads = 2

    func validate() throws {
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds is \(rounds) and must be 1 to 100") }
        guard logSteps.allSatisfy((10...20).contains) else { throw ValidationError("--log-steps must be 10 to 20") }
        guard (1...1_000).contains(channels) else { throw ValidationError("--channels must be 1 to 1,000") }
        guard (1...256).contains(threads) else { throw ValidationError("--threads must be 1 to 256") }
    }

    func run() async throws {
        print(
            "== proofs; the aims are 200,000 steps a second at 2^18 with AVX-512 and 120,000 with AVX2, verified in 2 ms, "
                + "250 KB, 0.6 GB at 2^16 and 2.2 GB at 2^18")
        for logSteps in logSteps {
            for parameters in [ProofParameters.s100, .s100Fast] { try await measure(logSteps, parameters) }
        }
    }

    /// Channels of uneven lengths that together have a sixty-fourth less than 2^`logSteps` steps.
    private func claims(_ logSteps: Int) throws -> [AckClaim] {
        let steps = 1 << logSteps
        let mean = (steps - steps / 64) / channels
        guard mean > 0 else { throw BenchError("\(channels) channels are more than 2^\(logSteps) steps") }
        return try (0..<channels).map { index in
            let count = max(1, mean - mean / 3 + index * 7_919 % max(1, mean / 2))
            let bytes = (0..<32).map { UInt8(truncatingIfNeeded: index >> (8 * ($0 % 2)) &+ $0) }
            guard let newest = PoseidonLink(reducing: bytes) else { throw BenchError("a link has 32 bytes") }
            return AckClaim(from: newest.advanced(by: count), to: newest, steps: UInt64(count))
        }
    }

    private func measure(_ logSteps: Int, _ parameters: ProofParameters) async throws {
        let claims = try claims(logSteps)
        let steps = Double(claims.reduce(0) { $0 + $1.steps })
        let arena = ProverArena()
        let options = ProverOptions(threads: threads, arena: arena)
        var proof: [UInt8] = []
        func prove() async throws -> Sample {
            try await Sample.timed(steps) {
                proof = try AckProof.prove(claims, context: [1], parameters: parameters, options: options)
            }
        }
        let cold = try await prove()
        var warm: [Sample] = []
        for _ in 0..<rounds { warm.append(try await prove()) }
        var verifications: [Double] = []
        for _ in 0..<20 {
            let sample = try await Sample.timed(1) { try AckProof.verify(proof, of: claims, context: [1]) }
            verifications.append(sample.seconds)
        }
        let hashing = try await Sample.timed(steps) {
            for claim in claims where claim.to.advanced(by: Int(claim.steps)) != claim.from {
                throw BenchError("a chain does not lead to its settled link")
            }
        }
        func show(_ value: Double, _ digits: Int = 0) -> String { String(format: "%.\(digits)f", value) }
        print(
            "\(parameters), \(channels) channels, \(Int(steps)) steps, \(threads) threads, kernels \(PoseidonLink.kernel):"
        )
        print(
            "  cold \(show(cold.seconds, 2)) s (\(show(cold.rate)) steps/s); warm \(show(Statistics.median(warm.map(\.seconds)), 2)) s "
                + "(\(show(Statistics.median(warm.map(\.rate)))) steps/s, CPU \(show(Statistics.median(warm.map(\.cpuSeconds)), 2)) s)"
        )
        print(
            "  proof \(proof.count) bytes; buffers at most \(arena.peakBytes >> 20) MiB; verified in "
                + "\(show(Statistics.median(verifications) * 1e3, 2)) ms; one link after the other hashed in \(show(hashing.seconds * 1e3)) ms"
        )
    }
}
