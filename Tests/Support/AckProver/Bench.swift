import AckProofs
import Foundation
import Stark

#if canImport(Glibc)
    import Glibc
#endif

/// Processor seconds of this process.
private func processorSeconds() -> Double {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

private func timed(_ body: () throws -> Void) rethrows -> (seconds: Double, processor: Double) {
    let clock = ContinuousClock()
    let before = processorSeconds()
    let time = try clock.measure(body)
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    return (seconds, processorSeconds() - before)
}

/// Proves batches of uneven channels, the first one cold and the others warm, and verifies them.
func bench(
    logSteps: Int, channels: Int, _ parameters: ProofParameters, threads: Int, rounds: Int
) throws {
    let steps = 1 << logSteps
    let mean = max(1, (steps - steps / 64) / channels)
    var generator = Generator(state: 1)
    var claims: [AckClaim] = []
    for index in 0..<channels {
        let count = max(1, mean - mean / 3 + index * 7_919 % max(1, mean / 2))
        guard let newest = randomLink(&generator) else { continue }
        claims.append(AckClaim(from: newest.advanced(by: count), to: newest, steps: UInt64(count)))
    }
    let total = claims.reduce(0) { $0 + Int($1.steps) }
    let arena = ProverArena()
    let options = ProverOptions(threads: threads, arena: arena)
    var proof: [UInt8] = []
    print("\(channels) channels, \(total) steps, \(parameters), \(threads) threads, kernels \(PoseidonLink.kernel)")
    for round in 0...rounds {
        let time = try timed {
            proof = try AckProof.prove(claims, context: [1], parameters: parameters, options: options)
        }
        print(
            String(
                format: "  %@: %.3f s, %.3f s of processors, %.0f steps/s of 2^%d rows, %.0f a processor second",
                round == 0 ? "cold" : "warm", time.seconds, time.processor, Double(steps) / time.seconds, logSteps,
                Double(steps) / time.processor))
    }
    var best = (seconds: Double.infinity, processor: Double.infinity)
    for _ in 0..<20 {
        let time = try timed { try AckProof.verify(proof, of: claims, context: [1]) }
        best = (min(best.seconds, time.seconds), min(best.processor, time.processor))
    }
    print(
        String(
            format: "  proof %d bytes, verified in %.2f ms (best of 20), buffers at most %d MiB", proof.count,
            best.seconds * 1e3, arena.peakBytes >> 20))
}
