import AckProofs
import Foundation
import Stark

/// Makes proofs of random claims, for other verifiers to read: `FOLDER/n.json` and `FOLDER/n.proof`.
///
///     ack-prover SEED COUNT MAX_CLAIMS MAX_STEPS PARAMETERS FOLDER
///     ack-prover fuzz COUNT SEED
///     ack-prover bench LOG_STEPS CHANNELS PARAMETERS THREADS ROUNDS

struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func randomLink(_ generator: inout Generator) -> PoseidonLink? {
    PoseidonLink(reducing: (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) })
}

func run(_ arguments: [String]) throws {
    guard arguments.count == 7, let seed = UInt64(arguments[1]), let count = Int(arguments[2]),
        let maxClaims = Int(arguments[3]), let maxSteps = Int(arguments[4]),
        let parameters = ProofParameters(name: arguments[5])
    else {
        throw CocoaError(.featureUnsupported)
    }
    let folder = URL(fileURLWithPath: arguments[6])
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var generator = Generator(state: seed)
    let arena = ProverArena()
    for number in 0..<count {
        var claims: [AckClaim] = []
        for _ in 0..<Int.random(in: 1...maxClaims, using: &generator) {
            let steps = Int.random(in: 1...maxSteps, using: &generator)
            guard let newest = randomLink(&generator) else { continue }
            claims.append(AckClaim(from: newest.advanced(by: steps), to: newest, steps: UInt64(steps)))
        }
        let context = (0..<Int.random(in: 0...100, using: &generator)).map { _ in
            UInt8.random(in: 0...255, using: &generator)
        }
        let proof = try AckProof.prove(
            claims, context: context, parameters: parameters, options: ProverOptions(arena: arena))
        try AckProof.verify(proof, of: claims, context: context)
        let entries = claims.map {
            "{\"from\": \"\(hex($0.from.bytes))\", \"to\": \"\(hex($0.to.bytes))\", \"steps\": \($0.steps)}"
        }
        let statement = "{\"context\": \"\(hex(context))\", \"claims\": [\(entries.joined(separator: ", "))]}\n"
        try Data(statement.utf8).write(to: folder.appendingPathComponent("\(number).json"))
        try Data(proof).write(to: folder.appendingPathComponent("\(number).proof"))
    }
}

do {
    let arguments = CommandLine.arguments
    if arguments.count == 4, arguments[1] == "fuzz", let count = Int(arguments[2]), let seed = UInt64(arguments[3]) {
        try fuzz(count: count, seed: seed)
    } else if arguments.count == 7, arguments[1] == "bench", let logSteps = Int(arguments[2]),
        let channels = Int(arguments[3]), let parameters = ProofParameters(name: arguments[4]),
        let threads = Int(arguments[5]), let rounds = Int(arguments[6])
    {
        try bench(logSteps: logSteps, channels: channels, parameters, threads: threads, rounds: rounds)
    } else {
        try run(arguments)
    }
} catch {
    FileHandle.standardError.write(
        Data(
            "usage: ack-prover SEED COUNT MAX_CLAIMS MAX_STEPS PARAMETERS FOLDER | fuzz COUNT SEED | bench LOG_STEPS CHANNELS PARAMETERS THREADS ROUNDS (\(error))\n"
                .utf8))
    exit(1)
}
