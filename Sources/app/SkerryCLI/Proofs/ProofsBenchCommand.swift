import AckProofs
import ArgumentParser
import Blake3
import Foundation
import Identity
import Ledger
import Stark

#if canImport(Glibc)
    import Glibc
#endif

struct ProofsBenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure settlement proofs on this machine, and the other lanes beside them.",
        discussion: """
            Makes chains, proves them, verifies the proof, hashes all of them again 16 beside each other, and checks \
            as many vouchers as there are channels. The first proof is cold; the others reuse what it warmed up.
            """)

    @Option(help: "Rows of the proof at most, 2^10 to 2^20; a power of two.")
    var rows = 65_536

    @Option(help: "Channels that share them.")
    var channels = 1_000

    @Option(help: "Proofs to make; the fastest but the first counts as warm.")
    var rounds = 3

    @Option(
        name: .output,
        help: ArgumentHelp("Write the settlement with its proof, signed with a key made for it.", valueName: "file"),
        completion: .file())
    var out: String?

    @Flag(help: "Print JSON for scripts.")
    var json = false

    private struct Report: Codable {
        var rows: Int
        var channels: Int
        var steps: Int
        var cores: Int
        var coldSeconds: Double
        var warmSeconds: Double
        /// Of the warm proof.
        var stepsPerSecond: Double
        var proofBytes: Int
        var verifyMilliseconds: Double
        /// Of the whole process.
        var peakMegabytes: Double
        var rehashMilliseconds: Double
        var rehashStepsPerSecond: Double
        var oneChainStepsPerSecond: Double
        var voucherMilliseconds: Double
        /// Steps whose hashing costs as much as the proof's verification.
        var crossoverSteps: Double
    }

    func validate() throws {
        guard (1 << 10...1 << 20).contains(rows), rows & (rows - 1) == 0 else {
            throw ValidationError("--rows is a power of two from 1024 to 1048576")
        }
        guard (1...min(rows / 2, Settlement.maxCount)).contains(channels) else {
            throw ValidationError("--channels is from 1 to \(min(rows / 2, Settlement.maxCount)) for these rows")
        }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds is from 1 to 100") }
    }

    func run() throws {
        let key = SigningKey()
        let network = NetworkID(Blake3.hash(Array("skerry proofs bench".utf8)))
        let settlements = try chains()
        let claims = SettlementProof.claims(of: settlements)
        let context = SettlementProof.context(network: network, settlements: settlements)
        let clock = ContinuousClock()
        var proof: [UInt8] = []
        var times: [Duration] = []
        for _ in 0..<rounds {
            let start = clock.now
            proof = try AckProof.prove(claims, context: context)
            times.append(clock.now - start)
        }
        var verifyTimes: [Duration] = []
        for _ in 0..<10 {
            let start = clock.now
            try AckProof.verify(proof, of: claims, context: context)
            verifyTimes.append(clock.now - start)
        }
        let rehash = try rehashing(claims)
        let chain = clock.measure { _ = claims[0].to.advanced(by: 100_000) }
        let steps = claims.reduce(0) { $0 + Int($1.steps) }
        let (cold, warm) = (times[0] / .seconds(1), (times.dropFirst().min() ?? times[0]) / .seconds(1))
        let verify = (verifyTimes.min() ?? .zero) / .milliseconds(1)
        let report = Report(
            rows: rows, channels: channels, steps: steps, cores: ProcessInfo.processInfo.activeProcessorCount,
            coldSeconds: cold, warmSeconds: warm, stepsPerSecond: Double(steps) / warm, proofBytes: proof.count,
            verifyMilliseconds: verify, peakMegabytes: ProofsBenchCommand.peakMegabytes(),
            rehashMilliseconds: rehash / .milliseconds(1), rehashStepsPerSecond: Double(steps) / (rehash / .seconds(1)),
            oneChainStepsPerSecond: 100_000 / (chain / .seconds(1)),
            voucherMilliseconds: try vouchers(key, network) / .milliseconds(1),
            crossoverSteps: Double(steps) * verify / (rehash / .milliseconds(1)))
        if let out {
            let transaction = try TransactionBuilder(networkID: network, key: key, as: .node)
                .sign(.settleChannels(settlements, proof: Data(proof)), nonce: 1)
            try transaction.bytes.write(to: URL(fileURLWithPath: out))
        }
        if json { try Terminal.printJSON(report) } else { show(report) }
    }

    /// Settlements of chains of different lengths that fill the rows but one.
    private func chains() throws -> [Settlement] {
        let least = (rows - 1) / channels
        return try (0..<channels).map { number in
            let digest = Blake3.hash(Array("chain \(number)".utf8))
            guard let tip = PoseidonLink(reducing: digest.bytes) else { throw CommandError("A digest makes no link") }
            // One of two neighbours has more, the other as much less.
            let paired = number | 1 < channels
            let shift = paired ? (least / 3) * (number % 2 == 0 ? 1 : -1) : 0
            let steps = least + shift
            return Settlement(
                channel: ChannelID(digest), commodity: .bytes,
                lane: .proof(from: tip.advanced(by: steps), link: tip, steps: UInt64(steps)))
        }
    }

    private func rehashing(_ claims: [AckClaim]) throws -> Duration {
        var best: Duration?
        for _ in 0..<3 {
            var wrong: Int?
            let time = ContinuousClock().measure { wrong = LinkRehash.firstFalse(claims) }
            guard wrong == nil else { throw CommandError("Hashing again does not lead where the chains began") }
            best = min(best ?? time, time)
        }
        return best ?? .zero
    }

    /// Checking one voucher a channel.
    private func vouchers(_ key: SigningKey, _ network: NetworkID) throws -> Duration {
        let signed = try (0..<channels).map { number in
            let channel = ChannelID(Blake3.hash(Array("chain \(number)".utf8)))
            let voucher = Voucher(network: network, channel: channel, commodity: .bytes, units: 7)
            return (voucher, try voucher.sign(with: key))
        }
        var valid = 0
        let time = ContinuousClock().measure {
            valid = signed.count { $0.0.isValid($0.1, by: key.publicKey) }
        }
        guard valid == channels else { throw CommandError("Only \(valid) of \(channels) vouchers are valid") }
        return time
    }

    private static func peakMegabytes() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss) / 1_024
    }

    private func show(_ report: Report) {
        func number(_ value: Double, _ format: String = "%.0f") -> String { String(format: format, value) }
        Terminal.print("rows           \(report.rows) at most: \(report.steps) steps of \(report.channels) channels")
        Terminal.print("cores          \(report.cores)")
        Terminal.print(
            "prove          \(number(report.coldSeconds, "%.2f")) s cold, \(number(report.warmSeconds, "%.2f")) s warm: "
                + "\(number(report.stepsPerSecond)) steps/s")
        Terminal.print("proof          \(report.proofBytes) bytes")
        Terminal.print("peak memory    \(number(report.peakMegabytes)) MiB")
        Terminal.print("verify         \(number(report.verifyMilliseconds, "%.2f")) ms")
        Terminal.print(
            "hash again     \(number(report.rehashMilliseconds, "%.1f")) ms, \(number(report.rehashStepsPerSecond)) steps/s "
                + "(one chain alone \(number(report.oneChainStepsPerSecond)))")
        Terminal.print(
            "vouchers       \(number(report.voucherMilliseconds, "%.1f")) ms for one a channel")
        Terminal.print(
            "crossover      \(number(report.crossoverSteps)) steps hashed again cost as much as verifying the proof")
    }
}
